//! Who sleeps, who searches, and whom to wake: the protocol that loses no wake-up.
//! How it works is told in docs/ARCHITECTURE.md.
//!
//! This module decides; it wakes nobody itself: it returns the index of the worker that the caller has to unpark.

use crate::shim::{AtomicUsize, Guard, Mutex, Ordering, fence};

const SEARCHER: usize = 1;
const SLEEPER: usize = 1 << 16;
const LOW: usize = SLEEPER - 1;

/// The state of idleness of all workers.
#[derive(Debug)]
pub(crate) struct Idle {
    /// Searching workers in the low 16 bits, sleeping ones above. Sleeping changes only under `lists`.
    counts: AtomicUsize,
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    /// Workers below the limit that sleep (or were never started) and may be woken for any work.
    sleepers: Vec<usize>,
    /// Workers from the limit on that sleep; woken only for goroutines that are bound to them, and for timers.
    retired: Vec<usize>,
    /// How many workers there are.
    known: usize,
    /// GOMAXPROCS.
    limit: usize,
}

/// What a worker that has just been put on the list has to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Asleep {
    /// It was the last searcher: it must look at all queues once more before it parks.
    pub(crate) check_again: bool,
    /// It is above GOMAXPROCS: what it finds there is not for it.
    pub(crate) retired: bool,
}

impl Idle {
    /// Nobody is known.
    pub(crate) fn new() -> Idle {
        Idle {
            counts: AtomicUsize::new(0),
            lists: Mutex::new(Lists::default()),
        }
    }

    /// Adds worker `index`, asleep.
    pub(crate) fn add(&self, index: usize) {
        let mut lists = self.lists.lock();
        lists.known += 1;
        self.enlist(&mut lists, index, 0);
    }

    /// Changes GOMAXPROCS to `limit`. Sleeping workers change lists; nobody has to be woken for that: whoever is awake finds
    /// out when it looks for work or goes to sleep.
    pub(crate) fn set_limit(&self, limit: usize) {
        let mut lists = self.lists.lock();
        lists.limit = limit;
        let mut all = std::mem::take(&mut lists.sleepers);
        self.counts.fetch_sub(SLEEPER * all.len(), Ordering::SeqCst);
        all.append(&mut lists.retired);
        for index in all {
            self.enlist(&mut lists, index, 0);
        }
    }

    /// Under the lock: puts `index` on the list where it belongs, and changes the count of searchers in the same step.
    /// Returns the counts before.
    fn enlist(&self, lists: &mut Lists, index: usize, searchers: usize) -> usize {
        let sleepers = if index < lists.limit {
            lists.sleepers.push(index);
            SLEEPER
        } else {
            lists.retired.push(index);
            0
        };
        self.counts
            .fetch_add(sleepers.wrapping_add(searchers), Ordering::SeqCst)
    }

    /// After work was queued: the worker to wake, if one should be. It counts as searching from now on.
    #[inline]
    pub(crate) fn wake_one(&self) -> Option<usize> {
        // Orders the caller's push before the load. Pairs with the read-modify-write by which the last searcher leaves,
        // followed by its second look: one of the two sees the other.
        fence(Ordering::SeqCst);
        let counts = self.counts.load(Ordering::Relaxed);
        if counts & LOW != 0 || counts < SLEEPER {
            return None;
        }
        self.wake_one_slow()
    }

    #[cold]
    fn wake_one_slow(&self) -> Option<usize> {
        let mut lists = self.lists.lock();
        if self.counts.load(Ordering::SeqCst) & LOW != 0 {
            return None;
        }
        let index = lists.sleepers.pop()?;
        self.count_woken();
        Some(index)
    }

    /// For work that only worker `index` may do: takes it off the list. `false` if it is awake.
    pub(crate) fn wake_this(&self, index: usize) -> bool {
        let mut lists = self.lists.lock();
        if take(&mut lists.sleepers, index) {
            self.count_woken();
            return true;
        }
        if take(&mut lists.retired, index) {
            self.counts.fetch_add(SEARCHER, Ordering::SeqCst);
            return true;
        }
        false
    }

    /// Under the lock: one sleeper became a searcher.
    fn count_woken(&self) {
        // Wrapping: one sleeper less and one searcher more in a single step.
        self.counts
            .fetch_add(SEARCHER.wrapping_sub(SLEEPER), Ordering::SeqCst);
    }

    /// Becomes a searcher, unless half of the running workers search already.
    pub(crate) fn start_search(&self, procs: usize) -> bool {
        let searching = self.counts.load(Ordering::SeqCst) & LOW;
        if 2 * searching >= procs {
            return false;
        }
        self.counts.fetch_add(SEARCHER, Ordering::SeqCst);
        true
    }

    /// The searcher found something. `true` if it was the last: it must look whether there is more work, and wake another
    /// worker if so.
    #[must_use]
    pub(crate) fn stop_search(&self) -> bool {
        self.counts.fetch_sub(SEARCHER, Ordering::SeqCst) & LOW == 1
    }

    /// Puts worker `index` on the list. `searching`: it counts as a searcher until now.
    pub(crate) fn sleep(&self, index: usize, searching: bool) -> Asleep {
        let mut lists = self.lists.lock();
        let retired = index >= lists.limit;
        let searchers = if searching { SEARCHER.wrapping_neg() } else { 0 };
        let before = self.enlist(&mut lists, index, searchers);
        drop(lists);
        fence(Ordering::SeqCst);
        Asleep {
            check_again: before & LOW == usize::from(searching),
            retired,
        }
    }

    /// Whether worker `index` is still on the list, that is, nobody has woken it.
    pub(crate) fn is_asleep(&self, index: usize) -> bool {
        let lists = self.lists.lock();
        lists.sleepers.contains(&index) || lists.retired.contains(&index)
    }

    /// Whether somebody sleeps, about.
    pub(crate) fn any_asleep(&self) -> bool {
        self.counts.load(Ordering::Relaxed) >= SLEEPER
    }

    /// Whether every worker sleeps, about: nobody searches and nobody runs.
    pub(crate) fn nobody_is_awake(&self) -> bool {
        self.all_asleep().is_some()
    }

    /// If every worker sleeps: a guard under which none of them can be woken.
    pub(crate) fn all_asleep(&self) -> Option<AllAsleep<'_>> {
        let lists = self.lists.lock();
        (lists.sleepers.len() + lists.retired.len() == lists.known).then(|| AllAsleep { _lists: lists })
    }
}

/// The evidence that every worker sleeps, for as long as it is held.
pub(crate) struct AllAsleep<'a> {
    _lists: Guard<'a, Lists>,
}

fn take(list: &mut Vec<usize>, index: usize) -> bool {
    match list.iter().position(|&listed| listed == index) {
        Some(at) => {
            list.remove(at);
            true
        }
        None => false,
    }
}
