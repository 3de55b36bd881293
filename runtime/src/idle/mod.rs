//! Who sleeps, who searches, and whom to wake: the protocol that loses no wake-up. How it works,
//! and why no wake-up is lost, is told in the README beside this file; `loom_tests::idle` models
//! it.
//!
//! This module decides. What it has to see and do outside (the queues, waking a thread) it asks of
//! its [`Surroundings`].

use crate::bias::heavy_fence;
use crate::shim::{AtomicUsize, Guard, Mutex, Ordering, full_fence};

const SEARCHER: usize = 1;
const SLEEPER: usize = 1 << 16;
const LOW: usize = SLEEPER - 1;

/// The state of idleness of all workers.
#[derive(Debug)]
pub(crate) struct Idle {
    /// Searching workers in the low 16 bits, sleeping ones above. Sleeping changes only under
    /// `lists`.
    counts: AtomicUsize,
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    /// Workers below the limit that sleep (or were never started) and may be woken for any work.
    sleepers: Vec<usize>,
    /// Workers that sleep and may not run anything: from the limit on, and locked ones. Woken only
    /// for goroutines that are bound to them, and for timers.
    retired: Vec<usize>,
    /// Workers, asleep or not, whose thread belongs to one goroutine.
    locked: Vec<usize>,
    /// Workers that were taken off `retired`, and have not been told that they do not count as
    /// searchers.
    summoned: Vec<usize>,
    /// How many workers there are.
    known: usize,
    /// GOMAXPROCS.
    limit: usize,
}

impl Lists {
    fn runs_anything(&self, index: usize) -> bool {
        index < self.limit && !self.locked.contains(&index)
    }
}

/// What a worker that has just been put on the list has to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Asleep {
    /// It was the last searcher: it must look at all queues once more before it parks.
    pub(crate) check_again: bool,
    /// It is above GOMAXPROCS, or locked: what it finds there is not for it.
    pub(crate) retired: bool,
}

/// What the protocol asks of the scheduler, or of the model that stands in for it.
pub(crate) trait Surroundings {
    /// Whether a worker that searches now would find something.
    fn any_visible_work(&self) -> bool;
    /// Whether there is work that only worker `index` may do.
    fn has_bound_work(&self, index: usize) -> bool;
    /// Whether there are timers, and sleepers, but nobody who watches the timers.
    fn watch_is_vacant(&self) -> bool;
    /// Wakes the thread of worker `index`, which is off the list already.
    fn unpark(&self, index: usize);
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

    /// After work was queued where any worker may take it: wakes one unless somebody searches
    /// already.
    #[inline]
    pub(crate) fn notify(&self, around: &impl Surroundings) {
        // Orders the caller's push before the load. Pairs with the read-modify-write by which the
        // last searcher leaves, followed by its second look: one of the two sees the other.
        full_fence();
        self.notify_behind_fence(around);
    }

    /// As [`Idle::notify`], after a fence of the caller's
    /// ([`Bias::publish_fence`](crate::bias::Bias::publish_fence)).
    #[inline]
    pub(crate) fn notify_behind_fence(&self, around: &impl Surroundings) {
        if let Some(index) = self.wake_one() {
            around.unpark(index);
        }
    }

    /// After work was queued that only worker `index` may do. `false` if the worker is awake.
    pub(crate) fn notify_this(&self, index: usize, around: &impl Surroundings) -> bool {
        // Orders the push before the look at the list. Pairs with the fence in `sleep`, after which
        // the worker looks for bound work.
        full_fence();
        let asleep = self.wake_this(index);
        if asleep {
            around.unpark(index);
        }
        asleep
    }

    /// The searcher found something. If it was the last one, there may be more that nobody was
    /// woken for: goroutines, or timers that no sleeper watches.
    pub(crate) fn leave_search(&self, around: &impl Surroundings) {
        if self.stop_search() && (around.any_visible_work() || around.watch_is_vacant()) {
            self.notify(around);
        }
    }

    /// Worker `index` found nothing and goes to sleep; `searching`: it counts as a searcher until
    /// now. `true`: it may park, for as long as [`Idle::is_asleep`] says so. `false`: something has
    /// turned up meanwhile, and it is awake. Then [`Idle::wakes_searching`] has to be asked.
    pub(crate) fn lie_down(&self, index: usize, searching: bool, around: &impl Surroundings) -> bool {
        let asleep = self.sleep(index, searching);
        let more = asleep.check_again && around.any_visible_work();
        if more && asleep.retired {
            // Work was queued in the belief that this worker searches. It may not take it, so
            // another one has to.
            self.notify(around);
        }
        let for_me = more && !asleep.retired || around.has_bound_work(index);
        !(for_me && self.wake_this(index))
    }

    /// Lets workers below `limit` run anything: sleeping ones change lists, whoever is awake finds
    /// out when it looks for work or goes to sleep. Wakes a worker if that lets one take work that
    /// waits. `publish` stores the limit where workers look; it runs under the lock, so that a
    /// worker which has seen the new limit there finds the lists changed when it lies down. In any
    /// other order it may go round and round until both are done.
    pub(crate) fn change_limit(&self, limit: usize, publish: impl FnOnce(), around: &impl Surroundings) {
        let before = self.relist(limit, publish);
        // Orders the change of the counts before the look at the queues. Pairs with the fence in
        // `notify`: work may have been queued while nobody slept who was allowed to take it. And
        // nobody may have slept who is eligible as timekeeper.
        heavy_fence();
        if limit > before && (around.any_visible_work() || around.watch_is_vacant()) {
            // One is enough: whoever finds something wakes the next.
            self.notify(around);
        }
    }

    /// Puts the sleepers on the lists where they belong below `limit`; returns the limit before.
    fn relist(&self, limit: usize, publish: impl FnOnce()) -> usize {
        let mut lists = self.lists.lock();
        publish();
        let before = std::mem::replace(&mut lists.limit, limit);
        let slept = lists.sleepers.len();
        let mut all = std::mem::take(&mut lists.sleepers);
        all.append(&mut lists.retired);
        (lists.sleepers, lists.retired) = all.into_iter().partition(|&index| lists.runs_anything(index));
        // In one step: were the count to fall to zero in between, `wake_one` would believe that
        // nobody sleeps.
        let change = lists.sleepers.len().wrapping_sub(slept).wrapping_mul(SLEEPER);
        self.counts.fetch_add(change, Ordering::SeqCst);
        before
    }

    /// Under the lock: puts `index` on the list where it belongs, and changes the count of
    /// searchers in the same step. Returns the counts before.
    fn enlist(&self, lists: &mut Lists, index: usize, searchers: usize) -> usize {
        let sleepers = if lists.runs_anything(index) {
            lists.sleepers.push(index);
            SLEEPER
        } else {
            lists.retired.push(index);
            0
        };
        self.counts
            .fetch_add(sleepers.wrapping_add(searchers), Ordering::SeqCst)
    }

    /// After work was queued, and a fence: the worker to wake, if one should be. It counts as
    /// searching from now on.
    #[inline]
    fn wake_one(&self) -> Option<usize> {
        // Sequentially consistent, for a caller that left the fence out: behind its look at whether
        // it may.
        let counts = self.counts.load(Ordering::SeqCst);
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
    ///
    /// A retired one is not counted as a searcher: it may not take what others would leave to it.
    /// If it counted, goroutines that have locked their threads and wake each other all the time
    /// would keep everybody else asleep.
    pub(crate) fn wake_this(&self, index: usize) -> bool {
        let mut lists = self.lists.lock();
        if take(&mut lists.sleepers, index) {
            self.count_woken();
            return true;
        }
        if take(&mut lists.retired, index) {
            lists.summoned.push(index);
            return true;
        }
        false
    }

    /// Worker `index` has come off the list: whether it counts as a searcher since. To be asked
    /// once each time.
    pub(crate) fn wakes_searching(&self, index: usize) -> bool {
        !take(&mut self.lists.lock().summoned, index)
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

    /// The searcher found something. `true` if it was the last: it must look whether there is more
    /// work, and wake another worker if so.
    #[must_use]
    fn stop_search(&self) -> bool {
        let last = self.counts.fetch_sub(SEARCHER, Ordering::SeqCst) & LOW == 1;
        if last {
            // Orders the count before the second look. Pairs with the fence in `notify`.
            heavy_fence();
        }
        last
    }

    /// Puts worker `index` on the list. `searching`: it counts as a searcher until now.
    pub(crate) fn sleep(&self, index: usize, searching: bool) -> Asleep {
        let mut lists = self.lists.lock();
        let retired = !lists.runs_anything(index);
        let searchers = if searching { SEARCHER.wrapping_neg() } else { 0 };
        let before = self.enlist(&mut lists, index, searchers);
        drop(lists);
        // Orders the count, and the list, before the second look. Pairs with the fences in `notify`
        // and `notify_this`.
        heavy_fence();
        Asleep {
            check_again: before & LOW == usize::from(searching),
            retired,
        }
    }

    /// Worker `index` belongs to one goroutine from now on, or no longer. A change of the limit has
    /// to follow ([`Idle::change_limit`]), which puts it on the list where it belongs if it sleeps,
    /// and looks at the queues.
    pub(crate) fn set_locked(&self, index: usize, locked: bool) {
        let mut lists = self.lists.lock();
        let was = take(&mut lists.locked, index);
        debug_assert_ne!(was, locked, "once each");
        if locked {
            lists.locked.push(index);
        }
    }

    /// Whether worker `index` is still on the list, that is, nobody has woken it.
    pub(crate) fn is_asleep(&self, index: usize) -> bool {
        let lists = self.lists.lock();
        lists.sleepers.contains(&index) || lists.retired.contains(&index)
    }

    /// For models: whether the counts agree with the lists, and whether `searchers` workers search
    /// or have been summoned.
    #[cfg(loom)]
    pub(crate) fn is_consistent(&self, searchers: Option<usize>) -> bool {
        let lists = self.lists.lock();
        let counts = self.counts.load(Ordering::SeqCst);
        counts / SLEEPER == lists.sleepers.len()
            && lists.sleepers.iter().all(|&index| lists.runs_anything(index))
            && lists.retired.iter().all(|&index| !lists.runs_anything(index))
            && searchers.is_none_or(|searchers| (counts & LOW) + lists.summoned.len() == searchers)
    }

    /// Whether worker `index` sleeps, and may not run anything.
    pub(crate) fn is_retired(&self, index: usize) -> bool {
        self.lists.lock().retired.contains(&index)
    }

    /// Whether somebody searches, about.
    pub(crate) fn anybody_searches(&self) -> bool {
        self.counts.load(Ordering::Relaxed) & LOW != 0
    }

    /// Whether of the workers below `limit` all but one sleep or search, about.
    pub(crate) fn others_rest(&self, limit: usize) -> bool {
        let counts = self.counts.load(Ordering::Relaxed);
        counts / SLEEPER + (counts & LOW) + 1 >= limit
    }

    /// Whether of the workers below `limit` all but one, which searches, sleep, about.
    pub(crate) fn all_others_sleep(&self, limit: usize) -> bool {
        let counts = self.counts.load(Ordering::Relaxed);
        counts & LOW == 1 && counts / SLEEPER + 1 >= limit
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
