//! Bubbles: a crew on a clock that jumps, whose goroutines nobody preempts. Go's
//! `testing/synctest`.

use std::fmt::Write;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::director::{Ending, Waiting};
use super::group::{self, Group};
use super::searches::{self, Search};
use crate::g::crew::{self, Crew};
use crate::panics::recover;
use crate::reason::WaitReason;
use crate::sched::{park, turn};
use crate::sema::{Place, Sema};
use crate::spawn::Spawn;

/// Runs `f` in a bubble, and waits until all goroutines of it have ended.
///
/// # Panics
/// With what `f`, or another goroutine of the bubble, panicked with; if goroutines of it are left
/// that wait for ever; and in a bubble.
#[track_caller]
pub fn bubble<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    assert!(
        crew::current().is_none(),
        "synctest.Run called from within a synctest bubble"
    );
    searches::listen(group::takes_panic);
    let search = Search::begin();
    let over = Arc::new(Sema::new(0));
    let tell = Arc::clone(&over);
    let group = Group::new(None, turn::take, move || tell.release());
    let crew: &'static dyn Crew = group;
    let result = Arc::new(Mutex::new(None));
    let place = Arc::clone(&result);
    let body = move || {
        let outcome = recover(f);
        group.main_has_ended();
        match outcome {
            Ok(value) => *place.lock() = Some(value),
            Err(panic) => {
                if let Some(g) = crate::g::current() {
                    group.failed(g, panic.message(), panic.location());
                }
            }
        }
    };
    let mut main = Spawn::new().name("main");
    main.options.crew = Some(crew);
    drop(main.go(body));
    over.acquire(WaitReason::Scope, Place::Back);
    let main_ended = group.has_main_ended();
    let (_, ending) = group.dissolve();
    if ending != Ending::Passed {
        // Goroutines that were left behind must not go on, whoever wakes them.
        std::mem::forget(search);
    }
    match ending {
        Ending::Passed => {}
        Ending::Panicked { message, .. } => panic!("{message}"),
        Ending::Stuck(waiting) => panic!("{}", stuck(main_ended, &waiting)),
        Ending::Stopped => unreachable!("nobody directs a bubble"),
    }
    let value = result.lock().take();
    match value {
        Some(value) => value,
        None => panic!("the bubble's function called goexit"),
    }
}

/// Go's words, and everybody who waits.
fn stuck(main_ended: bool, waiting: &[Waiting]) -> String {
    let mut text = String::from(if main_ended {
        "deadlock: main bubble goroutine has exited but blocked goroutines remain"
    } else {
        "deadlock: all goroutines in bubble are blocked"
    });
    for one in waiting {
        let title = crate::g::label::Title(one.id, one.name.as_deref());
        // A string takes everything.
        let _ = write!(text, "\n\n{title} [{}]:", one.reason);
        if let Some(site) = one.site {
            let _ = write!(text, "\n\twaiting at {site}");
        }
    }
    text
}

/// The calling goroutine is in no bubble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotInBubble;

/// Waits until all other goroutines of the bubble are durably blocked, or have ended.
///
/// # Errors
/// In no bubble.
///
/// # Panics
/// If another goroutine of the bubble waits so.
#[track_caller]
pub fn wait() -> Result<(), NotInBubble> {
    let (group, number) = group::here().ok_or(NotInBubble)?;
    let Some(g) = crate::g::current() else {
        unreachable!("a member is a goroutine")
    };
    assert!(group.await_others(number), "wait already in progress");
    g.set_waiting(WaitReason::BubbleWait, Location::caller());
    // SAFETY: `g` runs this code. Its group queues it, once, when all others wait: it is told after
    // the switch that this one has stopped.
    unsafe { park::hand_over(g, || {}) };
    Ok(())
}

/// The number of the bubble that this code runs in; 0: none.
#[cold]
pub fn bubble_here() -> u32 {
    group::current().map_or(0, Group::bubble)
}

/// The goroutine is about to do that with channels that were made in these bubbles (0: in none).
/// Those of another bubble end the process, as in Go. For one of none, time will stand still if the
/// goroutine waits.
#[cold]
pub fn enter(bubbles: &[u32], verb: &str) {
    let here = bubble_here();
    if bubbles.iter().any(|&bubble| bubble != 0 && bubble != here) {
        crate::fatal::die(&format_args!(
            "fatal error: {verb} synctest channel from outside bubble\n"
        ));
    }
    if here != 0
        && let Some((group, number)) = group::here()
    {
        group.set_foreign(number, bubbles.contains(&0));
    }
}

/// How long ago the bubble of this code began, on its own clock; `None` in no bubble.
pub fn age() -> Option<Duration> {
    group::current().map(Group::age)
}
