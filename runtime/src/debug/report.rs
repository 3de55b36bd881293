//! The goroutines in reports about the end of the process, or of a test.

use std::fmt::Write;

use crate::debug::Snapshot;
use crate::debug::goroutine::Goroutine;
use crate::g;

/// More goroutines than this are counted, not described.
const DESCRIBED: usize = 1000;

/// A paragraph for each goroutine but `left_out`, by their numbers; before each an empty line.
///
/// Names of functions are looked up by another thread if this one has the stack of a goroutine
/// only.
pub(crate) fn all_but(left_out: u64) -> String {
    let tell = || {
        let Snapshot { mut all } = super::goroutines();
        all.retain(|goroutine| goroutine.id != left_out);
        paragraphs(&all)
    };
    if g::room().is_none() {
        return tell();
    }
    let text = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, tell);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    text.unwrap_or_else(|| String::from("\n(no goroutines: no thread could be started to describe them)\n"))
}

/// A paragraph for each goroutine, for `first` before the others.
///
/// Not for a goroutine: names of functions are looked up, which takes time and stack.
pub(crate) fn everybody_after(first: u64) -> String {
    let Snapshot { mut all } = super::goroutines();
    all.sort_by_key(|goroutine| goroutine.id != first);
    paragraphs(&all)
}

fn paragraphs(all: &[Goroutine]) -> String {
    let mut text = String::new();
    for goroutine in all.iter().take(DESCRIBED) {
        // A string takes everything.
        let _ = write!(text, "\n{goroutine}");
    }
    let more = all.len().saturating_sub(DESCRIBED);
    if more > 0 {
        let _ = writeln!(text, "\n...and {more} more goroutines");
    }
    text
}
