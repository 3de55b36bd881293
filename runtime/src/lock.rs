//! The lock of channels and queues: held for a few dozen instructions, sometimes across one context switch.
//!
//! Why not `parking_lot`: a goroutine that parks releases the lock *after* it left its stack, from the worker's own stack,
//! and whoever takes the lock next may resume that goroutine at once. So unlocking must be one store with nothing after it,
//! and locking must never park (it may run on a worker's stack). Measured under contention (buffered channel, 8:8) it also
//! costs a third: the back-off leaves the cache line alone.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first back-off and the largest, in pauses.
const MIN_PAUSES: u32 = 16;
const MAX_PAUSES: u32 = 512;

/// A test-and-set spin lock with exponential back-off that gives the CPU away when spinning does not help.
///
/// It guards short sections only. Unfair by nature; not re-entrant.
///
/// ```
/// let lock = gort_runtime::RawLock::new();
/// lock.lock();
/// assert!(!lock.try_lock());
/// // SAFETY: taken two lines above.
/// unsafe { lock.unlock() };
/// assert!(lock.try_lock());
/// ```
#[derive(Debug, Default)]
pub struct RawLock {
    held: AtomicBool,
}

impl RawLock {
    /// A free lock.
    pub const fn new() -> RawLock {
        RawLock {
            held: AtomicBool::new(false),
        }
    }

    /// Takes the lock, spinning until it is free.
    #[inline]
    pub fn lock(&self) {
        if !self.try_lock() {
            self.lock_contended();
        }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> bool {
        // Acquire pairs with the release in `unlock`.
        self.held
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Frees the lock. One store: whoever takes the lock next may free the memory it lies in.
    ///
    /// # Safety
    /// The caller holds the lock (or was handed it by the goroutine that took it).
    #[inline]
    pub unsafe fn unlock(&self) {
        self.held.store(false, Ordering::Release);
    }

    #[cold]
    fn lock_contended(&self) {
        let mut pauses = MIN_PAUSES;
        loop {
            for _ in 0..pauses {
                spin_loop();
            }
            if !self.held.load(Ordering::Relaxed) && self.try_lock() {
                return;
            }
            if pauses < MAX_PAUSES {
                pauses *= 2;
            } else {
                // The holder was probably preempted: give it the CPU.
                crate::sys::thread::yield_now();
            }
        }
    }
}
