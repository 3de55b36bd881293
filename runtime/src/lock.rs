//! A spin lock for the runtime's own short sections, and the back-off that its locks share.
//!
//! Why not `parking_lot`: some of these locks are released on a worker's stack after a goroutine
//! has left its own, and whoever takes the lock next may resume that goroutine at once. So
//! unlocking must be one store with nothing after it, and locking must never park. Measured under
//! contention (buffered channel, 8:8) it also costs a third: the back-off leaves the cache line
//! alone.

use std::sync::atomic::{AtomicBool, Ordering};

/// The first back-off and the largest, in pauses.
#[cfg(not(loom))]
const MIN_PAUSES: u32 = 16;
#[cfg(not(loom))]
const MAX_PAUSES: u32 = 512;

/// A test-and-set spin lock with exponential back-off that gives the CPU away when spinning does
/// not help.
///
/// It guards short sections only. Unfair by nature; not re-entrant. What goroutines lock for one
/// another is a [`RawLock`](crate::RawLock); this one is for what other threads lock as often.
#[derive(Debug, Default)]
pub(crate) struct SpinLock {
    held: AtomicBool,
}

impl SpinLock {
    /// A free lock.
    pub(crate) const fn new() -> SpinLock {
        SpinLock {
            held: AtomicBool::new(false),
        }
    }

    /// Takes the lock, spinning until it is free.
    #[inline]
    pub(crate) fn lock(&self) {
        if !self.try_lock() {
            spin_until(|| !self.held.load(Ordering::Relaxed) && self.try_lock());
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
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
    pub(crate) unsafe fn unlock(&self) {
        self.held.store(false, Ordering::Release);
    }
}

/// Asks `done` again and again, at growing intervals. For what was not so a moment ago, and depends
/// on another thread that is quick unless the kernel has taken its CPU away.
#[cold]
pub(crate) fn spin_until(done: impl Fn() -> bool) {
    #[cfg(not(loom))]
    let mut pauses = MIN_PAUSES;
    loop {
        #[cfg(loom)]
        loom::thread::yield_now();
        #[cfg(not(loom))]
        for _ in 0..pauses {
            std::hint::spin_loop();
        }
        if done() {
            return;
        }
        #[cfg(not(loom))]
        if pauses < MAX_PAUSES {
            pauses *= 2;
        } else {
            // The other one was probably preempted: give it the CPU.
            crate::sys::thread::yield_now();
        }
    }
}
