//! Panics that a library caught and of which nobody can hear.

use crate::panic_value::Panic;

/// For a library that caught a panic of which nobody can hear, as those do not who wait on a
/// channel for the result: does at once what the end of a goroutine would do, ends the process or
/// calls what [`Builder::on_panic`](crate::Builder::on_panic) was given. Let nobody go on before
/// this has returned.
pub fn unheard(panic: Panic) {
    let Some(g) = crate::g::current() else {
        // A report names a goroutine.
        drop(crate::spawn::go(move || unheard(panic)).join());
        return;
    };
    crate::panics::unobserved(g, panic);
}
