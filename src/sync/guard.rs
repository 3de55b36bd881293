//! What a `Cond` needs of a guard.

use std::ops::Deref;

/// A guard that a [`Cond`](super::Cond) can wait with: of a [`Mutex`](super::Mutex), or of an [`RwLock`](super::RwLock), for
/// reading (Go's `RLocker`) or writing.
#[doc(alias = "Locker")]
pub trait Relock: Deref {
    /// Unlocks and leaves the guard behind, which must not be used until [`relock`](Relock::relock).
    #[doc(hidden)]
    fn unlock(&self);

    /// Locks again after [`unlock`](Relock::unlock).
    #[doc(hidden)]
    fn relock(&self);
}
