//! The owner's side of a promise to keep watch
//! ([`Timekeeper`](crate::sched::timekeeper::Timekeeper)): whether to make one, and to notice that
//! it is not kept.
//!
//! How long a worker will be away nobody knows. So it goes by what it did before: one that did not
//! look for [`LONG`] makes no promise for the next [`WARY`] times, and another worker takes over at
//! once. Not if it was away because the kernel ran somebody else meanwhile: on a busy machine that
//! says nothing about what it will do, and more threads that want to run make it worse.

use std::cell::Cell;

use crate::sched::worker::Worker;
use crate::sys::clock;

/// Cycles between two looks at the poller that are too many for those who wait: about 200 µs.
pub(crate) const LONG: u64 = 500_000;
/// So many promises are left out after such a time.
const WARY: u32 = 16;

/// Of one worker.
#[derive(Default)]
pub(super) struct Promise {
    stands: Cell<bool>,
    /// When this worker looked last, or woke, in cycles; 0 while that does not count.
    attended: Cell<u64>,
    /// So many more are left out.
    wary: Cell<u32>,
    /// How often the kernel had taken the processor away when this worker was away for long last.
    preemptions: Cell<i64>,
}

impl Promise {
    /// The worker has woken in the timekeeper's role, and leaves it now.
    pub(super) fn make(&self, worker: &Worker) {
        let now = clock::cycles();
        self.attended.set(now);
        let wary = self.wary.get();
        if wary > 0 {
            self.wary.set(wary - 1);
        } else {
            self.stands.set(true);
            worker.rt.timekeeper.promise(worker.index, now);
        }
    }

    /// The worker has just looked into the poller.
    pub(super) fn attend(&self, worker: &Worker) {
        if self.attended.get() == 0 {
            return;
        }
        let long = self.measure(clock::cycles());
        if self.stands.get() {
            let rt = worker.rt;
            // A timer may have been armed since, or come nearer.
            if long || !rt.timekeeper.is_promised(rt.earliest_timer(), clock::now) {
                self.stands.set(false);
                rt.break_promise(worker.index);
            } else {
                rt.timekeeper.attend(self.attended.get());
            }
        }
    }

    /// The worker sleeps: whoever is awake, or the timekeeper, keeps watch from now on.
    pub(super) fn end(&self, worker: &Worker) {
        if self.attended.get() != 0 {
            self.measure(clock::cycles());
            self.attended.set(0);
        }
        if self.stands.take() {
            worker.rt.timekeeper.end_promise(worker.index);
        }
    }

    /// Whether the worker has not looked for too long.
    fn measure(&self, now: u64) -> bool {
        let long = now.saturating_sub(self.attended.replace(now)) > LONG;
        if long {
            let preemptions = crate::sys::thread::preemptions();
            if self.preemptions.replace(preemptions) == preemptions {
                self.wary.set(WARY);
            }
        }
        long
    }
}
