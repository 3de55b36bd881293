//! Running what may panic without a word on standard error.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// What was caught.
pub(crate) struct Caught {
    pub(crate) payload: Box<dyn Any + Send>,
    /// What the panic hook noted instead of printing it.
    pub(crate) noted: Option<Box<dyn Any>>,
}

/// Runs `f` on a thread that is no goroutine, and turns a panic of it into a value without a word
/// on standard error.
pub(crate) fn quietly<T>(f: impl FnOnce() -> T) -> Result<T, Caught> {
    let before = crate::tls::set_quiet(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    crate::tls::set_quiet(before);
    result.map_err(|payload| Caught {
        payload,
        noted: crate::tls::note_panic(None),
    })
}
