//! The order in which a worker looks for work.

use std::cell::Cell;

use crate::g::GRef;
use crate::sys::clock::{self, NEVER};
use crate::timer::Expired;
use crate::worker::Worker;
use crate::worker::steal::Loot;

/// The global queue has its turn this often, even if the own queue is never empty.
const GLOBAL_TURN: u64 = 61;
/// What comes out of run-next inherits the time slice of the goroutine that woke it: this many cycles (about 1 ms; Go's slice
/// is 10 ms). Counting runs instead would serve a pair of goroutines that does much per hand-off more than one that does
/// little.
const SLICE_CYCLES: u64 = 2_500_000;
/// The clock is looked at after one run of a slice, and then after twice as many each time, up to this many, as long as they
/// are short.
const LONGEST_LOOK: u32 = 16;
/// Timers are looked at when this many cycles have passed (about 10 µs), or at every `TIMER_TURN`th run.
const TIMER_CYCLES: u64 = 25_000;
const TIMER_TURN: u64 = 16;
/// A searcher that found nothing this often in a row goes to sleep.
const FRUITLESS_ROUNDS: u32 = 3;

/// The time slice of what came out of the deque last, and of all that it handed on to through run-next.
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
    #[inline]
    fn restart(&self) {
        self.start.set(0);
        self.countdown.set(1);
        self.interval.set(1);
    }

    /// Counts a run.
    #[inline]
    fn is_used_up(&self) -> bool {
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

impl Worker {
    /// The next goroutine to run; sleeps until there is one. `searching` says, and is told, whether this worker counts as
    /// a searcher.
    #[inline]
    pub(super) fn next(&'static self, searching: &mut bool) -> GRef {
        let tick = self.post.queue.tick();
        if let Some(g) = self.own_work(tick) {
            return g;
        }
        self.find_elsewhere(searching)
    }

    #[inline]
    fn own_work(&self, tick: u64) -> Option<GRef> {
        if self.timers().next() != NEVER {
            self.look_at_timers(tick);
        }
        if tick.is_multiple_of(GLOBAL_TURN)
            && let Some(g) = self.rt.global.take_one()
        {
            return Some(g);
        }
        if self.index >= self.rt.procs() {
            return self.retiring_work();
        }
        // Bound goroutines and the others take turns, so that neither kind starves the other.
        if tick & 1 == 0
            && let Some(g) = self.post.receive()
        {
            return Some(g);
        }
        if let Some(g) = self.within_slice() {
            return Some(g);
        }
        self.slice.restart();
        if let Some(g) = self.queue.pop() {
            return Some(g);
        }
        if let Some(g) = self.post.queue.take_next() {
            return Some(g);
        }
        self.post.receive()
    }

    /// Run-next, unless the slice that it inherits is used up.
    #[inline]
    fn within_slice(&self) -> Option<GRef> {
        let g = self.post.queue.take_next()?;
        if self.slice.is_used_up() {
            // Whoever waits in the deque comes first. If nobody does, it comes out again at once.
            self.queue.push(g);
            return None;
        }
        Some(g)
    }

    /// Above GOMAXPROCS: everything goes to the global queue, except what is bound to this worker.
    #[cold]
    fn retiring_work(&self) -> Option<GRef> {
        let mut moved = false;
        while let Some(g) = self.post.queue.take_next().or_else(|| self.queue.pop()) {
            self.rt.global.push(g);
            moved = true;
        }
        if moved {
            self.rt.notify_global();
        }
        self.post.receive()
    }

    #[inline]
    fn look_at_timers(&self, tick: u64) {
        let cycles = clock::cycles();
        if tick.is_multiple_of(TIMER_TURN) || cycles.wrapping_sub(self.timers_checked.get()) > TIMER_CYCLES {
            self.timers_checked.set(cycles);
            self.run_timers(false);
        }
    }

    /// Makes runnable what is due on this worker's timers, or (`all`) on every worker's. `true` if something was.
    pub(super) fn run_timers(&self, all: bool) -> bool {
        let now = clock::now();
        let mut due = Expired::default();
        if all {
            self.rt
                .posts()
                .for_each(|(_, post)| post.timers.expire(now, &mut due));
        } else {
            self.timers().expire(now, &mut due);
        }
        let any = !due.tasks.is_empty() || !due.calls.is_empty();
        for task in due.tasks {
            task.ready();
        }
        for call in due.calls {
            // A timer's function is ours or documented to be short; a panic in it must not end the worker.
            if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call.call())) {
                crate::panics::die(&format_args!(
                    "panic: in a timer's function: {}\n",
                    crate::panics::Panic::new(payload, None).message()
                ));
            }
        }
        any
    }

    #[cold]
    fn find_elsewhere(&'static self, searching: &mut bool) -> GRef {
        loop {
            if let Some(g) = self.own_work(1) {
                return g;
            }
            let retired = self.index >= self.rt.procs();
            if !retired {
                if let Some(g) = self.rt.global.take_batch(&self.queue) {
                    return g;
                }
                if !*searching {
                    *searching = self.rt.idle.start_search(self.rt.procs());
                }
                if *searching && let Some(g) = self.search() {
                    return g;
                }
            }
            self.sleep(*searching);
            *searching = true;
        }
    }

    /// Looks at all queues again and again, with naps while the others get along without help.
    fn search(&self) -> Option<GRef> {
        let mut nap = super::sleep::FIRST_NAP;
        let mut fruitless = 0;
        loop {
            if let Some(g) = self.rt.global.take_batch(&self.queue) {
                return Some(g);
            }
            if self.timers().next() != NEVER && self.run_timers(false) || !self.post.inbox_is_empty() {
                return self.own_work(1);
            }
            match self.steal() {
                Loot::Goroutine(g) => return Some(g),
                Loot::LeftAlone => {
                    fruitless = 0;
                    nap = self.nap(nap);
                }
                Loot::Nothing => {
                    fruitless += 1;
                    if fruitless == FRUITLESS_ROUNDS {
                        return None;
                    }
                }
            }
        }
    }

    /// The searcher found something. If it was the last one, there may be more that nobody was woken for: goroutines, or
    /// timers that no sleeper watches.
    pub(super) fn stop_search(&self) {
        if self.rt.idle.stop_search() {
            std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
            if self.rt.any_visible_work() || self.rt.watch_is_vacant() {
                self.rt.notify();
            }
        }
    }
}
