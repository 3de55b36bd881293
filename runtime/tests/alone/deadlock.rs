//! The deadlock report: it comes when it should, and only then.

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
];

fn forever() {
    Sema::new(0).acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
}

/// The thread that called `run` is on its way back while nothing can run any more.
fn left_behind() {
    for _ in 0..3000 {
        rt::run(|| drop(rt::go(forever)));
    }
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
