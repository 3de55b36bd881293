//! The time slice that run-next inherits.

use std::cell::Cell;

use crate::sys::clock;

/// What comes out of run-next inherits the time slice of the goroutine that woke it: this many
/// cycles (about 1 ms; Go's slice is 10 ms). Counting runs instead would serve a pair of goroutines
/// that does much per hand-off more than one that does little.
const SLICE_CYCLES: u64 = 2_500_000;
/// The clock is looked at after one run of a slice, and then after twice as many each time, up to
/// this many, as long as they are short.
const LONGEST_LOOK: u32 = 16;

/// The time slice of what came out of the deque last, and of all that it handed on to through
/// run-next.
#[derive(Default)]
pub(super) struct Slice {
    /// When it was looked at first and last, in cycles; 0 before.
    start: Cell<u64>,
    last: Cell<u64>,
    /// Runs until the next look, and how many these were.
    countdown: Cell<u32>,
    interval: Cell<u32>,
}

impl Slice {
    /// For the next goroutine that comes out of a queue.
    #[inline]
    pub(super) fn restart(&self) {
        self.start.set(0);
        self.countdown.set(1);
        self.interval.set(1);
    }

    /// Whether another run needs no look at the clock.
    #[inline(always)]
    pub(super) fn has_runs_left(&self) -> bool {
        self.countdown.get() > 1
    }

    /// Counts a run for which there was one left.
    #[inline(always)]
    pub(super) fn count_run(&self) {
        self.countdown.set(self.countdown.get() - 1);
    }

    /// Counts a run. `true` if the slice is over.
    #[inline]
    pub(super) fn is_used_up(&self) -> bool {
        let left = self.countdown.get().saturating_sub(1);
        self.countdown.set(left);
        left == 0 && self.look()
    }

    fn look(&self) -> bool {
        let now = clock::cycles();
        if self.start.get() == 0 {
            self.start.set(now);
            self.last.set(now);
        }
        let interval = self.interval.get();
        let short = now.wrapping_sub(self.last.get()) < SLICE_CYCLES / 16;
        let next = if short {
            (interval * 2).clamp(1, LONGEST_LOOK)
        } else {
            1
        };
        self.last.set(now);
        self.interval.set(next);
        self.countdown.set(next);
        now.wrapping_sub(self.start.get()) > SLICE_CYCLES
    }
}
