//! Running the same closure under many schedules: see [`explore`].
//!
//! | file | what it has |
//! |---|---|
//! | `chooser` | what a strategy is |
//! | `random`, `pct`, `exhaustive`, `follow` | the strategies, and the one that repeats a schedule |
//! | `schedule` | a schedule as text |
//! | `shrink` | a simpler schedule that still fails |
//! | `table`, `svg` | the picture of a schedule; `picture` makes it of steps |
//! | `search` | all of that together; knows no runtime |
//! | `run` | one schedule of a real program |
//! | `options`, `report` | what users see |

mod chooser;
mod exhaustive;
mod follow;
mod options;
mod pct;
mod picture;
mod random;
mod report;
mod run;
mod schedule;
mod search;
mod shrink;
#[cfg(test)]
mod sound;
mod svg;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toy;

use std::panic::Location;
use std::sync::Arc;

pub use options::{Options, Strategy};
pub use report::{Failure, FailureKind, Report};
use schedule::Schedule;

/// Runs a closure under many schedules, until one fails or there are enough.
///
/// The closure and the goroutines that it starts run one at a time. At every operation of gort that
/// another goroutine could see (channel, select, lock, wait group, condition variable, once,
/// semaphore, timer, context, spawn, join, and the atomics of
/// [`gort::sync::atomic`](crate::sync::atomic)) a [`Strategy`] chooses who goes on. A failure is a
/// panic that nobody joins (a failed assertion is one), a deadlock, a goroutine that is left
/// waiting when the closure has returned, or more steps than allowed.
///
/// The clock stands still while anybody can go on, and then jumps to the next timer: an hour of
/// sleep costs nothing.
///
/// The closure must do the same each time but for the schedule: no random numbers, no real time, no
/// other threads. What it shares with its goroutines through std's atomics or locks is not seen:
/// nobody comes in between there. It is called again and again, so everything that goroutines share
/// is made inside of it. After a schedule that failed, goroutines are left where they were; what
/// they had is leaked.
///
/// `GORT_SCHEDULE=…`, as it is printed with a failure, runs that schedule alone, in the call of
/// `explore` that printed it.
///
/// # Panics
/// If it is called by the program of another `explore`, or if `GORT_SCHEDULE` is no schedule.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::Mutex;
/// use gort::testing::{FailureKind, Options, explore};
/// use std::sync::Arc;
///
/// // Two goroutines take two locks in different orders.
/// let report = explore(Options::default(), || {
///     let (a, b) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
///     let other = go!([a, b] {
///         let _b = b.lock();
///         let _a = a.lock();
///     });
///     let held = a.lock();
///     drop(b.lock());
///     drop(held);
///     other.join().unwrap();
/// });
/// let failure = report.failure().expect("a deadlock");
/// assert_eq!(failure.kind(), FailureKind::Deadlock);
/// assert_eq!(failure.preemptions(), 1);
/// println!("{report}"); // the interleaving, as a table
/// ```
#[track_caller]
pub fn explore<F>(options: Options, program: F) -> Report
where
    F: Fn() + Send + Sync + 'static,
{
    assert!(
        !gort_runtime::explore::is_explored(),
        "`explore` in a program whose schedules are explored already"
    );
    let place = Location::caller();
    let replay = replay_of(place);
    let program = Arc::new(program);
    let search = move || {
        let mut once = |chooser| run::run(chooser, options.max_steps, options.deny_leaks, &program);
        search::search(&options, place, replay.as_ref(), &mut once)
    };
    if gort_runtime::worker_index().is_some() {
        return search();
    }
    // On a goroutine, so that from one schedule to the next nothing goes from thread to thread.
    match gort_runtime::Spawn::new().name("explore").go(search).join() {
        Ok(report) => report,
        Err(gort_runtime::JoinError::Panicked(panic)) => panic.resume(),
        Err(error) => panic!("{error}"),
    }
}

/// What `GORT_SCHEDULE` says, if that is of this call.
fn replay_of(place: &Location<'_>) -> Option<Schedule> {
    let text = std::env::var("GORT_SCHEDULE").ok()?;
    if text.is_empty() || text.starts_with("random") {
        return None;
    }
    let schedule: Schedule = match text.parse() {
        Ok(schedule) => schedule,
        Err(error) => panic!("{error}: {text}"),
    };
    (schedule.place == schedule::place_of(place)).then_some(schedule)
}
