//! Which worker watches everybody's timers, and until when it sleeps.

use crate::shim::{AtomicU64, AtomicUsize, Ordering, fence};
use crate::sys::clock::NEVER;

/// Nanoseconds within which a timer is not left to a promise.
const SOON: u64 = 1_000_000;

const VACANT: usize = usize::MAX;

/// The timekeeper's role, and the promise of one that has left it for a moment.
///
/// A worker that wakes in the role runs what it was woken for, and is soon asleep again. To wake
/// another one each time that takes over meanwhile costs more than what most servers do for a
/// message. So the one that wakes *promises* to look at timers and events itself, soon, and nobody
/// is woken as long as no timer is due before long. The promise ends when it goes back to sleep; or
/// when it finds that it has not looked for long; or when the monitor does.
pub(crate) struct Timekeeper {
    holder: AtomicUsize,
    /// What the holder sleeps until; 0 while there is none.
    until: AtomicU64,
    /// Who has promised.
    promised: AtomicUsize,
    /// When that one looked last, in cycles.
    attended: AtomicU64,
}

/// What has to be done for a timer that was armed.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Armed {
    /// Nothing: who keeps watch will see it in time.
    Watched,
    /// This worker sleeps, past the deadline.
    Nudge(usize),
    /// Nobody keeps watch.
    Wake,
}

impl Timekeeper {
    pub(crate) fn new() -> Timekeeper {
        Timekeeper {
            holder: AtomicUsize::new(VACANT),
            until: AtomicU64::new(0),
            promised: AtomicUsize::new(VACANT),
            attended: AtomicU64::new(0),
        }
    }

    /// Takes the role if it is vacant.
    pub(crate) fn try_become(&self, index: usize) -> bool {
        self.holder
            .compare_exchange(VACANT, index, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// For the holder, before it sleeps: until when it may. It is nudged if an earlier timer is
    /// armed. `earliest` asks for the earliest deadline of all timers.
    pub(crate) fn keep(&self, earliest: impl Fn() -> u64) -> u64 {
        loop {
            let deadline = earliest();
            self.until.store(deadline, Ordering::SeqCst);
            // Orders the announcement, and the end of a promise before it, before the second look.
            // Pairs with the fence in `armed`.
            fence(Ordering::SeqCst);
            if earliest() >= deadline {
                return deadline;
            }
        }
    }

    /// The holder is awake.
    pub(crate) fn resign(&self) {
        self.until.store(0, Ordering::SeqCst);
        self.holder.store(VACANT, Ordering::Release);
    }

    pub(crate) fn is_vacant(&self) -> bool {
        self.holder.load(Ordering::Acquire) == VACANT
    }

    /// The holder, before it resigns: it will look at timers and events itself. One that promised
    /// before is relieved by that.
    pub(crate) fn promise(&self, index: usize, cycles: u64) {
        self.attended.store(cycles, Ordering::Relaxed);
        self.promised.store(index, Ordering::SeqCst);
    }

    /// Worker `index`, which promised, looks at timers and events now.
    pub(crate) fn attend(&self, cycles: u64) {
        self.attended.store(cycles, Ordering::Relaxed);
    }

    /// Ends the promise of worker `index`, if it stands. Before others rely on it no longer: a
    /// fence has to follow, and a look at the timers.
    pub(crate) fn end_promise(&self, index: usize) {
        let _ = self
            .promised
            .compare_exchange(index, VACANT, Ordering::SeqCst, Ordering::Relaxed);
    }

    /// The worker whose promise stands though it has not looked for `patience` cycles. `cycles` is
    /// asked for the present.
    pub(crate) fn overdue(&self, patience: u64, cycles: impl FnOnce() -> u64) -> Option<usize> {
        let index = self.promised.load(Ordering::Acquire);
        let waits = || cycles().saturating_sub(self.attended.load(Ordering::Relaxed));
        (index != VACANT && waits() > patience).then_some(index)
    }

    /// Whether somebody awake has promised to see to everything that is due at `deadline` or later.
    pub(crate) fn is_promised(&self, deadline: u64, now: impl FnOnce() -> u64) -> bool {
        self.promised.load(Ordering::SeqCst) != VACANT
            && (deadline == NEVER || deadline.saturating_sub(now()) > SOON)
    }

    /// After a timer was armed.
    pub(crate) fn armed(&self, deadline: u64, now: impl FnOnce() -> u64) -> Armed {
        // Pairs with the fences in `keep`, in `Worker::stop_search`, and where a promise ends:
        // either those who end their watch see the timer, or this sees what the holder sleeps until
        // (or that nobody watches).
        fence(Ordering::SeqCst);
        if let Some(keeper) = self.sleeps_past(deadline) {
            Armed::Nudge(keeper)
        } else if self.is_vacant() && !self.is_promised(deadline, now) {
            Armed::Wake
        } else {
            Armed::Watched
        }
    }

    /// The holder, if it would sleep past `deadline`.
    pub(crate) fn sleeps_past(&self, deadline: u64) -> Option<usize> {
        if self.until.load(Ordering::SeqCst) <= deadline {
            return None;
        }
        match self.holder.load(Ordering::Acquire) {
            VACANT => None,
            index => Some(index),
        }
    }
}
