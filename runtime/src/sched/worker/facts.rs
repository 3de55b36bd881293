//! What is noted of goroutines while they run, for reports.

use std::sync::atomic::Ordering;

use crate::g::G;
use crate::sched::worker::{Post, Worker};

impl Post {
    /// What the owner runs at this moment, or null.
    pub(crate) fn running(&self) -> *const G {
        let owner = self.owner.load(Ordering::Acquire);
        if owner.is_null() {
            return std::ptr::null();
        }
        // SAFETY: workers are never freed. Only the head is referred to, and what is read of it is
        // atomic.
        unsafe { (*owner).head.current().cast() }
    }

    /// Tells the owner what time it is.
    pub(crate) fn set_clock(&self, now: u64) {
        let owner = self.owner.load(Ordering::Acquire);
        if !owner.is_null() {
            // SAFETY: workers are never freed. Only the head is referred to, and the clock is
            // atomic.
            unsafe { (*owner).head.set_clock(now) };
        }
    }
}

impl Worker {
    /// The number of the goroutine that runs now; 0 if none does.
    #[inline]
    pub(crate) fn runs(&self) -> u64 {
        // SAFETY: null, or a control block, which is never freed.
        unsafe { self.head.current().cast::<G>().as_ref() }.map_or(0, G::id)
    }
}
