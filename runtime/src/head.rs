//! The part of a worker that low floors see: what the thread-locals point to.
//!
//! The worker begins with it, so whoever knows what a worker is casts the pointer back.

use std::cell::Cell;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::bias::Seat;

/// What is asked of the worker that runs this code without knowing what a worker is.
#[repr(C)]
pub(crate) struct Head {
    /// The goroutine that runs now, or null. Written by the owner only; the monitor reads it.
    current: AtomicPtr<()>,
    /// The time, not much more than 10 ms ago, on the scheduler's clock. The owner sets it when it
    /// wakes, the monitor while it is awake.
    clock: AtomicU64,
    random: Cell<u64>,
    /// Its place in the bias.
    pub(crate) seat: Seat,
}

impl Head {
    pub(crate) fn new() -> Head {
        Head {
            current: AtomicPtr::new(std::ptr::null_mut()),
            clock: AtomicU64::new(1),
            random: Cell::new(crate::random::fresh_seed()),
            seat: Seat::new(),
        }
    }

    /// The goroutine that runs now, or null.
    #[inline(always)]
    pub(crate) fn current(&self) -> *mut () {
        self.current.load(Ordering::Relaxed)
    }

    /// Owner: `goroutine` runs now; null: none.
    #[inline(always)]
    pub(crate) fn set_current(&self, goroutine: *mut ()) {
        self.current.store(goroutine, Ordering::Relaxed);
    }

    /// What time it was a moment ago.
    #[inline(always)]
    pub(crate) fn clock(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// It is `now`.
    pub(crate) fn set_clock(&self, now: u64) {
        // Never 0, which is "not yet" where a wait begins.
        self.clock.store(now.max(1), Ordering::Relaxed);
    }

    /// Owner: a pseudo-random number.
    #[inline]
    pub(crate) fn random(&self) -> u64 {
        let next = crate::random::step(self.random.get());
        self.random.set(next);
        crate::random::output(next)
    }
}
