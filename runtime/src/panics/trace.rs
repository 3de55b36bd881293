//! Backtraces where there may be little stack left: they must not make an overflow of a panic.
//!
//! To take one needs some KiB, about as much as the unwinding that follows. To print one, which is
//! when the names are looked up, needs several times that; so it is done on another stack if need
//! be.

use std::backtrace::Backtrace;
use std::fmt;

use crate::g;
use crate::panics::trim;
use crate::traceback::{self, Level};

/// To take one takes 9 KiB, without optimisation.
const TO_CAPTURE: usize = 10 << 10;
/// To print one takes 22 KiB, and more where the debug information is nested deeply.
const TO_PRINT: usize = 128 << 10;

fn is_less_left_than(bytes: usize) -> bool {
    g::room().is_some_and(|room| room < bytes)
}

/// Whether `GORT_TRACEBACK` asks for backtraces of panics; if it says nothing, `RUST_BACKTRACE`
/// decides.
fn is_wanted() -> Option<bool> {
    traceback::chosen().map(|level| level >= Level::Single)
}

/// A backtrace, if one is asked for and there is room.
pub(super) fn capture() -> Backtrace {
    match is_wanted() {
        _ if is_less_left_than(TO_CAPTURE) => Backtrace::disabled(),
        Some(true) => Backtrace::force_capture(),
        Some(false) => Backtrace::disabled(),
        None => Backtrace::capture(),
    }
}

/// What is to be said if [`capture`] has taken none though it was asked to.
pub(super) fn left_out() -> Option<String> {
    let asked = || {
        let by_std = || std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        is_wanted().unwrap_or_else(by_std)
    };
    let room = g::room().filter(|&room| room < TO_CAPTURE && asked())?;
    Some(format!("\n(no backtrace: {room} bytes of stack are left)\n"))
}

/// Whether everything is to be shown; else it is the user's functions.
fn is_full() -> bool {
    if let Some(level) = traceback::chosen() {
        return level == Level::Full;
    }
    // In std's order.
    ["RUST_LIB_BACKTRACE", "RUST_BACKTRACE"]
        .iter()
        .find_map(std::env::var_os)
        .is_some_and(|value| value == "full")
}

/// The text of a backtrace: the user's part of it, if nothing else was asked for.
fn text_of(trace: &Backtrace) -> String {
    let text = trace.to_string();
    if is_full() {
        return text;
    }
    trim::trim(&text).unwrap_or(text)
}

/// Prints a backtrace.
pub(super) struct Trace<'a>(pub(super) &'a Backtrace);

impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !is_less_left_than(TO_PRINT) {
            return f.write_str(&text_of(self.0));
        }
        let text = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().spawn_scoped(scope, || text_of(self.0));
            thread.ok().and_then(|thread| thread.join().ok())
        });
        f.write_str(
            text.as_deref()
                .unwrap_or("(no backtrace: no thread could be started to print it)"),
        )
    }
}
