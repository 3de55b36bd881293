//! `WaitList`: a first-come queue of waiters and the state it belongs to, under one short lock. Every primitive of `sync`
//! that waits, waits in one of these.
//!
//! A [`Waiter`] lies on the stack of whoever waits, linked into the queue; links and flags are touched under the lock only.
//! Being *granted* takes it out of the queue and is final: what the waiter waited for is its own then. A waiter with a
//! deadline can only be granted by winning its claim against the timer; one that the timer won is passed over.
//!
//! Waking happens after the lock is released: granted waiters are chained through their own links ([`Wake`]), for they stay
//! parked, and so in place, until their tasks are readied.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

use super::limit::Limit;
use super::rt::{
    Claim, Here, RawLock, Task, UnsafeCell, WaitReason, const_unless_loom, park_holding, park_until,
};
#[cfg(not(loom))]
use super::rt::{Label, Sender, explore};

/// The claim's winner when the waiter was granted (and not timed out).
const GRANTED: usize = 0;

/// A queue of waiters and `S`, under one lock.
#[repr(C)]
pub(super) struct WaitList<S> {
    lock: RawLock,
    /// Behind the lock, where reports look for it.
    #[cfg(not(loom))]
    label: Label,
    inner: UnsafeCell<Inner<S>>,
}

#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(WaitList<u8>, label) == Label::AT);

struct Inner<S> {
    queue: Queue,
    state: S,
}

// SAFETY: the content is touched under the lock only. The waiters it points to stay in place while they are linked, and their
// tasks are `Send`.
unsafe impl<S: Send> Sync for WaitList<S> {}
// SAFETY: as above.
unsafe impl<S: Send> Send for WaitList<S> {}

impl<S> fmt::Debug for WaitList<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitList").finish_non_exhaustive()
    }
}

/// The lock of a [`WaitList`], held.
pub(super) struct Held<'a, S> {
    list: &'a WaitList<S>,
}

impl<S> WaitList<S> {
    const_unless_loom! {
        pub(super) fn new(state: S) -> WaitList<S> {
            let queue = Queue { first: None, last: None };
            WaitList {
                lock: RawLock::new(),
                #[cfg(not(loom))]
                label: Label::new(),
                inner: UnsafeCell::new(Inner { queue, state }),
            }
        }
    }

    /// Its name.
    #[cfg(not(loom))]
    pub(super) fn label(&self) -> &Label {
        &self.label
    }

    /// The weights of those who wait now, in line.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> Vec<usize> {
        self.lock().with(|queue, _| queue.weights().collect())
    }

    #[inline]
    pub(super) fn lock(&self) -> Held<'_, S> {
        self.lock.lock();
        Held { list: self }
    }
}

impl<'a, S> Held<'a, S> {
    /// Looks at queue and state. `f` must be short and must not call foreign code.
    #[inline]
    pub(super) fn with<R>(&mut self, f: impl FnOnce(&mut Queue, &mut S) -> R) -> R {
        self.list.inner.with_mut(|inner| {
            // SAFETY: the lock is held, and `&mut self` makes this the only access.
            let inner = unsafe { &mut *inner };
            f(&mut inner.queue, &mut inner.state)
        })
    }

    /// Looks at queue and state, unlocks, then wakes whom `f` granted.
    #[inline]
    pub(super) fn finish<R>(mut self, f: impl FnOnce(&mut Queue, &mut S, &mut Wake) -> R) -> R {
        let mut wake = Wake::default();
        let result = self.with(|queue, state| f(queue, state, &mut wake));
        drop(self);
        wake.ready();
        result
    }

    /// Gets in line at `place` and waits until granted: `Ok`. When `limit` ends it first: `Err`, out of the queue and
    /// locked again, in the same critical section. `weight` is for whoever grants.
    #[track_caller]
    pub(super) fn wait(
        mut self,
        place: Place,
        weight: usize,
        reason: WaitReason,
        limit: &Limit<'_>,
    ) -> Result<(), Held<'a, S>> {
        let waiter = Waiter::new(weight, limit);
        // SAFETY: `park` returns after the waiter was granted or removed, and it stays in place until then.
        unsafe {
            self.with(|queue, _| queue.insert(&waiter, place));
            self.park(&waiter, reason, limit)
        }
    }

    /// As [`wait`](Held::wait) at the back, but runs `between`, unlocked, after it got in line and before it waits. If it
    /// was granted meanwhile it does not wait at all. `Ok` says whether it was granted as one of all.
    #[track_caller]
    pub(super) fn wait_after(
        mut self,
        reason: WaitReason,
        limit: &Limit<'_>,
        between: impl FnOnce(),
    ) -> Result<bool, Held<'a, S>> {
        /// Takes the waiter out if `between` unwinds.
        struct Leave<'a, S>(&'a WaitList<S>, &'a Waiter);
        impl<S> Drop for Leave<'_, S> {
            fn drop(&mut self) {
                self.0.lock().with(|queue, _| queue.remove(self.1));
            }
        }
        let waiter = Waiter::new(0, limit);
        let list = self.list;
        // SAFETY: it stays in place until `Leave` or `park` has seen to it that it is out.
        self.with(|queue, _| unsafe { queue.insert(&waiter, Place::Back) });
        drop(self);
        let leave = Leave(list, &waiter);
        between();
        std::mem::forget(leave);
        // SAFETY: inserted above.
        unsafe { list.lock().park(&waiter, reason, limit) }.map(|()| waiter.in_common.get())
    }

    /// # Safety
    /// `waiter` was inserted into this queue, by the goroutine that calls this.
    #[track_caller]
    unsafe fn park(self, waiter: &Waiter, reason: WaitReason, limit: &Limit<'_>) -> Result<(), Held<'a, S>> {
        if waiter.granted.get() {
            return Ok(());
        }
        let list = self.list;
        waiter.waker.set(Some(Waker::new(limit)));
        std::mem::forget(self);
        // SAFETY: this is the lock that `self` held; it is given back once, and nothing after it touches this stack.
        let commit = || unsafe { list.lock.unlock() };
        match limit {
            Limit::Never => {
                // SAFETY: the task is published in the waiter, under the lock, which `self` held; it is readied once, by
                // whoever grants.
                unsafe { park_holding(Here::ask(), reason, &list.lock) };
                return Ok(());
            }
            Limit::Until(deadline) => {
                // SAFETY: as above; and who grants wins the claim first.
                unsafe { park_until(reason, *deadline, &waiter.claim, commit) };
            }
            #[cfg(not(loom))]
            Limit::Done {
                wait, ready, came, ..
            } => {
                commit();
                if !came.get() {
                    came.set(wait(ready));
                }
                let _ = ready.try_recv();
            }
            #[cfg(loom)]
            Limit::Nothing(never) => match **never {},
        }
        let mut held = list.lock();
        if waiter.granted.get() {
            return Ok(());
        }
        held.with(|queue, _| queue.remove(waiter));
        Err(held)
    }
}

impl<S> Drop for Held<'_, S> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: whoever has a `Held` holds the lock.
        unsafe { self.list.lock.unlock() };
    }
}

/// Where a waiter gets in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Back,
    /// In front: for one that has waited before and lost a race.
    Front,
}

/// One who waits.
pub(super) struct Waiter {
    next: Cell<Link>,
    prev: Cell<Link>,
    queued: Cell<bool>,
    granted: Cell<bool>,
    /// Whether it was granted as one of all.
    in_common: Cell<bool>,
    /// Set when it parks; one that is granted before does not park.
    waker: Cell<Option<Waker>>,
    timed: bool,
    claim: Claim,
    weight: usize,
}

type Link = Option<NonNull<Waiter>>;

enum Waker {
    Task(Task),
    #[cfg(not(loom))]
    Channel(Sender<()>),
}

impl Waker {
    fn new(limit: &Limit<'_>) -> Waker {
        match limit {
            #[cfg(not(loom))]
            Limit::Done { grant, .. } => Waker::Channel(grant.clone()),
            _ => Waker::Task(Task::current()),
        }
    }
}

impl Waiter {
    fn new(weight: usize, limit: &Limit<'_>) -> Waiter {
        Waiter {
            next: Cell::new(None),
            prev: Cell::new(None),
            queued: Cell::new(false),
            granted: Cell::new(false),
            in_common: Cell::new(false),
            waker: Cell::new(None),
            timed: matches!(limit, Limit::Until(_)),
            claim: Claim::new(),
            weight,
        }
    }
}

/// The waiters, in line.
pub(super) struct Queue {
    first: Link,
    last: Link,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The weight of the first in line.
    pub(super) fn first_weight(&self) -> Option<usize> {
        self.weights().next()
    }

    /// The weights, in line.
    pub(super) fn weights(&self) -> impl Iterator<Item = usize> {
        let mut at = self.first;
        std::iter::from_fn(move || {
            // SAFETY: whoever is linked is in place; `&self` keeps it linked.
            let waiter = unsafe { at?.as_ref() };
            at = waiter.next.get();
            Some(waiter.weight)
        })
    }

    /// Grants to the first in line that still waits. `false` if nobody does.
    pub(super) fn grant_first(&mut self, wake: &mut Wake) -> bool {
        while !self.is_empty() {
            if self.grant_next(wake) {
                return true;
            }
        }
        false
    }

    /// Grants to the first in line, or takes it out (`false`) if its time has just run out.
    pub(super) fn grant_next(&mut self, wake: &mut Wake) -> bool {
        // SAFETY: linked, hence in place.
        self.first
            .is_some_and(|first| self.grant(unsafe { first.as_ref() }, wake))
    }

    /// Grants to the first with this weight that still waits. `false` if there is none.
    pub(super) fn grant_first_of(&mut self, weight: usize, wake: &mut Wake) -> bool {
        self.grant_some(weight, 1, wake) > 0
    }

    /// Grants to all with this weight; gives their number.
    pub(super) fn grant_all(&mut self, weight: usize, wake: &mut Wake) -> usize {
        self.grant_some(weight, usize::MAX, wake)
    }

    fn grant_some(&mut self, weight: usize, limit: usize, wake: &mut Wake) -> usize {
        let mut granted = 0;
        let mut at = self.first;
        while let Some(waiter) = at
            && granted < limit
        {
            // SAFETY: linked, hence in place, and its links are read before it is granted.
            let waiter = unsafe { waiter.as_ref() };
            at = waiter.next.get();
            if waiter.weight == weight {
                waiter.in_common.set(limit == usize::MAX);
                granted += usize::from(self.grant(waiter, wake));
            }
        }
        granted
    }

    /// Takes it out and makes it granted, unless its time has just run out.
    fn grant(&mut self, waiter: &Waiter, wake: &mut Wake) -> bool {
        self.remove(waiter);
        let waker = waiter.waker.take();
        if waker.is_some() && waiter.timed && !waiter.claim.try_claim(GRANTED) {
            return false;
        }
        waiter.granted.set(true);
        match waker {
            // It has not parked, and will not.
            None => {}
            Some(Waker::Task(task)) => wake.push(waiter, task),
            // It may be running already, and gone as soon as the lock is free: so at once. There is room: see
            // `until_done`.
            #[cfg(not(loom))]
            Some(Waker::Channel(grant)) => explore::quietly(|| {
                let _ = grant.try_send(());
            }),
        }
        true
    }

    /// # Safety
    /// `waiter` is in no queue; it stays in place until it has been granted or removed.
    unsafe fn insert(&mut self, waiter: &Waiter, place: Place) {
        let me = Some(NonNull::from(waiter));
        waiter.queued.set(true);
        let (prev, next) = match place {
            Place::Back => (self.last, None),
            Place::Front => (None, self.first),
        };
        waiter.prev.set(prev);
        waiter.next.set(next);
        self.set_next_of(prev, me);
        self.set_prev_of(next, me);
    }

    fn remove(&mut self, waiter: &Waiter) {
        if waiter.queued.replace(false) {
            let (prev, next) = (waiter.prev.take(), waiter.next.take());
            self.set_next_of(prev, next);
            self.set_prev_of(next, prev);
        }
    }

    fn set_next_of(&mut self, waiter: Link, next: Link) {
        match waiter {
            None => self.first = next,
            // SAFETY: linked, hence in place.
            Some(waiter) => unsafe { waiter.as_ref() }.next.set(next),
        }
    }

    fn set_prev_of(&mut self, waiter: Link, prev: Link) {
        match waiter {
            None => self.last = prev,
            // SAFETY: linked, hence in place.
            Some(waiter) => unsafe { waiter.as_ref() }.prev.set(prev),
        }
    }
}

/// Those who were granted, to be woken when the lock is released, in the order in which they were granted.
#[derive(Default)]
pub(super) struct Wake {
    first: Link,
    last: Link,
}

impl Wake {
    fn push(&mut self, waiter: &Waiter, task: Task) {
        let me = Some(NonNull::from(waiter));
        waiter.waker.set(Some(Waker::Task(task)));
        match self.last {
            None => self.first = me,
            // SAFETY: it is parked until `ready` below, hence in place.
            Some(last) => unsafe { last.as_ref() }.next.set(me),
        }
        self.last = me;
    }

    /// Wakes them. Usually there is nobody.
    #[inline]
    fn ready(self) {
        if self.first.is_some() {
            self.ready_some();
        }
    }

    fn ready_some(self) {
        let mut at = self.first;
        while let Some(waiter) = at {
            // SAFETY: it is granted and parked: nobody but us touches it until its task is readied.
            let waiter = unsafe { waiter.as_ref() };
            at = waiter.next.get();
            if let Some(Waker::Task(task)) = waiter.waker.take() {
                // SAFETY: granted once, under the lock that the commit of its park released.
                unsafe { task.ready() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(queue: &Queue) -> Vec<usize> {
        queue.weights().collect()
    }

    #[test]
    #[cfg_attr(loom, ignore = "for the plain types")]
    fn the_queue_keeps_its_order_whoever_leaves() {
        let waiters: Vec<_> = (0..5).map(|i| Waiter::new(i, &Limit::Never)).collect();
        let mut queue = Queue {
            first: None,
            last: None,
        };
        for (i, waiter) in waiters.iter().enumerate() {
            let place = if i == 4 { Place::Front } else { Place::Back };
            // SAFETY: the vector does not move its content, and outlives the queue.
            unsafe { queue.insert(waiter, place) };
        }
        assert_eq!(weights(&queue), [4, 0, 1, 2, 3]);
        queue.remove(&waiters[1]);
        queue.remove(&waiters[1]);
        assert_eq!(weights(&queue), [4, 0, 2, 3]);
        queue.remove(&waiters[4]);
        queue.remove(&waiters[3]);
        assert_eq!(weights(&queue), [0, 2]);
        let mut wake = Wake::default();
        assert_eq!(queue.grant_all(2, &mut wake), 1);
        assert!(waiters[2].granted.get());
        assert!(queue.grant_first(&mut wake));
        assert!(waiters[0].granted.get());
        assert!(queue.is_empty());
        assert!(!queue.grant_first(&mut wake));
    }
}
