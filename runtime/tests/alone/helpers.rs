//! The helper pool: its bound, its growth, its end; calls that are withdrawn; a system that gives
//! no thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use gort_runtime as rt;

use crate::{Case, case};

pub(crate) const CASES: &[Case] = &[
    case("helpers_are_as_many_as_it_takes", &[], as_many_as_it_takes),
    case("helpers_are_bounded", &[], bounded),
    case("helpers_leave", &[], leave),
    case("a_panic_leaves_its_helper", &[], panics),
    case("no_thread_for_a_helper", &[("GOMAXPROCS", "1")], no_thread),
    Case {
        code: 2,
        stderr: "runtime: program exceeds 10-thread limit\nfatal error: thread exhaustion\n",
        ..case("too_many_helpers", &[], too_many_calls)
    },
    Case {
        code: 2,
        stderr: "runtime: program exceeds 10-thread limit\nfatal error: thread exhaustion\n",
        ..case("too_many_waits", &[], too_many_waits)
    },
    Case {
        code: 2,
        stderr: "runtime: program exceeds 10-thread limit\nfatal error: thread exhaustion\n",
        ..case("too_many_calls_beyond_the_bound", &[], too_many_beyond_the_bound)
    },
    case("calls_that_wait_for_queued_calls", &[], chain),
    case("a_call_that_spins_for_a_queued_call", &[], spin),
    case("calls_that_compute_get_hardly_more_helpers", &[], compute),
    case("a_pool_that_grew_costs_nothing_when_idle", &[], grown_and_idle),
    case("no_thread_for_the_watch", &[("GOMAXPROCS", "1")], no_watch),
    case("bounded_calls_do_not_exhaust_the_threads", &[], queued_calls),
    case("a_queued_call_is_withdrawn", &[("GOMAXPROCS", "1")], withdrawn),
    case("withdrawals_storm_1", &[("GOMAXPROCS", "1")], storm),
    case("withdrawals_storm_4", &[("GOMAXPROCS", "4")], storm),
    case(
        "withdrawals_storm_always",
        &[("GOMAXPROCS", "4"), ("GORT_MIGRATION", "always")],
        storm,
    ),
];

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Calls that all have to be there at once.
fn meet(calls: usize) {
    let all = Arc::new(Barrier::new(calls));
    let callers: Vec<_> = (0..calls)
        .map(|_| {
            let all = Arc::clone(&all);
            rt::go(move || rt::blocking(|| all.wait().is_leader()))
        })
        .collect();
    let leaders = callers.into_iter().map(|caller| caller.join().unwrap());
    assert_eq!(leaders.filter(|&leads| leads).count(), 1);
}

fn as_many_as_it_takes() {
    rt::run(|| meet(100));
}

fn bounded() {
    let builder = rt::Builder::new()
        .blocking_threads(3)
        .blocking_patience(Duration::MAX);
    let run = builder.run(|| {
        meet(3);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        rt::scope(|s| {
            for _ in 0..50 {
                s.spawn(|| {
                    rt::blocking(|| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(1));
                        now.fetch_sub(1, Ordering::SeqCst);
                    });
                });
            }
        });
        assert!((1..=3).contains(&most.into_inner()));
    });
    run.unwrap();
}

fn leave() {
    let builder = rt::Builder::new()
        .max_procs(1)
        .blocking_keep_alive(Duration::from_millis(50));
    let run = builder.run(|| {
        rt::blocking(|| ());
        let end = Instant::now() + Duration::from_secs(120);
        let settles = |limit: usize| {
            while threads() > limit {
                assert!(Instant::now() < end, "{} threads", threads());
                rt::sleep_until(Instant::now() + Duration::from_millis(5));
            }
        };
        // The main thread, the worker, the monitor; one for a moment more if the machine is slow.
        settles(3);
        for _ in 0..3 {
            meet(32);
            settles(3);
        }
    });
    run.unwrap();
}

fn panics() {
    let run = rt::Builder::new().blocking_threads(1).run(|| {
        for i in 0..100 {
            let caught = rt::recover(|| rt::blocking(|| std::panic::panic_any(i))).unwrap_err();
            assert_eq!(caught.payload().downcast_ref(), Some(&i));
        }
        assert_eq!(rt::blocking(|| 7), 7);
    });
    run.unwrap();
}

/// Calls `f` while the system refuses to start threads.
fn without_threads<R>(f: impl FnOnce() -> R) -> R {
    // The C library keeps stacks of threads that have ended: these take them.
    let (hold, held) = (Arc::new(Barrier::new(9)), Arc::new(Barrier::new(9)));
    for _ in 0..8 {
        let (hold, held) = (Arc::clone(&hold), Arc::clone(&held));
        std::thread::spawn(move || {
            hold.wait();
            held.wait();
        });
    }
    hold.wait();
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // Enough for small things, too little for a thread's stack.
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    // SAFETY: asks for a number.
    let used = pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
    // SAFETY: both take a pointer to a limit that lives here.
    let result = unsafe {
        libc::getrlimit(libc::RLIMIT_AS, &raw mut before);
        let none = libc::rlimit {
            rlim_cur: used + (3 << 19),
            ..before
        };
        assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &raw const none), 0);
        let result = f();
        assert_eq!(libc::setrlimit(libc::RLIMIT_AS, &raw const before), 0);
        result
    };
    held.wait();
    result
}

/// The call is made all the same, by the worker; when there are threads again, so are helpers.
fn no_thread() {
    rt::run(|| {
        let on_a_worker = || rt::blocking(|| rt::worker_index().is_some());
        assert!(without_threads(on_a_worker));
        assert!(!on_a_worker());
    });
}

fn sleep_in(call: impl Fn(fn()) + Send + Sync, length: fn()) {
    rt::scope(|s| {
        for _ in 0..64 {
            s.spawn(|| call(length));
        }
    });
}

/// The pool would start more threads than there may be.
fn too_many_calls() {
    let run = rt::Builder::new().max_threads(10).run(|| {
        sleep_in(rt::blocking, || std::thread::sleep(Duration::from_secs(120)));
    });
    run.unwrap();
}

fn too_many_waits() {
    let run = rt::Builder::new().max_threads(10).run(|| {
        sleep_in(rt::blocking_wait, || std::thread::sleep(Duration::from_secs(120)));
    });
    run.unwrap();
}

/// With a bound that leaves room they queue.
fn queued_calls() {
    let builder = rt::Builder::new()
        .max_procs(1)
        .max_threads(10)
        .blocking_threads(4)
        .blocking_patience(Duration::MAX);
    let run = builder.run(|| {
        sleep_in(rt::blocking, || std::thread::sleep(Duration::from_millis(1)));
    });
    run.unwrap();
}

/// The bound gives way, but not beyond what there may be.
fn too_many_beyond_the_bound() {
    let run = rt::Builder::new().max_threads(10).blocking_threads(2).run(|| {
        sleep_in(rt::blocking, || std::thread::sleep(Duration::from_secs(120)));
    });
    run.unwrap();
}

/// A call that waits for a goroutine, which makes a call that waits for the next one, and so on.
fn nest(depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    rt::blocking(|| 1 + rt::go(move || nest(depth - 1)).join().unwrap())
}

fn chain() {
    let run = rt::Builder::new().blocking_threads(2).run(|| {
        assert_eq!(nest(40), 40);
        // Those that it took stay for a while, and the next ones find them.
        meet(20);
    });
    run.unwrap();
}

/// It computes, so the pool takes its time; but it grows.
fn spin() {
    let run = rt::Builder::new()
        .blocking_threads(1)
        .blocking_patience(Duration::from_millis(1))
        .run(|| {
            let (begun, over) = (AtomicUsize::new(0), AtomicUsize::new(0));
            rt::scope(|s| {
                s.spawn(|| {
                    rt::blocking(|| {
                        begun.store(1, Ordering::SeqCst);
                        while over.load(Ordering::SeqCst) == 0 {
                            std::hint::spin_loop();
                        }
                    });
                });
                while begun.load(Ordering::SeqCst) == 0 {
                    rt::gosched();
                }
                rt::blocking(|| over.store(1, Ordering::SeqCst));
            });
        });
    run.unwrap();
}

/// Others are queued while two compute. They may wait: the two come to an end by themselves.
fn compute() {
    let run = rt::Builder::new().blocking_threads(2).run(|| {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let start = Instant::now();
        rt::scope(|s| {
            for _ in 0..40 {
                s.spawn(|| {
                    rt::blocking(|| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        let start = Instant::now();
                        while start.elapsed() < Duration::from_millis(60) {
                            std::hint::spin_loop();
                        }
                        now.fetch_sub(1, Ordering::SeqCst);
                    });
                });
            }
        });
        // One more a second, and some for the moments at which one of them seemed to sleep: it
        // waited for the queue's lock.
        let seconds = start.elapsed().as_secs() as usize;
        let most = most.into_inner();
        assert!((1..=2 + seconds + 4).contains(&most), "{most} in {seconds} s");
    });
    run.unwrap();
}

/// The time for which this process has had a processor.
fn used() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: takes a pointer to a time that lives here.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Calls that wait for long, more than the bound, and nobody queued: nobody looks.
fn grown_and_idle() {
    let run = rt::Builder::new().blocking_threads(2).run(|| {
        let (open, gate) = mpsc::channel::<()>();
        let gate = std::sync::Mutex::new(gate);
        let begun = AtomicUsize::new(0);
        rt::scope(|s| {
            for _ in 0..20 {
                s.spawn(|| {
                    rt::blocking(|| {
                        begun.fetch_add(1, Ordering::SeqCst);
                        let _ = gate.lock().unwrap().recv();
                    });
                });
            }
            while begun.load(Ordering::SeqCst) < 20 {
                rt::sleep_until(Instant::now() + Duration::from_millis(5));
            }
            rt::sleep_until(Instant::now() + Duration::from_millis(200));
            // Once things have settled, which takes a busy machine longer.
            let idle = (0..20).any(|_| {
                let before = used();
                rt::sleep_until(Instant::now() + Duration::from_secs(1));
                used() - before < Duration::from_millis(30)
            });
            assert!(idle);
            drop(open);
        });
    });
    run.unwrap();
}

/// The system gives no thread, neither for a helper nor for the watch: the call is made by the
/// worker.
fn no_watch() {
    let run = rt::Builder::new().blocking_threads(1).run(|| {
        let (open, gate) = mpsc::channel::<()>();
        let (started, begun) = mpsc::channel();
        let first = rt::go(move || {
            rt::blocking(move || {
                started.send(()).unwrap();
                gate.recv().unwrap();
            });
        });
        while begun.try_recv().is_err() {
            rt::gosched();
        }
        rt::lock_os_thread();
        let worker = std::thread::current().id();
        let made_by = without_threads(|| rt::blocking(|| std::thread::current().id()));
        rt::unlock_os_thread();
        assert_eq!(made_by, worker);
        open.send(()).unwrap();
        first.join().unwrap();
    });
    run.unwrap();
}

fn withdrawn() {
    let builder = rt::Builder::new()
        .blocking_threads(1)
        .blocking_patience(Duration::MAX);
    let run = builder.run(|| {
        let (open, gate) = mpsc::channel::<()>();
        let (started, begun) = mpsc::channel();
        let first = rt::go(move || {
            rt::blocking(move || {
                started.send(()).unwrap();
                let _ = gate.recv();
            });
        });
        while begun.try_recv().is_err() {
            rt::gosched();
        }
        let withdrawal = rt::Withdrawal::new();
        let its = withdrawal.clone();
        let second = rt::go(move || {
            let dropped = Arc::new(());
            let held = Arc::clone(&dropped);
            let called = rt::blocking_unless(&its, move || drop(held));
            (called, Arc::strong_count(&dropped))
        });
        // One worker: it has parked when this goroutine goes on.
        rt::gosched();
        assert!(!second.is_finished());
        withdrawal.withdraw();
        assert_eq!(second.join().unwrap(), (None, 1));
        assert!(!first.is_finished());
        // The one that runs cannot be withdrawn, nor can what is over.
        withdrawal.withdraw();
        drop(open);
        first.join().unwrap();
        assert_eq!(rt::blocking(|| 7), 7);
    });
    run.unwrap();
}

fn storm() {
    let run = rt::Builder::new().blocking_threads(2).run(|| {
        let (made, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
        rt::scope(|s| {
            for _ in 0..500 {
                s.spawn(|| {
                    let withdrawal = rt::Withdrawal::new();
                    let other = withdrawal.clone();
                    let canceller = rt::go(move || {
                        for _ in 0..rt::random_u32() % 4 {
                            rt::gosched();
                        }
                        other.withdraw();
                    });
                    let called = rt::blocking_unless(&withdrawal, || {
                        made.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                    });
                    told.fetch_add(usize::from(called.is_some()), Ordering::SeqCst);
                    canceller.join().unwrap();
                });
            }
        });
        assert_eq!(made.into_inner(), told.into_inner());
    });
    run.unwrap();
}
