//! The question whether any goroutine can ever run again, and the report when none can.
//!
//! Asked by a worker that goes to sleep and finds that all the others sleep already. The answer is
//! "never again" only if it is certain: no work queued, no timer armed that anybody waits for or
//! that the monitor sees to, no call in the helper pool, nobody who waits for a descriptor or
//! listens for signals or is being told of one, no report of a stall under way, some thread waiting
//! in `run` (else nobody waits for the program), and no thread in the process but ours. A thread
//! that we do not know might hold a channel, even if it has not used one yet; so threads are
//! counted, not their uses of the library.
//!
//! If all who wait in `run` are tests (`waiters`), the main thread is the harness's, which uses
//! nothing of ours; and these tests fail, instead of the process.

use std::fmt;

use crate::fatal::EVERYBODY;
use crate::idle::Surroundings;
use crate::sched::Runtime;
use crate::waiters::{self, Tests};

/// Reports and ends the process if nothing can run again. `true` if that is so as far as we can
/// see, but a thread that is not ours might still do something: the caller has to ask again later.
pub(crate) fn check(rt: &Runtime) -> bool {
    let Some(_all_asleep) = rt.idle.all_asleep() else {
        return false;
    };
    let stuck = !rt.any_visible_work()
        && rt.posts().all(|(_, post)| post.inbox.is_empty())
        && crate::blocking::in_flight() == 0
        && !rt.anybody_waits_for_io()
        && !crate::signals::may_wake()
        && !crate::stall::may_wake()
        && waiters::waiting() > 0
        && !rt.posts().any(|(_, post)| post.timers.any_awaited())
        && !rt.bell.is_expiring();
    let live = rt.goroutines();
    if !stuck || live == 0 && !waiters::abandoned() {
        return false;
    }
    let ours = || rt.threads.load(std::sync::atomic::Ordering::SeqCst) + waiters::waiting();
    // On both sides of the count: one of ours that ends in between (a helper whose time is up)
    // would make up for one that is not ours.
    let before = ours();
    let tests = waiters::are_all_who_wait();
    let harness = usize::from(tests == Tests::BesideTheHarness);
    if crate::sys::thread::count() != Some(before + harness) || ours() != before {
        return true;
    }
    if tests != Tests::No {
        // They fail, and the harness may start others, which know nothing of these.
        waiters::tell_stuck();
        return true;
    }
    crate::panics::die(&Report {
        nobody_left: live == 0,
    })
}

struct Report {
    nobody_left: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nobody_left {
            return writeln!(
                f,
                "fatal error: no goroutines (main called runtime.Goexit) - deadlock!"
            );
        }
        write!(
            f,
            "fatal error: all goroutines are asleep - deadlock!\n{EVERYBODY}"
        )
    }
}
