//! The lock of channels: held for a few dozen instructions, sometimes across one context switch.
//!
//! Why not `parking_lot`: a goroutine that parks releases the lock *after* it left its stack, from
//! the worker's own stack, and whoever takes the lock next may resume that goroutine at once. So
//! unlocking must be one store with nothing after it, and locking must never park (it may run on a
//! worker's stack).
//!
//! There are two ways to hold it. Everybody sets `held`, and then waits until `biased` is clear.
//! The bias owner sets `biased`, in a step of the protocol in [`bias`](crate::bias), without a
//! locked instruction. Who releases it sees in `biased` which way it was taken: while somebody
//! holds the lock by `held`, nobody sets `biased`, for the step would see `held`; and while it is
//! held by `biased`, whoever sets `held` waits.

use super::{Bias, Seat};
use crate::here::Here;
use crate::lock::spin_until;
use crate::shim::{AtomicBool, Ordering};

/// A spin lock for short sections, in which no user code runs. Unfair by nature; not re-entrant.
///
/// As long as one worker alone runs goroutines, taking it costs no locked instruction.
///
/// ```
/// let lock = gort_runtime::RawLock::new();
/// lock.lock();
/// // SAFETY: taken above.
/// unsafe { lock.unlock() };
/// lock.lock();
/// ```
#[derive(Debug, Default)]
pub struct RawLock {
    held: AtomicBool,
    biased: AtomicBool,
}

impl RawLock {
    /// A free lock.
    #[cfg(not(loom))]
    pub const fn new() -> RawLock {
        RawLock {
            held: AtomicBool::new(false),
            biased: AtomicBool::new(false),
        }
    }

    /// A free lock.
    #[cfg(loom)]
    pub fn new() -> RawLock {
        RawLock {
            held: AtomicBool::new(false),
            biased: AtomicBool::new(false),
        }
    }

    /// Takes the lock, spinning until it is free.
    #[inline]
    pub fn lock(&self) {
        // SAFETY: used for this call only, which neither waits nor runs foreign code.
        self.lock_with(super::bias(), || unsafe { Here::ask() }.seat());
    }

    /// The same for one who has asked already.
    #[doc(hidden)]
    #[inline(always)]
    pub fn lock_here(&self, here: Here) {
        let bias = super::bias();
        if !self.lock_if_owner(bias, here.seat()) {
            self.lock_among_others(bias, || here.seat());
        }
    }

    /// `seat` gives the calling worker's own; it is asked only while somebody owns the bias.
    #[inline(always)]
    pub(crate) fn lock_with<'s>(&self, bias: &Bias, seat: impl Fn() -> Option<&'s Seat>) {
        if !(bias.is_on() && self.lock_if_owner(bias, seat())) {
            self.lock_among_others(bias, seat);
        }
    }

    /// Takes the lock as everybody does.
    #[inline(always)]
    fn lock_among_others<'s>(&self, bias: &Bias, seat: impl Fn() -> Option<&'s Seat>) {
        if !self.set_held() {
            spin_until(|| !self.held.load(Ordering::Relaxed) && self.set_held());
        }
        // Loom has no sequentially consistent accesses: there, this stands between the mark and the
        // look.
        #[cfg(loom)]
        crate::shim::fence(Ordering::SeqCst);
        // Held by those who come this way, and nobody owns the bias but maybe this worker itself.
        bias.revoke_others(seat);
        // Set while somebody owned the bias, and may be so still.
        if self.biased.load(Ordering::Acquire) {
            spin_until(|| !self.biased.load(Ordering::Acquire));
        }
    }

    /// Takes the lock if it is free and the caller, whose seat this is, owns the bias.
    #[inline(always)]
    pub(crate) fn lock_if_owner(&self, bias: &Bias, seat: Option<&Seat>) -> bool {
        let Some(seat) = seat else { return false };
        bias.attempt(seat, &self.held, || {
            // One that owned the bias before may hold it still.
            let free = !self.biased.load(Ordering::Acquire);
            if free {
                self.biased.store(true, Ordering::Relaxed);
            }
            free
        }) == Some(true)
    }

    /// Frees the lock. One store: whoever takes the lock next may free the memory it lies in.
    ///
    /// # Safety
    /// The caller holds the lock (or was handed it by the goroutine that took it).
    #[inline]
    pub unsafe fn unlock(&self) {
        // Both releases pair with the acquires of those who take it.
        if self.biased.load(Ordering::Relaxed) {
            self.biased.store(false, Ordering::Release);
        } else {
            self.held.store(false, Ordering::Release);
        }
    }

    /// Takes the lock as everybody does, if nobody else has taken it so.
    #[inline(always)]
    fn set_held(&self) -> bool {
        // Sequentially consistent: the mark of the protocol, before the look at who owns the bias.
        self.held
            .compare_exchange(false, true, Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
    }
}
