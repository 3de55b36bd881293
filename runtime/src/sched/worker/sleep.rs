//! Going to sleep: the second look, the timekeeper, the question whether anybody will ever run
//! again.
//!
//! A sleeping worker wakes for its own timers. One of the sleepers, the *timekeeper*, wakes for
//! everybody's: a worker that is stuck in a long run does not delay the timers that were armed on
//! it. It sleeps in the poller, once there is one: the first event wakes it. A retired worker is
//! not eligible.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use crate::idle::Surroundings;
use crate::sched::worker::Worker;
use crate::sys::clock::{self, NEVER};

/// A searcher's first nap, and the longest.
pub(super) const FIRST_NAP: Duration = Duration::from_micros(20);
const LONGEST_NAP: Duration = Duration::from_micros(150);

/// A worker above GOMAXPROCS ends its thread when it has slept for this long, in nanoseconds.
const KEEP_ALIVE: u64 = 5_000_000_000;

/// How a sleep ended.
#[derive(PartialEq, Eq)]
#[must_use]
pub(super) enum Slept {
    Awake {
        /// It counts as a searcher.
        searching: bool,
    },
    /// The thread is to end, and the worker is not its any more.
    Left,
}

impl Worker {
    /// Sleeps a moment while still counting as a searcher. Returns how long the next nap should be.
    pub(super) fn nap(&self, length: Duration) -> Duration {
        self.post.napping.store(true, Ordering::Relaxed);
        self.rt.nappers.fetch_add(1, Ordering::SeqCst);
        // Orders the two before the look. Pairs with the fences of those who queue work and then
        // look for nappers.
        fence(Ordering::SeqCst);
        // Work that was queued before the count was raised rang no bell: look once more.
        if self.rt.global.is_empty() && self.post.inbox.is_empty() {
            self.parker.park_timeout(length);
        }
        self.rt.nappers.fetch_sub(1, Ordering::SeqCst);
        self.post.napping.store(false, Ordering::Relaxed);
        (length * 2).min(LONGEST_NAP)
    }

    /// Sleeps until somebody wakes this worker or a timer is due.
    pub(super) fn sleep(&'static self, searching: bool) -> Slept {
        self.rest();
        let may_park = self.rt.idle.lie_down(self.index, searching, self.rt);
        if self.post.is_absent() {
            // The mark came after the last run.
            self.clear_stuck();
        }
        if !may_park {
            // For a moment it was on the list: the monitor may have taken that for sleep.
            self.rt.bell.worker_woken();
            return self.awake(false);
        }
        // Not above GOMAXPROCS: it may not run what it is woken for, so every event would cost a
        // hand-over; and its thread would never end, as every timer wakes it.
        self.rt.bell.worker_sleeps(&self.rt.idle);
        let retired = self.is_retired();
        self.promise.end(self);
        let mut keeper = !retired && self.rt.timekeeper.try_become(self.index);
        if retired && self.rt.watch_is_vacant() {
            self.rt.notify();
        }
        let mut patience = Duration::from_millis(5);
        let mut leave_at = clock::now() + KEEP_ALIVE;
        let mut unsure = false;
        let mut woken = Vec::new();
        loop {
            // Before the looks that follow: who changes what they see afterwards knows which bell
            // to ring.
            let poller = if keeper { crate::poll::driver() } else { None };
            if poller.is_some() {
                self.post.set_polling(true);
            }
            if !self.rt.idle.is_asleep(self.index) {
                break;
            }
            let mut deadline = if keeper {
                let deadline = self.rt.keep_time();
                if poller.is_none() && crate::poll::driver().is_some() {
                    // It was started meanwhile, by one who may have seen no timekeeper yet.
                    continue;
                }
                deadline
            } else {
                self.timers().next()
            };
            // Not the limit: nobody wakes a stand-in when that falls below it.
            if self.index >= self.rt.procs() {
                let now = clock::now();
                if leave_at <= now {
                    if self.index >= self.rt.limit() {
                        self.hand_over(std::mem::take(&mut keeper), unsure);
                        if self.try_leave() {
                            return Slept::Left;
                        }
                    }
                    leave_at = now + KEEP_ALIVE;
                }
                deadline = deadline.min(leave_at);
            }
            unsure = self.rt.check_deadlock();
            if unsure {
                // Nobody can run again, as far as we know, but some thread that we do not know
                // might be about to.
                deadline = deadline.min(clock::now() + patience.as_nanos() as u64);
                patience = (patience * 4).min(Duration::from_secs(1));
            }
            match poller {
                Some(poller) => poller.wait(deadline, &mut woken),
                None => self.park_until(deadline),
            }
            if !woken.is_empty() {
                if self.rt.idle.wake_this(self.index) {
                    self.rt.bell.worker_woken();
                }
                break;
            }
            let next = if keeper {
                self.rt.earliest_timer()
            } else {
                self.timers().next()
            };
            if next != NEVER && next <= clock::now() && self.rt.idle.wake_this(self.index) {
                let awake = self.awake(keeper);
                self.rt.bell.worker_woken();
                self.run_timers(keeper);
                return awake;
            }
        }
        let awake = self.awake(keeper);
        crate::sched::ready::ready_polled(woken);
        awake
    }

    /// Before the thread ends: others take over what this worker sees to in its sleep, the timers
    /// and the question whether anybody can run again.
    fn hand_over(&self, keeper: bool, unsure: bool) {
        if keeper {
            self.resign(false);
        }
        if unsure {
            self.rt.ask_again();
        }
    }

    /// The worker has come off the list.
    pub(super) fn awake(&self, keeper: bool) -> Slept {
        self.head.set_clock(clock::now());
        let searching = self.rt.idle.wakes_searching(self.index);
        if keeper {
            self.resign(searching);
        }
        Slept::Awake { searching }
    }

    /// Gives up the role. Whoever counts as a searcher looks whether anybody has to take over when
    /// it stops searching.
    fn resign(&self, searching: bool) {
        self.post.set_polling(false);
        if searching {
            self.promise.make(self);
        }
        self.rt.timekeeper.resign();
        if !searching {
            // Orders the vacancy before the look at the timers. Pairs with the fence in
            // `timer_armed`.
            fence(Ordering::SeqCst);
            if self.rt.watch_is_vacant() {
                self.rt.notify();
            }
        }
    }

    fn park_until(&self, deadline: u64) {
        if deadline == NEVER {
            self.parker.park();
        } else {
            let now = clock::now();
            if deadline > now {
                self.parker.park_timeout(clock::until(deadline, now));
            }
        }
    }
}
