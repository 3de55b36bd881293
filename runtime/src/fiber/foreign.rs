//! What the `generator` crate installs for the whole process when it is first used: a fault handler and a panic hook.
//!
//! The program may use the crate itself, inside of goroutines too, and with either backing. So it is used once before our own
//! handler and hook are installed: then they are below ours, and stay there.

use generator::Gn;

/// Runs an empty generator.
pub(super) fn prime() {
    let mut first = Gn::<()>::new_scoped_opt(2048, |_| {});
    first.resume();
}
