//! Which sleeping worker watches everybody's timers, and until when it sleeps; and what happens to those that are due.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::sched::Runtime;
use crate::timer::{CallTimer, Expired, Shard};

/// So much of what is due is taken out at once. Those that wait behind it lie where they are, not in the caches; and others
/// can take them.
pub(crate) const BATCH: usize = 128;

const VACANT: usize = usize::MAX;

/// The office of the timekeeper.
pub(crate) struct Timekeeper {
    holder: AtomicUsize,
    /// What the holder sleeps until; 0 while there is none.
    until: AtomicU64,
}

impl Timekeeper {
    pub(crate) const fn new() -> Timekeeper {
        Timekeeper {
            holder: AtomicUsize::new(VACANT),
            until: AtomicU64::new(0),
        }
    }

    /// Takes the office if it is vacant.
    pub(crate) fn try_become(&self, index: usize) -> bool {
        self.holder
            .compare_exchange(VACANT, index, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// The holder announces until when it will sleep. A fence has to follow, then a second look at the timers.
    pub(crate) fn sleep_until(&self, deadline: u64) {
        self.until.store(deadline, Ordering::SeqCst);
    }

    /// The holder is awake.
    pub(crate) fn resign(&self) {
        self.until.store(0, Ordering::SeqCst);
        self.holder.store(VACANT, Ordering::Release);
    }

    pub(crate) fn is_vacant(&self) -> bool {
        self.holder.load(Ordering::Acquire) == VACANT
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

/// Makes runnable, or calls, what is due on one worker's timers, up to `limit` of it. `true` if something was.
pub(crate) fn expire(shard: &Shard, now: u64, limit: usize) -> bool {
    let mut due = Expired::default();
    shard.expire(now, limit, &mut due);
    deliver(due)
}

impl Runtime {
    /// The same for everybody's timers, up to [`BATCH`] of each worker.
    pub(crate) fn expire_all(&self, now: u64) -> bool {
        self.expire_where(now, BATCH, |_| true)
    }

    /// The same for the timers to which nobody has seen for long, though some have been due for as long: `patience`, in nanoseconds; up to
    /// `limit` of each worker.
    pub(crate) fn expire_neglected(&self, now: u64, patience: u64, limit: usize) -> bool {
        self.expire_where(now, limit, |shard| {
            now.saturating_sub(shard.next().max(shard.expired())) > patience
        })
    }

    fn expire_where(&self, now: u64, limit: usize, which: impl Fn(&Shard) -> bool) -> bool {
        let mut due = Expired::default();
        for (_, post) in self.posts().filter(|(_, post)| which(&post.timers)) {
            post.timers.expire(now, limit, &mut due);
        }
        deliver(due)
    }
}

fn deliver(due: Expired) -> bool {
    let any = !due.goroutines.is_empty() || !due.calls.is_empty();
    crate::sched::ready_all(&due.goroutines, due.behind);
    for call in due.calls {
        CallTimer::ring(call);
    }
    any
}
