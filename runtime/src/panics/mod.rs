//! Panics of goroutines: where they are caught ([`Panic`] is what is given then). [`hook`] listens
//! and prints; [`report`] has what is printed, and what becomes of a panic that nobody can observe.
//!
//! A panic is printed when it happens, before anything is unwound, in Go's form and once: whoever
//! has it afterwards (`join`, `gort::run`, the end of the process) finds in it that it has been
//! printed. Under [`recover`] it is kept silent; if it comes out of there after all
//! ([`Panic::resume`]), it is printed then.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use crate::g::{G, current};
use crate::panic_value::{Panic, Seen, UnderWay};

pub(crate) mod hook;
mod report;
mod trace;
pub(crate) mod trim;

pub(crate) use crate::fatal::die;
pub(crate) use hook::{forget_all, note_exit, take_seen};
pub use report::PanicReport;
pub(crate) use report::{
    PanicPolicy, await_those_under_way, discard, end_with, others, set_policy, unobserved,
};

impl Panic {
    /// A payload that was just caught on this goroutine.
    pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Panic {
        let seen = take_seen(&*payload);
        Panic::new(payload, seen)
    }

    /// Goes on panicking with the same payload. It is printed now if it was kept silent before,
    /// under [`recover`], and is not any more.
    ///
    /// ```
    /// let again = gort_runtime::recover(|| gort_runtime::recover(|| panic!("on")).unwrap_err().resume());
    /// assert_eq!(again.unwrap_err().message(), "on");
    /// ```
    pub fn resume(self) -> ! {
        let mut seen = self.seen.unwrap_or_else(|| Seen::of(&*self.payload));
        match current() {
            Some(g) => {
                if g.flags.recovering.get() == 0 {
                    seen.under_way.get_or_insert_with(UnderWay::begin);
                    seen.show(g);
                }
                hook::push(g, seen);
            }
            None if crate::tls::is_quiet() => drop(hook::note_on_thread(Some(seen))),
            None if !seen.shown => crate::fatal::print(&format_args!("{}\n", report::on_thread(&seen))),
            None => {}
        }
        panic::resume_unwind(self.payload)
    }

    /// Prints it, as one of `g`, unless that has been done.
    pub(crate) fn show(&mut self, g: &G) {
        self.seen.get_or_insert_with(|| Seen::of(&*self.payload)).show(g);
    }
}

/// The payload of the unwinding that `goexit` starts.
pub(crate) struct Goexit;

/// Go's `recover`: runs `f` and turns its panic into a value, without a word on standard error and
/// without a call of the panic hook (unless the program has put one in the place of gort's).
/// [`goexit`](crate::goexit) is no panic and passes.
///
/// It is about the panics of its own goroutine: one that `f` starts prints its own.
///
/// # Errors
/// The panic of `f`.
///
/// ```
/// let caught = gort_runtime::recover(|| -> u32 { panic!("a problem") }).unwrap_err();
/// assert_eq!(caught.message(), "a problem");
/// assert_eq!(gort_runtime::recover(|| 7).unwrap(), 7);
/// ```
#[doc(alias = "defer recover")]
pub fn recover<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    let Some(g) = current() else { return quietly(f) };
    let silent = &g.flags.recovering;
    silent.set(silent.get().wrapping_add(1));
    let result = catch(f);
    silent.set(silent.get().wrapping_sub(1));
    result.map_err(passed)
}

/// As [`recover`], for a library that will [resume](Panic::resume) the panic elsewhere: it is
/// printed when it happens, unless a `recover` outside of this says otherwise.
///
/// # Errors
/// The panic of `f`.
#[doc(hidden)]
pub fn catch_loudly<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch(f).map_err(passed)
}

/// The panic of `f`, or its goexit.
fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    panic::catch_unwind(AssertUnwindSafe(f))
}

/// What was caught as a panic; goexit goes on.
fn passed(payload: Box<dyn Any + Send>) -> Panic {
    if payload.is::<Goexit>() {
        panic::resume_unwind(payload);
    }
    Panic::caught(payload)
}

/// Runs `f` on a thread that is no goroutine, and turns a panic of it into a value without a word
/// on stderr.
pub(crate) fn quietly<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    let result = crate::quiet::quietly(f);
    result.map_err(|caught| Panic::new(caught.payload, hook::seen_in(caught.noted)))
}
