//! What the `generator` crate installs for the whole process when it is first used: a fault handler
//! and a panic hook.
//!
//! The program may use the crate itself, inside of goroutines too, and with either backing. So it
//! is used once before our own handler and hook are installed: then they are below ours, and stay
//! there.

use std::any::Any;

use generator::{Error, Gn};

/// Runs an empty generator.
pub(crate) fn prime() {
    let mut first = Gn::<()>::new_scoped_opt(2048, |_| {});
    first.resume();
}

/// Whether the payload is what the crate ends a generator with, which is no panic.
pub(crate) fn is_no_panic(payload: &(dyn Any + Send)) -> bool {
    matches!(payload.downcast_ref(), Some(Error::Cancel | Error::Done))
}
