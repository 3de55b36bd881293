//! Receiving: at once, waiting, and waiting for a while. The mirror of `send.rs`.

use std::mem::MaybeUninit;
use std::time::Duration;

use super::send::finish;
use super::{CLOSED, Core, GAVE_BACK, ops};
use crate::rt::{self, Claim, Here, Task, WaitReason};
use crate::waiter::{Kind, Outcome, Slot, Wait};

/// What came of an attempt under the lock.
#[derive(Debug)]
pub(crate) enum Take {
    /// The value is in the slot. The task, a sender that got rid of its value, is to be readied
    /// after the lock is released.
    Done(Option<Task>),
    /// Closed and drained.
    Closed,
    /// Nothing there.
    Wait,
}

/// What came of the first part of a receive that may wait.
pub(crate) enum Start {
    Done,
    Closed,
    /// The wait is queued and **the lock is still held**: park, and release it in the commit.
    Park(Here),
}

impl<T> Core<T> {
    /// Takes the oldest value, if there is one, and lets the first waiting sender have the room.
    ///
    /// # Safety
    /// The lock is held, and the slot is empty; it holds a value after `Done`.
    #[inline(always)]
    pub(crate) unsafe fn take(&self, slot: &Slot<T>) -> Take {
        // SAFETY: the lock is held for all of this; senders in the queue have full slots of type
        // `T`.
        unsafe {
            let flags = self.flags_locked();
            if flags & GAVE_BACK != 0
                && let Some(value) = self.given_back.pop()
            {
                slot.write(value);
                return Take::Done(None);
            }
            let len = self.len_locked();
            if len > 0 {
                slot.write(self.ring.with_mut(|ring| (*ring).pop()));
                if !self.sendq.looks_empty()
                    && let Some(sender) = self.sendq.take()
                {
                    // The first blocked sender's value goes to the tail: len stays, and nobody
                    // overtakes.
                    let value = sender.slot::<T>().read();
                    self.ring.with_mut(|ring| (*ring).push(len - 1, value));
                    return Take::Done(Some(sender.complete(Outcome::Done)));
                }
                self.set_len(len - 1);
                return Take::Done(None);
            }
            if !self.sendq.looks_empty()
                && let Some(sender) = self.sendq.take()
            {
                slot.write(sender.slot::<T>().read());
                return Take::Done(Some(sender.complete(Outcome::Done)));
            }
            if flags & CLOSED != 0 {
                Take::Closed
            } else {
                Take::Wait
            }
        }
    }

    /// Receives at once, or queues the wait and leaves the lock held.
    ///
    /// # Safety
    /// `slot` is empty; `slot` and `wait` stay where they are until the wait is over.
    #[inline(never)]
    unsafe fn start_recv(&self, slot: &Slot<T>, wait: &mut MaybeUninit<Wait>, kind: Kind) -> Start {
        // SAFETY: as in `start_send`.
        let here = unsafe { Here::ask() };
        self.lock.lock_here(here);
        // SAFETY: the lock is held, and released before the sender runs, except where the caller
        // gets it.
        unsafe {
            match self.take(slot) {
                Take::Done(task) => {
                    self.lock.unlock();
                    if let Some(task) = task {
                        ready_sender(task, here, slot);
                    }
                    Start::Done
                }
                Take::Closed => {
                    self.lock.unlock();
                    Start::Closed
                }
                Take::Wait => {
                    let wait = Wait::start(wait, kind, Task::current_here(here), slot.erased());
                    self.recvq.push(&wait.node);
                    Start::Park(here)
                }
            }
        }
    }

    /// Receives; waits as long as it takes. `None` once closed and drained.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn recv(&self) -> Option<T> {
        self.announce_handed_over(ops::RECV, "receive on");
        self.recv_unseen()
    }

    /// The same where the operation has been announced already.
    #[inline(always)]
    #[track_caller]
    fn recv_unseen(&self) -> Option<T> {
        let slot = Slot::empty();
        let mut wait = MaybeUninit::uninit();
        // SAFETY: the slot is empty. When `start_recv` says `Park`, the wait is queued and the lock
        // is ours: the commit releases it, and the one `ready` comes from who takes the waiter,
        // under this lock, after that. Slot and wait stay in this frame until then. `Done` means
        // that a value is in the slot.
        unsafe {
            let here = match self.start_recv(&slot, &mut wait, Kind::Plain) {
                Start::Done => return Some(slot.read()),
                Start::Closed => return None,
                Start::Park(here) => here,
            };
            rt::park_holding(here, WaitReason::ChanReceive, &self.lock);
            match finish(wait) {
                Outcome::Done => Some(slot.read()),
                _ => None,
            }
        }
    }

    /// Receives if that is possible at once: `Err(true)` once closed and drained, `Err(false)` if
    /// not now.
    #[inline]
    #[track_caller]
    pub(crate) fn try_recv(&self) -> Result<T, bool> {
        self.announce(ops::TRY_RECV, "receive on");
        self.try_recv_unseen()
    }

    #[inline]
    fn try_recv_unseen(&self) -> Result<T, bool> {
        if self.recv_would_wait() {
            return Err(false);
        }
        self.try_recv_locked()
    }

    fn try_recv_locked(&self) -> Result<T, bool> {
        let slot = Slot::empty();
        self.lock.lock();
        // SAFETY: the lock is held and the slot empty; `Done` fills it.
        unsafe {
            let take = self.take(&slot);
            self.lock.unlock();
            match take {
                Take::Done(task) => {
                    // The value is ours before a waker of a user runs, and is dropped with us if
                    // that panics.
                    let value = slot.read();
                    if let Some(task) = task {
                        task.ready();
                    }
                    Ok(value)
                }
                Take::Closed => Err(true),
                Take::Wait => Err(false),
            }
        }
    }

    /// Receives; waits at most for `limit`. Errors as `try_recv`: `Err(false)` means that the time
    /// was up.
    #[track_caller]
    pub(crate) fn recv_timeout(&self, limit: Duration) -> Result<T, bool> {
        self.announce(ops::RECV, "receive on");
        // First without a look at the clock.
        match self.try_recv_unseen() {
            Err(false) if !limit.is_zero() => {}
            result => return result,
        }
        let Some(deadline) = rt::now().checked_add(limit) else {
            return self.recv_unseen().ok_or(true);
        };
        let slot = Slot::empty();
        let mut wait = MaybeUninit::uninit();
        // SAFETY: as in `recv`; the waiter is of the claimed kind, so wakers win the claim before
        // they ready it.
        unsafe {
            match self.start_recv(&slot, &mut wait, Kind::Claimed) {
                Start::Done => return Ok(slot.read()),
                Start::Closed => return Err(true),
                Start::Park(_) => {}
            }
            let lock = &self.lock;
            let claim = &wait.assume_init_ref().head.claim;
            rt::park_until(WaitReason::ChanReceive, deadline, claim, move || lock.unlock());
            if wait.assume_init_ref().head.claim.winner() == Some(Claim::TIMEOUT) {
                self.lock.lock();
                self.recvq.remove(&wait.assume_init_ref().node);
                self.lock.unlock();
                finish(wait);
                return Err(false);
            }
            match finish(wait) {
                Outcome::Done => Ok(slot.read()),
                _ => Err(true),
            }
        }
    }
}

/// Readies the sender whose value is in the slot. If that runs a waker that panics, the value is
/// dropped, not leaked.
///
/// # Safety
/// The slot holds a value, and the caller takes it out after this returns. The task was taken,
/// once, under the channel's lock, which is free again.
pub(crate) unsafe fn ready_sender<T>(task: Task, here: Here, slot: &Slot<T>) {
    struct DropValue<'a, T>(&'a Slot<T>);
    impl<T> Drop for DropValue<'_, T> {
        fn drop(&mut self) {
            // SAFETY: only while unwinding: the caller will not come to take the value.
            drop(unsafe { self.0.read() });
        }
    }
    let on_unwind = DropValue(slot);
    // SAFETY: whoever is taken published itself under that lock, which the commit of its park
    // released.
    unsafe { task.ready_here(here) };
    std::mem::forget(on_unwind);
}
