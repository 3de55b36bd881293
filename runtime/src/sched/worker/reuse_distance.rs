//! How many runs go by until the same goroutine runs again: a sample, taken now and then.
//!
//! A thief asks. Where a few goroutines take turns, all that they touch is in their worker's cache,
//! and moving one of them makes every hand-off cross the cores. Where a thousand do, each finds its
//! lines gone whoever runs it.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::g::{G, GRef};

/// So many runs later nothing of a goroutine is left in the nearer caches.
const LONG: u64 = 1024;
/// A sample that has not come back after so many runs is not waited for any more: it has ended, or
/// another worker runs it.
const GONE: u64 = 8 * LONG;

/// The sample. It is a guess: all relaxed, and written by the owner without a look at what a thief
/// writes at the same moment.
pub(crate) struct ReuseDistance {
    /// The sampled goroutine; null: sample the next one.
    sample: AtomicPtr<G>,
    /// The run in which the sample was taken.
    since: AtomicU64,
    /// How many runs went by until the last sample that came back did.
    last: AtomicU64,
}

impl ReuseDistance {
    pub(super) fn new() -> ReuseDistance {
        ReuseDistance {
            sample: AtomicPtr::new(ptr::null_mut()),
            since: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    /// Owner: `g` runs now, in run number `tick`.
    #[inline(always)]
    pub(super) fn note(&self, g: GRef, tick: impl FnOnce() -> u64) {
        let sample = self.sample.load(Ordering::Relaxed);
        if sample.is_null() || sample == g.as_ptr() {
            self.turn(sample, g, tick());
        }
    }

    fn turn(&self, sample: *mut G, g: GRef, tick: u64) {
        if sample.is_null() {
            self.since.store(tick, Ordering::Relaxed);
            self.sample.store(g.as_ptr(), Ordering::Relaxed);
        } else {
            let since = self.since.load(Ordering::Relaxed);
            self.last.store(tick.wrapping_sub(since), Ordering::Relaxed);
            self.sample.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }

    /// Thief: whether the worker's goroutines come round so rarely that it does not matter who runs
    /// them. `tick` is the run that it has come to.
    pub(super) fn is_long(&self, tick: u64) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        if tick.wrapping_sub(since) > GONE {
            self.sample.store(ptr::null_mut(), Ordering::Relaxed);
        }
        self.last.load(Ordering::Relaxed) >= LONG
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A few that take turns are told from many, and a sample that never comes back does not stand
    /// in the way.
    #[test]
    fn few_and_many() {
        let group = [(); 3].map(|()| crate::g::pool::take_shared());
        let distance = ReuseDistance::new();
        let mut tick = 0;
        let mut run = |g| {
            tick += 1;
            distance.note(g, || tick);
            tick
        };
        for g in group.iter().cycle().take(100) {
            assert!(!distance.is_long(run(*g)), "three take turns");
        }
        let others = [(); LONG as usize].map(|()| crate::g::pool::take_shared());
        let mut longest = false;
        for g in others.iter().cycle().take(4 * others.len()) {
            longest |= distance.is_long(run(*g));
        }
        assert!(longest, "a thousand take turns");
        // The sample is one of the others, none of which runs again.
        for g in group.iter().cycle().take(2 * GONE as usize) {
            distance.is_long(run(*g));
        }
        assert!(!distance.is_long(run(group[0])), "three again");
        group
            .into_iter()
            .chain(others)
            .for_each(crate::g::pool::give_shared);
    }
}
