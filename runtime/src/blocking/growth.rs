//! How fast the pool of calls grows while none of them finishes.
//!
//! The watch (see [`queue`](super::queue)) looks every `Builder::blocking_patience` (10 ms) as long
//! as a call waits that no helper is about to take. A pool that finishes nothing gets one helper
//! more, then two, four and so on: a thousand calls that wait for one another run within a tenth of
//! a second. As soon as one finishes, it begins with one again.
//!
//! Calls that compute finish by themselves, and more threads would only share the same processors:
//! so while as many helpers compute as there are processors (or all of them), it gets one more
//! every [`LONGER`] times as long and no faster. Not none: one that computes may be spinning for
//! what a queued one does.
//!
//! While nothing is queued the watch sleeps; an idle program uses no CPU.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::queue::Verdict;
use super::{Pool, give_up};
use crate::sys::thread::{self, Doing};

/// So many times as long calls that compute may take.
const LONGER: u32 = 100;

/// The kernel's numbers of the helper threads, of both pools: those that wait do not compute.
static HELPERS: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// A helper thread that is on the list.
pub(super) struct Listed(i32);

impl Listed {
    /// The calling thread.
    pub(super) fn new() -> Listed {
        let id = thread::own_id();
        HELPERS.lock().push(id);
        Listed(id)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut helpers = HELPERS.lock();
        if let Some(at) = helpers.iter().position(|&id| id == self.0) {
            helpers.swap_remove(at);
        }
    }
}

/// Whether the helpers have the processors to themselves: then they get on, and more of them would
/// not.
fn helpers_compute() -> bool {
    let helpers = HELPERS.lock().clone();
    let enough = crate::sys::cpu::count().min(helpers.len());
    let computing = helpers.iter().filter(|&&id| thread::doing(id) == Doing::Computes);
    computing.take(enough).count() == enough
}

/// How much the pool grows at a time.
struct Pace {
    patience: Duration,
    /// The calls that were finished when it grew last.
    finished: usize,
    last: Instant,
    step: usize,
}

impl Pace {
    fn new(patience: Duration) -> Pace {
        Pace {
            patience,
            finished: 0,
            last: Instant::now(),
            step: 0,
        }
    }

    /// The pool starves, and `finished` calls are over: by how many helpers it grows now.
    fn step(&mut self, finished: usize, now: Instant, compute: impl FnOnce() -> bool) -> usize {
        if finished != self.finished {
            // The patience has passed since one finished, at least.
            (self.finished, self.last, self.step) = (finished, now, 0);
        }
        if compute() {
            if now.duration_since(self.last) < self.patience.saturating_mul(LONGER) {
                return 0;
            }
            self.step = 1;
        } else {
            self.step = (self.step * 2).max(1);
        }
        self.last = now;
        self.step
    }
}

impl Pool {
    /// Starts the watch. It does not count for `Builder::max_threads`: it makes no calls, and a
    /// program that just fits must not end for it. The helpers that it starts do.
    pub(super) fn start_watch(self) {
        let rt = crate::sched::runtime();
        rt.threads.fetch_add(1, Ordering::SeqCst);
        if thread::spawn(String::from("gort-helpers"), move || self.watch()).is_err() {
            rt.threads.fetch_sub(1, Ordering::SeqCst);
            give_up(self.queue().watch_failed());
        }
    }

    /// The life of the watch.
    fn watch(self) {
        let config = crate::config::get();
        let mut pace = Pace::new(config.blocking_patience);
        let watch = || {
            self.queue()
                .watch(config.blocking_patience, config.blocking_keep_alive)
        };
        while let Verdict::Starves { finished } = watch() {
            let step = pace.step(finished, Instant::now(), helpers_compute);
            let more = self.queue().grow(step);
            let started = (0..more).take_while(|_| self.start_helper()).count();
            if started < more {
                give_up(self.queue().growth_failed(more - started));
            }
        }
        crate::sched::runtime().threads.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_faster_and_faster_until_one_finishes() {
        let mut pace = Pace::new(Duration::from_millis(10));
        let now = Instant::now();
        let steps = [5, 5, 5, 5, 6, 6].map(|finished| pace.step(finished, now, || false));
        assert_eq!(steps, [1, 2, 4, 8, 1, 2]);
    }

    #[test]
    fn those_that_compute_get_one_more_a_second() {
        let mut pace = Pace::new(Duration::from_millis(10));
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let steps = [0, 500, 999, 1000, 1500, 2000].map(|millis| pace.step(7, at(millis), || true));
        assert_eq!(steps, [0, 0, 0, 1, 0, 1]);
        assert_eq!(pace.step(7, at(2010), || false), 2);
        assert_eq!(pace.step(8, at(2020), || true), 0);
    }
}
