//! The order in which a worker looks for work.

use crate::bias::bias;
use crate::g::GRef;
use crate::idle::Surroundings;
use crate::sched::expire::{self, BATCH};
use crate::sched::worker::Worker;
use crate::sched::worker::sleep::Slept;
use crate::sched::worker::steal::Loot;
use crate::sys::clock::{self, NEVER};

/// The global queue has its turn this often, even if the own queue is never empty.
const GLOBAL_TURN: u64 = 64;
/// Timers are looked at when this many cycles have passed (about 10 µs), or at every `TIMER_TURN`th
/// run.
const TIMER_CYCLES: u64 = 25_000;
const TIMER_TURN: u64 = 16;
/// Nanoseconds for which others' timers are left to their owners, who look more often than that,
/// unless they are in a long run.
const OTHERS_LATE: u64 = 50_000;
/// A searcher that found nothing this often in a row goes to sleep.
const FRUITLESS_ROUNDS: u32 = 3;

impl Worker {
    /// The next goroutine to run; sleeps until there is one. `searching` says, and is told, whether
    /// this worker counts as a searcher.
    #[inline]
    pub(super) fn next(&'static self, searching: &mut bool) -> Option<GRef> {
        let tick = self.post.queue.tick();
        if let Some(g) = self.next_at_once(tick).or_else(|| self.own_work(tick)) {
            return Some(g);
        }
        self.find_elsewhere(searching)
    }

    /// Run-next, if nothing else has to be looked at before: the way of most hand-offs, in few
    /// instructions.
    #[inline(always)]
    fn next_at_once(&self, tick: u64) -> Option<GRef> {
        let nothing_else = self.timers().next() == NEVER
            && self.index < self.rt.limit()
            && !self.wrote.get()
            && !tick.is_multiple_of(GLOBAL_TURN);
        if nothing_else && self.slice.has_runs_left() {
            let g = self.post.queue.take_next(self.seat())?;
            self.slice.count_run();
            return Some(g);
        }
        None
    }

    #[inline(never)]
    fn own_work(&'static self, tick: u64) -> Option<GRef> {
        if self.timers().next() != NEVER {
            self.look_at_timers(tick);
        }
        if self.index >= self.rt.limit() {
            return self.bound_work();
        }
        // If the other end of what was written to is in this process too, its event is there
        // already, and all that belongs to the connection is in this core's cache. In another
        // worker's hands, each message costs as much again for moving it. With one worker the
        // events can wait until the queue is empty: then there are many for one call.
        if self.wrote.get() && self.rt.limit() > 1 {
            self.look_at_poller();
        }
        if tick.is_multiple_of(GLOBAL_TURN)
            && let Some(g) = self.outside_work()
        {
            return Some(g);
        }
        if let Some(g) = self.within_slice() {
            return Some(g);
        }
        self.slice.restart();
        // Bound goroutines and the others take turns, so that neither kind starves the other.
        let bound_first = !self.bound_first.get();
        self.bound_first.set(bound_first);
        if bound_first {
            self.bound.pop(&self.post.inbox).or_else(|| self.queue.pop())
        } else {
            self.queue.pop().or_else(|| self.bound.pop(&self.post.inbox))
        }
    }

    /// What comes from elsewhere has its turn, though the own queue is not empty.
    #[cold]
    fn outside_work(&'static self) -> Option<GRef> {
        self.alone.consider(self);
        self.look_at_poller();
        self.rt.global.take_one()
    }

    /// Makes runnable who waits for an event that is there. `true` if somebody did.
    fn look_at_poller(&self) -> bool {
        self.wrote.set(false);
        let woken = crate::poll::look();
        let any = !woken.is_empty();
        crate::sched::ready::ready_polled(woken);
        self.promise.attend(self);
        any
    }

    /// Run-next, unless the slice that it inherits is used up.
    #[inline]
    fn within_slice(&self) -> Option<GRef> {
        if let Some(g) = self.post.queue.take_next(self.seat()) {
            if !self.slice.is_used_up() {
                return Some(g);
            }
            // Whoever waits in the deque comes first. If nobody does, it comes out again at once.
            self.queue.push(g);
        } else if let Some(g) = self.bound.take_next() {
            if !self.slice.is_used_up() {
                return Some(g);
            }
            self.bound.push(g);
        }
        None
    }

    /// Above GOMAXPROCS, or locked: everything goes elsewhere, except what is bound to this worker.
    #[cold]
    pub(super) fn bound_work(&self) -> Option<GRef> {
        let mut moved = false;
        while let Some(g) = self
            .post
            .queue
            .take_next(self.seat())
            .or_else(|| self.queue.pop())
        {
            self.rt.global.push(g);
            moved = true;
        }
        if moved {
            self.rt.notify_global();
        }
        self.rt.send_elsewhere(self.post);
        self.bound
            .take_next()
            .or_else(|| self.bound.pop_bound(&self.post.inbox))
    }

    #[inline]
    fn look_at_timers(&self, tick: u64) {
        let cycles = clock::cycles();
        if tick.is_multiple_of(TIMER_TURN) || cycles.wrapping_sub(self.timers_checked.get()) > TIMER_CYCLES {
            self.timers_checked.set(cycles);
            // Expire at most what can run before its prefetched lines are evicted, but at least as
            // many as ran since the last check.
            let ticks = self.post.queue.ticks();
            let run = ticks.wrapping_sub(self.timers_tick.replace(ticks)) as usize;
            let room = BATCH.saturating_sub(self.queue.len());
            expire::expire(self.timers(), clock::now(), room.max(run));
        }
    }

    /// Makes runnable what is due on this worker's timers, or (`all`) on every worker's. `true` if
    /// something was.
    pub(super) fn run_timers(&self, all: bool) -> bool {
        let now = clock::now();
        if all {
            self.rt.expire_all(now)
        } else {
            expire::expire(self.timers(), now, BATCH)
        }
    }

    /// The same for this worker's, without a look at the clock if there are none.
    fn run_own_timers(&self) -> bool {
        self.timers().next() != NEVER && self.run_timers(false)
    }

    /// The same for other workers' timers that their owners are not quick enough to see to.
    fn help_with_timers(&self) -> bool {
        self.rt.earliest_timer() != NEVER && self.rt.expire_neglected(clock::now(), OTHERS_LATE, BATCH)
    }

    #[cold]
    fn find_elsewhere(&'static self, searching: &mut bool) -> Option<GRef> {
        loop {
            if let Some(g) = self.own_work(1) {
                return Some(g);
            }
            if self.run_own_timers() {
                continue;
            }
            let retired = self.index >= self.rt.limit();
            if !retired {
                if let Some(g) = self.rt.global.take_batch(&self.queue) {
                    return Some(g);
                }
                if self.look_at_poller() {
                    continue;
                }
                if !*searching {
                    *searching = self.rt.idle.start_search(self.rt.procs());
                }
                if *searching && let Some(g) = self.search() {
                    return Some(g);
                }
            }
            match self.sleep(*searching) {
                Slept::Awake { searching: counts } => *searching = counts,
                Slept::Left => return None,
            }
        }
    }

    /// Looks at all queues again and again, with naps while the others get along without help.
    fn search(&'static self) -> Option<GRef> {
        // The way of a server with few clients: there is nobody to steal from.
        if crate::poll::is_of_use()
            && self.rt.idle.all_others_sleep(self.rt.limit())
            && !self.rt.any_visible_work()
        {
            return None;
        }
        let mut nap = super::sleep::FIRST_NAP;
        let mut fruitless = 0;
        loop {
            if let Some(g) = self.rt.global.take_batch(&self.queue) {
                return Some(g);
            }
            if self.run_own_timers() || self.help_with_timers() || !self.post.inbox.is_empty() {
                return self.own_work(1);
            }
            if self.look_at_poller() {
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

    /// The searcher found something.
    pub(super) fn stop_search(&self) {
        // One barrier now instead of one at the first step of what this worker runs.
        bias().revoke_others(|| Some(self.seat()));
        self.rt.idle.leave_search(self.rt);
    }
}
