//! What happens to timers that are due.

use crate::sched::Runtime;
use crate::sched::sleep::deliver;
use crate::timer::{Expired, Shard};

/// So much of what is due is taken out at once. Those that wait behind it lie where they are, not
/// in the caches; and others can take them.
pub(crate) const BATCH: usize = 128;

/// Makes runnable, or calls, what is due on one worker's timers, up to `limit` of it. `true` if
/// something was.
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

    /// The same for the timers to which nobody has seen for long, though some have been due for as
    /// long: `patience`, in nanoseconds; up to `limit` of each worker.
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
