//! `Cond`: Go's ticket list is a queue of waiters here. A waiter gets in line before it unlocks, so a notification after the
//! unlock reaches it, parked or not.

use std::time::Duration;

use super::guard::{Key, Relock};
use super::limit::Limit;
#[cfg(not(loom))]
use super::limit::until_done;
use super::rt::explore::{self, Op};
use super::rt::{WaitReason, const_unless_loom};
use super::wait_list::WaitList;
#[cfg(not(loom))]
use crate::rt::RecvFrom;

const WAIT: Op = Op::new("wait", "cond");
const NOTIFY_ONE: Op = Op::new("notify_one", "cond");
const NOTIFY_ALL: Op = Op::new("notify_all", "cond");

/// A condition variable: goroutines wait for, or announce, that something about guarded data has changed.
///
/// First come, first served: [`notify_one`](Cond::notify_one) wakes whoever waits longest. Nobody wakes without a
/// notification, and a notification that finds nobody waiting is lost. Whoever notifies need not hold the lock. As the
/// condition may have changed again before a waiter has locked, wait in a loop, or with [`wait_while`](Cond::wait_while).
///
/// It works with the guards of [`Mutex`](super::Mutex) and of [`RwLock`](super::RwLock), reading or writing. There is no
/// poisoning: if a notifier panics with the lock held, its guard unlocks, and waiters find what it left. Go's
/// `sync.Cond is copied` cannot happen, since a `Cond` is no `Clone`.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::{Cond, Mutex};
/// use std::collections::VecDeque;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let queue = Arc::new((Mutex::new(VecDeque::new()), Cond::new()));
///     let consumer = go!([queue] {
///         let (items, ready) = &*queue;
///         let mut items = items.lock();
///         ready.wait_while(&mut items, |items| items.is_empty());
///         items.pop_front()
///     });
///     queue.0.lock().push_back(7);
///     queue.1.notify_one();
///     assert_eq!(consumer.join().unwrap(), Some(7));
/// });
/// ```
#[doc(alias = "NewCond")]
#[derive(Debug)]
pub struct Cond {
    waiting: WaitList<()>,
}

impl Default for Cond {
    fn default() -> Cond {
        Cond::new()
    }
}

impl Cond {
    const_unless_loom! {
        /// One that nobody waits for.
        ///
        /// ```
        /// use gort::sync::Cond;
        ///
        /// static CHANGED: Cond = Cond::new();
        /// // Nobody waits: nothing happens.
        /// CHANGED.notify_all();
        /// ```
        pub fn new() -> Cond {
            Cond { waiting: WaitList::new(()) }
        }
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// gort::sync::Cond::named("changed").notify_all();
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>) -> Cond {
        let name = name.into();
        let named = Cond::new();
        named.waiting.label().set(name);
        named
    }

    /// Unlocks `guard`, waits for a notification, and locks again.
    ///
    /// ```
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (ready, changed) = (Mutex::new(false), Cond::new());
    /// gort::scope(|s| {
    ///     s.spawn(|| {
    ///         *ready.lock() = true;
    ///         changed.notify_one();
    ///     });
    ///     let mut guard = ready.lock();
    ///     while !*guard {
    ///         changed.wait(&mut guard);
    ///     }
    ///     assert!(*guard);
    /// });
    /// ```
    #[doc(alias = "Wait")]
    #[track_caller]
    pub fn wait<G: Relock>(&self, guard: &mut G) {
        self.wait_limited(guard, &Limit::Never);
    }

    /// As [`wait`](Cond::wait), but not longer than `timeout` (then it locks again, which may take longer). `false` if the time
    /// ran out before a notification.
    ///
    /// ```
    /// use gort::sync::{Cond, Mutex};
    /// use std::time::Duration;
    ///
    /// let (mutex, cond) = (Mutex::new(()), Cond::new());
    /// assert!(!cond.wait_timeout(&mut mutex.lock(), Duration::from_millis(1)));
    /// ```
    #[track_caller]
    pub fn wait_timeout<G: Relock>(&self, guard: &mut G, timeout: Duration) -> bool {
        self.wait_limited(guard, &Limit::after(timeout))
    }

    /// As [`wait`](Cond::wait), but gives up when a value comes from `done`, or when it is closed: `false`. If it is notified at
    /// the same time, by [`notify_one`](Cond::notify_one), the notification goes to the next that waits.
    ///
    /// ```
    /// use gort::prelude::*;
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (lock, changed, done) = (Mutex::new(()), Cond::new(), chan!(()));
    /// done.close();
    /// assert!(!changed.wait_or(&mut lock.lock(), &done));
    /// ```
    #[cfg(not(loom))]
    #[track_caller]
    pub fn wait_or<G: Relock>(&self, guard: &mut G, done: &impl RecvFrom) -> bool {
        until_done(done, |limit| {
            let notified = self.wait_limited(guard, limit);
            notified && !limit.has_come()
        })
    }

    /// Waits as long as `condition` holds for the guarded value; does not wait if it does not hold now.
    ///
    /// ```
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (ready, changed) = (Mutex::new(false), Cond::new());
    /// gort::scope(|s| {
    ///     s.spawn(|| {
    ///         *ready.lock() = true;
    ///         changed.notify_one();
    ///     });
    ///     let mut guard = ready.lock();
    ///     changed.wait_while(&mut guard, |ready| !*ready);
    ///     assert!(*guard);
    /// });
    /// ```
    #[track_caller]
    pub fn wait_while<G: Relock>(&self, guard: &mut G, mut condition: impl FnMut(&G::Target) -> bool) {
        while condition(guard) {
            self.wait(guard);
        }
    }

    /// As [`wait_while`](Cond::wait_while), but not longer than `timeout`. `false` if the condition still held then.
    ///
    /// ```
    /// use gort::sync::{Cond, Mutex};
    /// use std::time::Duration;
    ///
    /// let (count, changed) = (Mutex::new(0), Cond::new());
    /// let mut count = count.lock();
    /// assert!(!changed.wait_timeout_while(&mut count, Duration::from_millis(1), |n| *n == 0));
    /// assert!(changed.wait_timeout_while(&mut count, Duration::from_millis(1), |n| *n == 1));
    /// ```
    #[track_caller]
    pub fn wait_timeout_while<G: Relock>(
        &self,
        guard: &mut G,
        timeout: Duration,
        mut condition: impl FnMut(&G::Target) -> bool,
    ) -> bool {
        let deadline = super::rt::now().checked_add(timeout);
        let limit = deadline.map_or(Limit::Never, Limit::Until);
        while condition(guard) {
            if !self.wait_limited(guard, &limit) {
                return !condition(guard);
            }
        }
        true
    }

    /// Wakes the one that waits longest.
    ///
    /// ```
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (ready, changed) = (Mutex::new(false), Cond::new());
    /// gort::scope(|s| {
    ///     s.spawn(|| {
    ///         *ready.lock() = true;
    ///         changed.notify_one();
    ///     });
    ///     let mut guard = ready.lock();
    ///     while !*guard {
    ///         changed.wait(&mut guard);
    ///     }
    ///     assert!(*guard);
    /// });
    /// ```
    #[doc(alias = "Signal")]
    #[track_caller]
    pub fn notify_one(&self) {
        explore::point(NOTIFY_ONE, self.address());
        self.waiting
            .lock()
            .finish(|queue, (), wake| queue.grant_first(wake));
    }

    /// Wakes all that wait now.
    ///
    /// ```
    /// use gort::sync::{Cond, Mutex};
    ///
    /// let (ready, changed) = (Mutex::new(false), Cond::new());
    /// gort::scope(|s| {
    ///     s.spawn(|| {
    ///         *ready.lock() = true;
    ///         changed.notify_all();
    ///     });
    ///     let mut guard = ready.lock();
    ///     while !*guard {
    ///         changed.wait(&mut guard);
    ///     }
    ///     assert!(*guard);
    /// });
    /// ```
    #[doc(alias = "Broadcast")]
    #[track_caller]
    pub fn notify_all(&self) {
        explore::point(NOTIFY_ALL, self.address());
        self.waiting
            .lock()
            .finish(|queue, (), wake| queue.grant_all(0, wake));
    }

    /// For whoever explores schedules: which one it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// How many wait now.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.waiting().len()
    }

    #[track_caller]
    fn wait_limited<G: Relock>(&self, guard: &mut G, limit: &Limit<'_>) -> bool {
        explore::point(WAIT, self.address());
        let waited = self
            .waiting
            .lock()
            .wait_after(WaitReason::CondWait, limit, || guard.unlock_to_wait(Key(())));
        let notified = waited.is_ok();
        #[cfg(not(loom))]
        if limit.has_come() && matches!(waited, Ok(false)) {
            self.notify_one();
        }
        // Gives the queue's lock back before it waits for the guard's.
        drop(waited);
        guard.lock_again(Key(()));
        notified
    }
}
