//! Programs that once stopped a worker, or hid the reason why one stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{CallTimer, Sema, SemaPlace, WaitReason};

use crate::{Case, case};

pub(crate) const CASES: &[Case] = &[
    Case {
        code: 2,
        stderr: "panic: from what the function held",
        ..case("a_timer_whose_function_panics_when_dropped", &[], bad_timer)
    },
    case("a_stack_of_no_possible_size", &[("GOMAXPROCS", "1")], huge_stack),
    case(
        "the_least_stack_can_panic",
        &[("GOMAXPROCS", "1"), ("RUST_BACKTRACE", "1")],
        least_stack,
    ),
    Case {
        code: 2,
        stderr: "all goroutines are asleep",
        ..case(
            "a_report_while_stderr_is_locked",
            &[("GOMAXPROCS", "2")],
            locked_stderr,
        )
    },
    Case {
        code: 2,
        stderr: "panic: nobody looks",
        ..case(
            "a_panic_while_stderr_is_locked",
            &[("GOMAXPROCS", "2")],
            panic_locked_stderr,
        )
    },
    Case {
        code: 2,
        stderr: "stack overflow",
        ..case("overflow_while_unwinding", &[], overflow_while_unwinding)
    },
    Case {
        code: 2,
        stderr: "stack overflow",
        ..case("overflow_with_stdout_locked", &[], overflow_with_stdout)
    },
    case(
        "spawned_work_is_taken_2",
        &[("GOMAXPROCS", "2")],
        spawn_and_compute,
    ),
    case(
        "spawned_work_is_taken_4",
        &[("GOMAXPROCS", "4")],
        spawn_and_compute,
    ),
    case(
        "spawned_work_is_taken_64",
        &[("GOMAXPROCS", "64")],
        spawn_and_compute,
    ),
    case(
        "a_searcher_beside_quick_goroutines_watches_timers",
        &[("GOMAXPROCS", "3")],
        timers_beside_quick_ones,
    ),
    case(
        "workers_above_the_limit_run_only_their_own",
        &[("GOMAXPROCS", "2")],
        retired,
    ),
    case("of_two_builders_one_wins", &[], two_builders),
];

fn forever() {
    Sema::new(0).acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
}

fn spin(length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {
        std::hint::spin_loop();
    }
}

struct PanicInDrop;

impl Drop for PanicInDrop {
    fn drop(&mut self) {
        panic!("from what the function held");
    }
}

/// The last reference to a timer is the armed one: a worker drops the function.
fn bad_timer() {
    rt::run(|| {
        let held = PanicInDrop;
        CallTimer::new(move || {
            let _ = &held;
        })
        .start(Instant::now() + Duration::from_millis(5));
        rt::sleep_until(Instant::now() + Duration::from_secs(120));
    });
}

fn huge_stack() {
    rt::run(|| {
        for size in [
            usize::MAX,
            usize::MAX - 4096,
            usize::MAX / 2 + 1,
            usize::MAX / 8 + 1,
            1 << 50,
        ] {
            let error = rt::Spawn::new().stack(size).go(|| ()).join().unwrap_err();
            let panic = error.into_panic().unwrap();
            assert!(
                panic.message().contains("cannot allocate a stack"),
                "{}",
                panic.message()
            );
        }
        for size in [0, 1, 16_384, 16_385, 20_481, 65_537] {
            assert_eq!(
                rt::Spawn::new().stack(size).go(move || size).join().unwrap(),
                size
            );
        }
    });
}

fn least_stack() {
    rt::run(|| {
        let error = rt::Spawn::new()
            .stack(1)
            .go(|| panic!("number {}", 3))
            .join()
            .unwrap_err();
        assert_eq!(error.into_panic().unwrap().message(), "number 3");
        rt::Spawn::new()
            .stack(1)
            .go(|| println!("{:>10.3}", 1.5))
            .join()
            .unwrap();
    });
}

/// Against the rule, but no reason to hang without a word.
fn locked_stderr() {
    rt::run(|| {
        let _lock = std::io::stderr().lock();
        drop(rt::go(forever));
        forever();
    });
}

fn panic_locked_stderr() {
    rt::run(|| {
        let lock = std::io::stderr().lock();
        drop(rt::go(|| panic!("nobody looks")));
        spin(Duration::from_millis(300));
        rt::sleep_until(Instant::now() + Duration::from_secs(120));
        drop(lock);
    });
}

#[expect(unconditional_recursion, reason = "to run into the guard")]
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let block = std::hint::black_box([depth; 32]);
    std::hint::black_box(deeper(depth + 1)) + block[7]
}

fn overflow_while_unwinding() {
    struct Deep;
    impl Drop for Deep {
        fn drop(&mut self) {
            std::hint::black_box(deeper(0));
        }
    }
    let _ = rt::run(|| {
        rt::go(|| {
            let _deep = Deep;
            panic!("first");
        })
        .join()
        .is_err()
    });
}

fn overflow_with_stdout() {
    rt::run(|| {
        let _lock = std::io::stdout().lock();
        std::hint::black_box(deeper(0));
    });
}

/// A goroutine starts one other and computes: an idle worker takes that one, whatever the searchers
/// were doing.
fn spawn_and_compute() {
    rt::run(|| {
        for round in 0..150_u64 {
            // Searchers nap, give up or sleep at that moment.
            spin(Duration::from_micros(round * 7 % 400));
            let ran = Arc::new(AtomicBool::new(false));
            let note = Arc::clone(&ran);
            let start = Instant::now();
            drop(rt::go(move || note.store(true, Ordering::Release)));
            while !ran.load(Ordering::Acquire) {
                assert!(
                    start.elapsed() < Duration::from_secs(120),
                    "nobody takes it in round {round}"
                );
                std::hint::spin_loop();
            }
            rt::gosched();
        }
    });
}

/// One worker computes, and has a timer; one runs quick goroutines, which keep the third from
/// stealing and from sleeping.
fn timers_beside_quick_ones() {
    rt::run(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let quick: Vec<_> = (0..2)
            .map(|_| {
                let stop = Arc::clone(&stop);
                rt::go(move || {
                    while !stop.load(Ordering::Relaxed) {
                        rt::gosched();
                    }
                })
            })
            .collect();
        spin(Duration::from_millis(50));
        let fired = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&fired);
        let timer = CallTimer::new(move || note.store(true, Ordering::SeqCst));
        timer.start(Instant::now() + Duration::from_millis(50));
        while !fired.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
        stop.store(true, Ordering::Relaxed);
        quick.into_iter().for_each(|handle| handle.join().unwrap());
    });
}

/// Goroutines that have their threads to themselves go on when GOMAXPROCS falls, and nothing else
/// runs there.
fn retired() {
    rt::run(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let theirs = Arc::new(std::sync::Mutex::new(Vec::new()));
        let bound: Vec<_> = (0..2)
            .map(|_| {
                let (stop, theirs) = (Arc::clone(&stop), Arc::clone(&theirs));
                rt::go(move || {
                    rt::lock_os_thread();
                    theirs.lock().unwrap().push(rt::worker_index());
                    spin(Duration::from_millis(30));
                    while !stop.load(Ordering::Relaxed) {
                        rt::gosched();
                    }
                })
            })
            .collect();
        while theirs.lock().unwrap().len() < 2 {
            rt::gosched();
        }
        rt::set_max_procs(1);
        // From outside, so that they come through the global queue.
        rt::blocking(move || {
            for _ in 0..2000 {
                let theirs = Arc::clone(&theirs);
                let look = move || assert!(!theirs.lock().unwrap().contains(&rt::worker_index()));
                rt::go(look).join().unwrap();
            }
        });
        stop.store(true, Ordering::Relaxed);
        bound.into_iter().for_each(|handle| handle.join().unwrap());
    });
}

fn two_builders() {
    let ready = Arc::new(std::sync::Barrier::new(4));
    let threads: Vec<_> = (1..=4)
        .map(|procs| {
            let ready = Arc::clone(&ready);
            std::thread::spawn(move || {
                ready.wait();
                let won = rt::Builder::new().max_procs(procs).init().is_ok();
                won.then(|| (procs, rt::max_procs()))
            })
        })
        .collect();
    let won: Vec<_> = threads
        .into_iter()
        .filter_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(won[0].0, won[0].1);
}
