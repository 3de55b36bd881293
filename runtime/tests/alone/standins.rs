//! A goroutine that keeps its worker, by computing or in the kernel, stops nobody else.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;

use crate::{Case, case};

/// In the mode `pinned` a goroutine that has started is bound to a worker, and waits for it
/// whatever that one does. One that has not is free, and in the mode `always` they all are.
const PINNED: &[(&str, &str)] = &[("GOMAXPROCS", "1"), ("GORT_MIGRATION", "pinned")];
const ALWAYS_ONE: &[(&str, &str)] = &[("GOMAXPROCS", "1"), ("GORT_MIGRATION", "always")];
const ALWAYS_TWO: &[(&str, &str)] = &[("GOMAXPROCS", "2"), ("GORT_MIGRATION", "always")];
const ONE: &[(&str, &str)] = &[("GOMAXPROCS", "1"), ("GORT_MIGRATION", "stealing")];
const TWO: &[(&str, &str)] = &[("GOMAXPROCS", "2"), ("GORT_MIGRATION", "stealing")];

pub(crate) const CASES: &[Case] = &[
    case("a_loop_waits_for_others", ONE, loop_waits),
    case("a_loop_waits_for_whom_it_woke", ONE, loop_waits_for_run_next),
    case("a_loop_waits_for_a_timer", ONE, loop_waits_for_timer),
    case("every_worker_loops_and_a_timer_comes", TWO, hogs_and_a_sleeper),
    case(
        "every_worker_loops_and_the_network_goes_on",
        TWO,
        hogs_and_an_echo,
    ),
    case("a_system_call_waits_for_others", ONE, system_call),
    case("a_lock_of_std_waits_for_others", ONE, std_lock),
    case("many_sleep_in_the_kernel", TWO, many_sleepers),
    case("a_pinned_loop_waits_for_fresh_ones", PINNED, loop_waits),
    case("a_pinned_lock_of_std_waits_for_fresh_ones", PINNED, std_lock),
    case("many_sleep_in_the_kernel_pinned", PINNED, many_sleepers),
    case("a_loop_waits_for_others_always", ALWAYS_ONE, loop_waits),
    case("a_loop_waits_for_others_always_two", ALWAYS_TWO, loop_waits),
    case(
        "a_loop_waits_for_whom_it_woke_always",
        ALWAYS_ONE,
        loop_waits_for_run_next,
    ),
    case(
        "a_loop_waits_for_whom_it_woke_always_two",
        ALWAYS_TWO,
        loop_waits_for_run_next,
    ),
    case(
        "a_loop_waits_for_a_timer_always",
        ALWAYS_ONE,
        loop_waits_for_timer,
    ),
    case(
        "a_loop_waits_for_a_timer_always_two",
        ALWAYS_TWO,
        loop_waits_for_timer,
    ),
    case(
        "every_worker_loops_and_a_timer_comes_always",
        ALWAYS_TWO,
        hogs_and_a_sleeper,
    ),
    case(
        "every_worker_loops_and_the_network_goes_on_always",
        ALWAYS_TWO,
        hogs_and_an_echo,
    ),
    case("a_system_call_waits_for_others_always", ALWAYS_ONE, system_call),
    case("many_sleep_in_the_kernel_always", ALWAYS_TWO, many_sleepers),
    case("beside_a_loop_two_go_on_taking_turns", TWO, turns_beside_a_loop),
    case(
        "beside_a_loop_two_go_on_taking_turns_always",
        ALWAYS_TWO,
        turns_beside_a_loop,
    ),
    case("who_sleeps_until_now_lets_others_run", ONE, sleeps_until_now),
    case(
        "who_sleeps_until_now_lets_others_run_pinned",
        PINNED,
        sleeps_until_now,
    ),
    case(
        "who_sleeps_until_now_lets_others_run_always",
        ALWAYS_ONE,
        sleeps_until_now,
    ),
    case("locked_ones_that_sleep_until_now", ONE, locked_sleeps_until_now),
    case(
        "locked_ones_that_sleep_until_now_pinned",
        PINNED,
        locked_sleeps_until_now,
    ),
    case(
        "locked_ones_that_sleep_until_now_always",
        ALWAYS_TWO,
        locked_sleeps_until_now,
    ),
    case("stand_ins_leave", TWO, stand_ins_leave),
    case("a_locked_threads_worker_stays", TWO, locked_stays),
    Case {
        code: 2,
        stderr: "runtime: program exceeds 10-thread limit\nfatal error: thread exhaustion\n",
        ..case("too_many_threads", ONE, too_many)
    },
];

fn spin_until(done: impl Fn() -> bool) {
    while !done() {
        std::hint::spin_loop();
    }
}

fn hogs_and_an_echo() {
    rt::run(|| {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let (near, far) = (rt::PollFd::new(near).unwrap(), rt::PollFd::new(far).unwrap());
        let echo = rt::go(move || {
            let mut byte = [0];
            while far.read_with(|mut io| io.read(&mut byte)).unwrap() > 0 {
                far.write_with(|mut io| io.write(&byte)).unwrap();
            }
        });
        let stop = Arc::new(AtomicBool::new(false));
        let hogs: Vec<_> = (0..rt::max_procs())
            .map(|_| {
                let stop = Arc::clone(&stop);
                rt::go(move || spin_until(|| stop.load(Ordering::Relaxed)))
            })
            .collect();
        for _ in 0..50 {
            near.write_with(|mut io| io.write(b"z")).unwrap();
            near.read_with(|mut io| io.read(&mut [0])).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        for hog in hogs {
            hog.join().unwrap();
        }
        near.close().unwrap();
        echo.join().unwrap();
    });
}

fn loop_waits() {
    rt::run(|| {
        let flags: Arc<Vec<AtomicBool>> = Arc::new((0..10).map(|_| AtomicBool::new(false)).collect());
        for i in 0..10 {
            let flags = Arc::clone(&flags);
            drop(rt::go(move || flags[i].store(true, Ordering::SeqCst)));
        }
        spin_until(|| flags.iter().all(|flag| flag.load(Ordering::SeqCst)));
    });
}

/// Two take turns, each woken by the other, while a third computes until they are done.
fn turns_beside_a_loop() {
    rt::run(|| {
        let done = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&done);
        let hog = rt::go(move || spin_until(|| note.load(Ordering::SeqCst)));
        let gates = Arc::new([rt::Sema::new(1), rt::Sema::new(0)]);
        let players: Vec<_> = (0..2)
            .map(|me| {
                let gates = Arc::clone(&gates);
                rt::go(move || {
                    for _ in 0..300 {
                        gates[me].acquire(rt::WaitReason::SemaphoreAcquire, rt::SemaPlace::Back);
                        gates[1 - me].release();
                    }
                })
            })
            .collect();
        players.into_iter().for_each(|player| player.join().unwrap());
        done.store(true, Ordering::SeqCst);
        hog.join().unwrap();
    });
}

/// A deadline that has passed: it waits for nothing, but the others have their turn.
fn sleeps_until_now() {
    rt::run(|| {
        let left = Arc::new(AtomicUsize::new(3));
        for index in 0..3 {
            let left = Arc::clone(&left);
            drop(rt::go(move || {
                if index == 0 {
                    rt::sleep_until(Instant::now() + Duration::from_millis(5));
                }
                rt::gosched();
                left.fetch_sub(1, Ordering::SeqCst);
            }));
        }
        let mut turns = 0_u64;
        while left.load(Ordering::SeqCst) > 0 {
            rt::sleep_until(Instant::now());
            turns += 1;
        }
        assert!(turns > 0);
    });
}

/// The same with both ends locked to threads.
fn locked_sleeps_until_now() {
    rt::run(|| {
        let (there, back) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (saw, answer) = (Arc::clone(&there), Arc::clone(&back));
        let other = rt::go(move || {
            rt::lock_os_thread();
            while !saw.load(Ordering::SeqCst) {
                rt::sleep_until(Instant::now());
            }
            answer.store(true, Ordering::SeqCst);
        });
        rt::lock_os_thread();
        rt::gosched();
        there.store(true, Ordering::SeqCst);
        while !back.load(Ordering::SeqCst) {
            rt::sleep_until(Instant::now());
        }
        other.join().unwrap();
    });
}

/// What was woken last is in run-next, which its worker does not get to.
fn loop_waits_for_run_next() {
    rt::run(|| {
        let (gate, passed) = (Arc::new(rt::Sema::new(0)), Arc::new(AtomicBool::new(false)));
        let (there, note) = (Arc::clone(&gate), Arc::clone(&passed));
        drop(rt::go(move || {
            there.acquire(rt::WaitReason::SemaphoreAcquire, rt::SemaPlace::Back);
            note.store(true, Ordering::SeqCst);
        }));
        rt::gosched();
        gate.release();
        spin_until(|| passed.load(Ordering::SeqCst));
    });
}

fn loop_waits_for_timer() {
    rt::run(|| {
        let fired = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&fired);
        drop(rt::go(move || {
            rt::sleep_until(Instant::now() + Duration::from_millis(30));
            note.store(true, Ordering::SeqCst);
        }));
        rt::gosched();
        spin_until(|| fired.load(Ordering::SeqCst));
    });
}

fn hogs_and_a_sleeper() {
    rt::run(|| {
        let slept = Arc::new(AtomicUsize::new(0));
        let hogs: Vec<_> = (0..4)
            .map(|_| {
                let slept = Arc::clone(&slept);
                rt::go(move || spin_until(|| slept.load(Ordering::SeqCst) == 20))
            })
            .collect();
        for _ in 0..20 {
            rt::sleep_until(Instant::now() + Duration::from_millis(1));
            slept.fetch_add(1, Ordering::SeqCst);
        }
        hogs.into_iter().for_each(|hog| hog.join().unwrap());
    });
}

fn system_call() {
    let (mut from, mut to) = std::io::pipe().unwrap();
    rt::run(|| {
        let reader = rt::go(move || {
            let mut byte = [0];
            from.read_exact(&mut byte).unwrap();
            byte[0]
        });
        rt::gosched();
        to.write_all(&[7]).unwrap();
        assert_eq!(reader.join().unwrap(), 7);
    });
}

fn std_lock() {
    rt::run(|| {
        let lock = Arc::new(std::sync::Mutex::new(0));
        let ready = Arc::new(AtomicBool::new(false));
        let (theirs, note) = (Arc::clone(&lock), Arc::clone(&ready));
        rt::lock_os_thread();
        let guard = lock.lock().unwrap();
        let waiter = rt::go(move || {
            note.store(true, Ordering::SeqCst);
            *theirs.lock().unwrap() += 1;
        });
        // Goes on only if somebody stands in for the worker that waits for the lock, which is this
        // one's too if it was alone.
        spin_until(|| ready.load(Ordering::SeqCst));
        drop(guard);
        rt::unlock_os_thread();
        waiter.join().unwrap();
        assert_eq!(*lock.lock().unwrap(), 1);
    });
}

/// None of them says that it blocks, and none goes on before all of them do.
fn many_sleepers() {
    rt::run(|| {
        let all = Arc::new(std::sync::Barrier::new(64));
        let sleepers: Vec<_> = (0..64)
            .map(|_| {
                let all = Arc::clone(&all);
                rt::go(move || all.wait().is_leader())
            })
            .collect();
        let leaders = sleepers.into_iter().map(|sleeper| sleeper.join().unwrap());
        assert_eq!(leaders.filter(|&leads| leads).count(), 1);
    });
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn stand_ins_leave() {
    rt::run(|| ());
    many_sleepers();
    // Each of them had a worker of its own.
    let start = Instant::now();
    // Two workers, the monitor, this thread, and perhaps one that watches the timers.
    while threads() > 5 {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "{} threads are left",
            threads()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    many_sleepers();
}

/// A goroutine that is locked to a stand-in's thread finds it again.
fn locked_stays() {
    rt::run(|| {
        let same = Arc::new(AtomicUsize::new(0));
        let locked: Vec<_> = (0..16)
            .map(|_| {
                let same = Arc::clone(&same);
                rt::go(move || {
                    // Stand-ins run the others meanwhile.
                    rt::lock_os_thread();
                    let thread = std::thread::current().id();
                    std::thread::sleep(Duration::from_millis(20));
                    rt::sleep_until(Instant::now() + Duration::from_secs(7));
                    same.fetch_add(
                        usize::from(std::thread::current().id() == thread),
                        Ordering::SeqCst,
                    );
                })
            })
            .collect();
        locked.into_iter().for_each(|goroutine| goroutine.join().unwrap());
        assert_eq!(same.load(Ordering::SeqCst), 16);
    });
}

fn too_many() {
    rt::Builder::new()
        .max_threads(10)
        .run(|| {
            let sleepers: Vec<_> = (0..64)
                .map(|_| rt::go(|| std::thread::sleep(Duration::from_secs(120))))
                .collect();
            sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        })
        .unwrap();
}
