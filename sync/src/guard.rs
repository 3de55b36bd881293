//! What a `Cond` needs of a guard.

use std::ops::Deref;

/// A guard that a [`Cond`](super::Cond) can wait with: of a [`Mutex`](super::Mutex), or of an [`RwLock`](super::RwLock), for
/// reading (Go's `RLocker`) or writing.
///
/// ```
/// use gort::sync::{Cond, Mutex, RwLock};
///
/// gort::run(|| {
///     let (changed, exact, shared) = (Cond::new(), Mutex::new(true), RwLock::new(true));
///     let mut locked = exact.lock();
///     changed.wait_while(&mut locked, |ready| !*ready);
///     let mut reading = shared.write();
///     changed.wait_while(&mut reading, |ready| !*ready);
/// });
/// ```
#[doc(alias = "Locker")]
pub trait Relock: Deref {
    /// Unlocks and leaves the guard behind, which must not be used until [`relock`](Relock::relock).
    #[doc(hidden)]
    fn unlock(&self, _: Key);

    /// Locks again after [`unlock`](Relock::unlock).
    #[doc(hidden)]
    fn relock(&self, _: Key);
}

/// Only `sync` can make one, so only a `Cond` can unlock below a guard, and nobody else can implement [`Relock`]:
///
/// ```compile_fail,E0061
/// use gort::sync::{Mutex, Relock};
///
/// let mutex = Mutex::new(1);
/// let guard = mutex.lock();
/// guard.unlock();
/// ```
#[derive(Debug)]
pub struct Key(pub(super) ());
