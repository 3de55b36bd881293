//! What a `Cond` needs of a guard.

use std::ops::Deref;

/// A guard that a [`Cond`](super::Cond) can wait with: of a [`Mutex`](super::Mutex), or of an
/// [`RwLock`](super::RwLock), for reading (Go's `RLocker`) or writing.
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
    /// Unlocks and leaves the guard behind, which must not be used until
    /// [`lock_again`](Relock::lock_again).
    #[doc(hidden)]
    fn unlock_to_wait(&self, _: Key);

    /// Locks again after [`unlock_to_wait`](Relock::unlock_to_wait).
    #[doc(hidden)]
    fn lock_again(&self, _: Key);
}

/// Only `sync` can make one, so only a `Cond` can unlock below a guard, and nobody else can
/// implement [`Relock`]:
///
/// ```compile_fail,E0061
/// use gort::sync::{Mutex, Relock};
///
/// let mutex = Mutex::new(1);
/// let guard = mutex.lock();
/// guard.unlock_to_wait();
/// ```
#[derive(Debug)]
pub struct Key(pub(super) ());

/// What Go's `mu.Unlock()` would ask of a lock. Nothing has it, so that the call says what to
/// write.
#[diagnostic::on_unimplemented(
    message = "a lock is released by its guard",
    label = "drop the guard instead: `drop(guard)`, or the end of its block",
    note = "`let guard = mu.lock();` locks until `guard` is dropped; to lock in one function and unlock in another, give the guard \
            away: that of `lock()`, or of `lock_owned()` if it must live longer than a borrow of the lock"
)]
pub trait UnlockedWithoutGuard {}
