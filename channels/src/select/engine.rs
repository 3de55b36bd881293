//! The select engine: three passes, as in Go's `select.go`.
//!
//! 0. *Quick look*, one lock at a time, in random order: an arm that is ready is performed at once. (Not with `biased`, where
//!    "the first ready one" has to hold at one moment; only its first arm may be tried alone.)
//! 1. *Look at all*: all locks are taken, in address order; the first ready arm is performed. From here on the answer "none
//!    is ready" holds at one moment, which is what `default` is about.
//! 2. *Queue*: still under all locks, a node is queued for each arm, and the task parks. The commit releases the locks.
//! 3. *Unqueue*: woken by one of the arms, the others' nodes are taken out, one lock at a time. If the arm that woke it has
//!    dropped out, all begins again.
//!
//! What other threads see of a select: nothing before pass 2 is complete, since all locks are held; after that a set of
//! nodes of which at most one can be won, by the claim. So exactly one arm has an effect. A select cannot match itself: it
//! looks (pass 1) before it queues (pass 2), under the same locks.
//!
//! **Why the commit may still release locks while the select is running again.** A waker can win the select as soon as the
//! first lock is released, and the goroutine may resume on another worker while the commit still reads the list of locks on
//! its stack. But pass 3 acquires the lock of every arm but the winner's, whose lock the waker has acquired after the
//! commit; all these acquisitions come after the commit's releases. So pass 3 ends after the last release, behind
//! which the commit touches nothing, and before that the list is only read.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::mem::MaybeUninit;

use super::case::{Arm, Poll};
use super::order::{Dice, FEW, add_lock, sort_locks};
use crate::rt::{Claim, Here, RawLock, Task, explore};
use crate::shim::Watch;
use crate::waiter::{Head, Kind};

/// One select under way. It lives in the frame that parks. Wakers reach `head` (and the arms) through pointers, so there are
/// only shared references to it.
pub(crate) struct Run<'r> {
    arms: &'r [&'r dyn Arm],
    /// The arms to look at, in order; after pass 1 those that were queued.
    order: &'r [Cell<u32>],
    /// The locks that are held, in address order.
    locks: &'r [Cell<*const RawLock>],
    locked: Cell<usize>,
    /// The list of locks as the models see it.
    list: Watch,
    biased: bool,
    head: UnsafeCell<MaybeUninit<Head>>,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("arms", &self.arms.len())
            .finish_non_exhaustive()
    }
}

/// What the first two passes came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Chosen(usize),
    /// None is ready, and the caller does not want to wait.
    NotReady,
    /// None will ever be ready. `nil`: none ever had a channel.
    DroppedOut {
        nil: bool,
    },
    /// All locks are held: park, with [`Run::unlock`] as the commit, then call [`Run::end`].
    Park,
}

/// What the last pass came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Chosen(usize),
    /// The arm that woke the select has dropped out: begin again.
    Again,
    Timeout,
}

impl<'r> Run<'r> {
    /// `order` and `locks` are scratch space, as long as `arms`.
    #[inline]
    pub(crate) fn new(
        arms: &'r [&'r dyn Arm],
        order: &'r [Cell<u32>],
        locks: &'r [Cell<*const RawLock>],
        biased: bool,
    ) -> Run<'r> {
        Run {
            arms,
            order,
            locks,
            locked: Cell::new(0),
            list: Watch::default(),
            biased,
            head: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The goroutine is about to wait for one of the arms, or to look.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn announce(&self) {
        if explore::is_under_way() {
            let bubbles: Vec<u32> = self.arms.iter().filter_map(|arm| arm.bubble()).collect();
            explore::enter(&bubbles, "select on");
            explore::point_at_all(crate::chan::ops::SELECT, self.addresses());
        }
    }

    /// What it touches, for whoever explores schedules.
    fn addresses(&self) -> impl Iterator<Item = usize> {
        self.arms.iter().filter_map(|arm| arm.identity())
    }

    /// Which of the arms that seem to be ready goes first, if whoever explores schedules decides that.
    #[cold]
    fn picked(&self) -> Option<usize> {
        let ready = || (0..self.arms.len()).filter(|&index| self.arms[index].maybe_ready());
        match ready().count() {
            0 => explore::is_explored().then_some(0),
            count => explore::pick(count).and_then(|pick| ready().nth(pick)),
        }
    }

    /// Passes 0, 1 and, if `wait`, 2.
    #[inline(never)]
    pub(crate) fn begin(&self, wait: bool) -> Begun {
        // SAFETY: this does not wait, and the only foreign code that it may run is the waker of the one that it readies at its end.
        let here = unsafe { Here::ask() };
        if let Some(chosen) = self.quick_look(here) {
            return Begun::Chosen(chosen);
        }
        if let ([arm], false) = (self.arms, wait)
            && arm.lock().is_some()
            && !arm.maybe_ready()
        {
            // Of a single arm even the look without the lock is exact.
            return Begun::NotReady;
        }
        self.look_at_all(here, wait)
    }

    /// Pass 0. Leaves the arms in the order in which pass 1 is to look at them.
    fn quick_look(&self, here: Here) -> Option<usize> {
        for (i, place) in self.order.iter().enumerate() {
            place.set(i as u32);
        }
        if self.biased {
            return (!self.arms.is_empty()).then(|| self.try_alone(here, 0)).flatten();
        }
        let n = self.order.len();
        if explore::is_under_way()
            && let Some(first) = self.picked()
            && n > 0
        {
            self.order[0].swap(&self.order[first]);
            let index = |place: &Cell<u32>| place.get() as usize;
            return self
                .order
                .iter()
                .find_map(|place| self.try_alone(here, index(place)));
        }
        let mut dice = Dice::new(here);
        for k in 0..n {
            // The next of a random permutation, drawn as it is needed.
            if k + 1 < n {
                self.order[k].swap(&self.order[k + dice.below((n - k) as u32) as usize]);
            }
            let chosen = self.try_alone(here, self.order[k].get() as usize);
            if chosen.is_some() {
                return chosen;
            }
        }
        None
    }

    /// Performs one arm under its own lock, if it is ready.
    #[inline]
    fn try_alone(&self, here: Here, index: usize) -> Option<usize> {
        let arm = self.arms[index];
        // SAFETY: no arm is in a queue, and none was chosen.
        match unsafe { arm.attempt(here) } {
            Poll::Ready(task) => {
                if let Some(task) = task {
                    // SAFETY: `attempt` took it under the arm's lock and freed that.
                    unsafe { ready(task, here, arm) };
                }
                Some(index)
            }
            Poll::Pending | Poll::Out => None,
        }
    }

    /// Passes 1 and 2.
    fn look_at_all(&self, here: Here, wait: bool) -> Begun {
        self.lock_all(here);
        let mut live = 0;
        for place in self.order {
            let index = place.get();
            // SAFETY: all locks are held; no arm is in a queue.
            match unsafe { self.arms[index as usize].poll() } {
                Poll::Ready(task) => {
                    // SAFETY: the locks are held. Then: `poll` took it under the arm's lock, which is free again.
                    unsafe {
                        self.unlock();
                        if let Some(task) = task {
                            ready(task, here, self.arms[index as usize]);
                        }
                    }
                    return Begun::Chosen(index as usize);
                }
                Poll::Pending => {
                    self.order[live].set(index);
                    live += 1;
                }
                Poll::Out => {}
            }
        }
        if live == 0 || !wait {
            let nil = self.locked.get() == 0;
            // SAFETY: the locks are held.
            unsafe { self.unlock() };
            return if live == 0 {
                Begun::DroppedOut { nil }
            } else {
                Begun::NotReady
            };
        }
        // SAFETY: no node is queued, so nobody else looks at the head; it stays in this frame until `end` has unqueued all.
        let head: &Head =
            unsafe { (*self.head.get()).write(Head::new(Kind::Claimed, Task::current_here(here))) };
        for place in &self.order[..live] {
            let index = place.get() as usize;
            // SAFETY: the locks are held since the arm was polled as pending. 0 means an open claim, so count from 1.
            unsafe { self.arms[index].enqueue(head, index + 1) };
        }
        Begun::Park
    }

    fn lock_all(&self, here: Here) {
        let mut found = 0;
        let few = self.arms.len() <= FEW;
        for arm in self.arms {
            let Some(lock) = arm.lock() else { continue };
            if few {
                found = add_lock(self.locks, found, lock);
            } else {
                self.locks[found].set(lock);
                found += 1;
            }
        }
        if !few {
            found = sort_locks(&self.locks[..found]);
        }
        self.locked.set(found);
        for lock in &self.locks[..found] {
            // SAFETY: the arms keep their channels alive.
            unsafe { (*lock.get()).lock_here(here) };
        }
    }

    /// Releases all locks. As a commit it runs while the frame of this `Run` may already be running again: nothing of it is
    /// read after the last release, and nothing is written.
    ///
    /// # Safety
    /// They are held, since `begin` said `Park` or inside of it.
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        let (locks, locked) = (self.locks, self.locked.get());
        for lock in &locks[..locked] {
            self.list.touch();
            // SAFETY: by contract. The next lock's address is read before that lock is released, so before `end` can be over.
            unsafe { (*lock.get()).unlock() };
        }
    }

    /// The locks that are held, for reports.
    #[inline]
    pub(crate) fn held(&self) -> *const [*const ()] {
        std::ptr::slice_from_raw_parts(self.locks.as_ptr().cast(), self.locked.get())
    }

    /// The claim of the waiter.
    ///
    /// # Safety
    /// `begin` said `Park`, and `end` was not called since.
    #[inline]
    pub(crate) unsafe fn claim(&self) -> &Claim {
        // SAFETY: by contract the head is there.
        unsafe { &(*self.head.get()).assume_init_ref().claim }
    }

    /// Pass 3.
    ///
    /// # Safety
    /// `begin` said `Park`, and the park is over.
    #[inline(never)]
    pub(crate) unsafe fn end(&self) -> Ended {
        // SAFETY: by contract the head is there and the task was readied, by the claim's winner.
        let winner = unsafe { self.claim() }.winner();
        // SAFETY: used by the loop only, which neither waits nor runs foreign code.
        let here = unsafe { Here::ask() };
        for (i, arm) in self.arms.iter().enumerate() {
            if winner == Some(i + 1) {
                continue;
            }
            // SAFETY: asked above.
            unsafe { arm.withdraw(here) };
        }
        // The commit is done with the list, which is about to go or to be used again.
        self.list.touch();
        // SAFETY: no node is in a queue any more, so nobody else looks at the head.
        unsafe { (*self.head.get()).assume_init_drop() };
        match winner {
            Some(Claim::TIMEOUT) => Ended::Timeout,
            // SAFETY: the arm was queued, and taken by the winner, who is done with it.
            Some(winner) if unsafe { self.arms[winner - 1].settle() } => Ended::Chosen(winner - 1),
            Some(_) => Ended::Again,
            None => unreachable!("a select was woken without a winner"),
        }
    }
}

/// Readies the other party of `arm`, which was performed. If that runs a waker that panics, nobody will hear that the arm was
/// chosen: what it received is dropped, so that the arm can be used again.
///
/// # Safety
/// The task was taken, once, under the lock of the arm's queue, which is free again.
#[inline]
unsafe fn ready(task: Task, here: Here, arm: &dyn Arm) {
    struct Discard<'a>(&'a dyn Arm);
    impl Drop for Discard<'_> {
        fn drop(&mut self) {
            self.0.discard();
        }
    }
    let on_unwind = Discard(arm);
    // SAFETY: whoever is taken published itself under that lock, which the commit of its park released.
    unsafe { task.ready_here(here) };
    std::mem::forget(on_unwind);
}
