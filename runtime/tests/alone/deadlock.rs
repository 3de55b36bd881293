//! The deadlock report: it comes when it should, and only then.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use gort_runtime as rt;
use rt::{Sema, SemaPlace, WaitReason};

use crate::{Case, case};

const STUCK: &str = "fatal error: all goroutines are asleep - deadlock!";

pub(crate) const CASES: &[Case] = &[
    case(
        "goroutines_left_behind_are_no_deadlock",
        &[("GOMAXPROCS", "2")],
        left_behind,
    ),
    case(
        "goroutines_left_behind_are_no_deadlock_1",
        &[("GOMAXPROCS", "1")],
        left_behind,
    ),
    case(
        "helpers_that_leave_do_not_hide_a_thread",
        &[("GOMAXPROCS", "2")],
        helpers_leave,
    ),
    Case {
        code: 2,
        stderr: STUCK,
        times: 20,
        ..case("stuck_at_once", &[("GOMAXPROCS", "1")], stuck)
    },
    Case {
        code: 2,
        stderr: STUCK,
        times: 20,
        ..case(
            "stuck_after_a_blocking_call",
            &[("GOMAXPROCS", "2")],
            after_blocking,
        )
    },
    Case {
        code: 2,
        stderr: STUCK,
        ..case("stuck_after_goexit_of_main", &[], after_goexit)
    },
    Case {
        code: 2,
        stderr: STUCK,
        times: 10,
        ..case("stuck_with_threads_locked", &[("GOMAXPROCS", "2")], stuck_locked)
    },
    Case {
        code: 2,
        stderr: STUCK,
        times: 10,
        ..case(
            "stuck_in_a_locked_main",
            &[("GOMAXPROCS", "1")],
            stuck_in_a_locked_main,
        )
    },
    Case {
        code: 2,
        stderr: STUCK,
        times: 10,
        ..case(
            "stuck_after_a_locked_one_has_ended",
            &[("GOMAXPROCS", "1")],
            stuck_after_a_locked_end,
        )
    },
];

fn forever() {
    Sema::new(0).acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
}

/// Two that have their threads for themselves wait as everybody does.
fn stuck_locked() {
    rt::run(|| {
        for _ in 0..2 {
            drop(rt::go(|| {
                rt::lock_os_thread();
                forever();
            }));
        }
        forever();
    });
}

fn stuck_in_a_locked_main() {
    rt::run(|| {
        rt::lock_os_thread();
        rt::go(|| ()).join().unwrap();
        forever();
    });
}

/// Its thread has gone, or is just going.
fn stuck_after_a_locked_end() {
    rt::run(|| {
        rt::go(rt::lock_os_thread).join().unwrap();
        forever();
    });
}

/// The thread that called `run` is on its way back while nothing can run any more.
fn left_behind() {
    for _ in 0..3000 {
        rt::run(|| drop(rt::go(forever)));
    }
}

/// A thread that is not ours is going to wake somebody. Helpers end while the workers ask whether
/// there is such a thread: they ask when they go to sleep, and 5 ms later.
fn helpers_leave() {
    let patience = Duration::from_micros(5_150);
    let ran = rt::Builder::new().blocking_keep_alive(patience).run(|| {
        for _ in 0..150 {
            let all = Barrier::new(8);
            rt::scope(|s| {
                for _ in 0..8 {
                    s.spawn(|| rt::blocking(|| all.wait().is_leader()));
                }
            });
            let answer = Arc::new(Sema::new(0));
            let other = Arc::clone(&answer);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(8));
                other.release();
            });
            answer.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
        }
    });
    ran.unwrap();
}

fn stuck() {
    rt::run(forever);
}

fn after_blocking() {
    rt::run(|| {
        rt::blocking(|| ());
        forever();
    });
}

fn after_goexit() {
    rt::run(|| {
        drop(rt::go(forever));
        rt::goexit();
    });
}
