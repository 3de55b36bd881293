//! Ending the current goroutine from within.

use std::panic::Location;

use crate::g::current;
use crate::panics::{Goexit, note_exit};

/// Ends the current goroutine: its destructors and `defer!`s run, others go on.
///
/// It unwinds with a payload of its own, which [`recover`](crate::recover) lets pass. In the main
/// goroutine the rest of the program goes on; when nothing is left that could run, that is a `fatal
/// error`.
///
/// # Panics
/// When it is called outside of a goroutine.
///
/// ```
/// let handle = gort_runtime::go(|| gort_runtime::goexit());
/// assert!(matches!(handle.join(), Err(gort_runtime::JoinError::Goexit)));
/// ```
#[doc(alias = "Goexit")]
#[track_caller]
pub fn goexit() -> ! {
    let Some(g) = current() else {
        panic!("goexit called outside of a goroutine");
    };
    note_exit(g, "goexit was called", Location::caller());
    std::panic::resume_unwind(Box::new(Goexit))
}

/// Ends a goroutine that waits for what can never come: quietly, as [`goexit`], but in a main
/// goroutine, or on a thread that is none, it is a panic with `why`.
///
/// # Panics
/// With `why`, as said.
///
/// ```
/// let handle = gort_runtime::go(|| gort_runtime::end_goroutine("nobody is left"));
/// assert!(handle.join().is_err());
/// ```
#[track_caller]
pub fn end_goroutine(why: &'static str) -> ! {
    match current() {
        Some(g) if !g.flags.is_main.get() => {
            note_exit(g, why, Location::caller());
            std::panic::resume_unwind(Box::new(Goexit))
        }
        _ => panic!("{why}"),
    }
}
