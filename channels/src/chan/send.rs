//! Sending: at once, waiting, and waiting for a while.
//!
//! The part that may find a partner is out of line and never suspends; what suspends is inlined
//! into the caller, because a return behind a switch is mispredicted.

use std::mem::MaybeUninit;
use std::time::Duration;

use super::{CLOSED, Core, ops};
use crate::rt::{self, Claim, Here, Task, WaitReason};
use crate::waiter::{Kind, Outcome, Slot, Wait};

/// Why a value cannot be sent, now or ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Closed,
    NoReceiver,
}

/// What came of an attempt under the lock.
#[derive(Debug)]
pub(crate) enum Offer {
    /// The value is out of the slot. The task, a receiver that got it, is to be readied after the
    /// lock is released.
    Done(Option<Task>),
    Refused(Refused),
    /// Neither room nor a receiver.
    Wait,
}

/// What came of the first part of a send that may wait.
pub(crate) enum Start {
    Done,
    Refused(Refused),
    /// The wait is queued and **the lock is still held**: park, and release it in the commit.
    Park(Here),
}

/// A failed send: why, and the value.
pub(crate) type NotSent<T> = (Option<Refused>, T);

impl<T> Core<T> {
    /// Hands the value to the first waiting receiver or puts it into the buffer, if either is
    /// possible.
    ///
    /// # Safety
    /// The lock is held, and the slot holds a value; it does no longer after `Done`.
    #[inline(always)]
    pub(crate) unsafe fn offer(&self, slot: &Slot<T>) -> Offer {
        // SAFETY: the lock is held for all of this.
        unsafe {
            let flags = self.flags_locked();
            if flags & CLOSED != 0 {
                return Offer::Refused(Refused::Closed);
            }
            if flags & super::NO_RECEIVER != 0 {
                return Offer::Refused(Refused::NoReceiver);
            }
            if !self.recvq.looks_empty()
                && let Some(task) = self.hand_over(slot, None)
            {
                return Offer::Done(Some(task));
            }
            let len = self.len_locked();
            if len < self.capacity {
                let value = slot.read();
                self.ring.with_mut(|ring| (*ring).push(len, value));
                self.set_len(len + 1);
                return Offer::Done(None);
            }
            Offer::Wait
        }
    }

    /// Moves the value to the first live receiver, if there is one.
    ///
    /// # Safety
    /// The lock is held, and the slot holds a value; it does no longer after `Some`.
    ///
    /// A value that a future gave back keeps the ticket under which the future got it.
    #[inline]
    pub(super) unsafe fn hand_over(&self, slot: &Slot<T>, ticket: Option<usize>) -> Option<Task> {
        // SAFETY: the lock is held; receivers in this queue have slots of type `T`, which are
        // empty.
        unsafe {
            let receiver = self.recvq.take()?;
            receiver.slot::<T>().write(slot.read());
            if receiver.is_future() {
                let ticket = match ticket {
                    Some(ticket) => ticket,
                    None => self.given_back.next_ticket(),
                };
                receiver.set_ticket(ticket);
            }
            Some(receiver.complete(Outcome::Done))
        }
    }

    /// Sends at once, or queues the wait and leaves the lock held.
    ///
    /// # Safety
    /// `slot` holds a value; `slot` and `wait` stay where they are until the wait is over.
    #[inline(never)]
    unsafe fn start_send(&self, slot: &Slot<T>, wait: &mut MaybeUninit<Wait>, kind: Kind) -> Start {
        // SAFETY: this neither waits nor runs foreign code before the receiver is readied, which is
        // the last use.
        let here = unsafe { Here::ask() };
        self.lock.lock_here(here);
        // SAFETY: the lock is held, and released before the receiver runs, except where the caller
        // gets it.
        unsafe {
            match self.offer(slot) {
                Offer::Done(task) => {
                    self.lock.unlock();
                    if let Some(task) = task {
                        task.ready_here(here);
                    }
                    Start::Done
                }
                Offer::Refused(why) => {
                    self.lock.unlock();
                    Start::Refused(why)
                }
                Offer::Wait => {
                    let wait = Wait::start(wait, kind, Task::current_here(here), slot.erased());
                    self.sendq.push(&wait.node);
                    Start::Park(here)
                }
            }
        }
    }

    /// Sends; waits as long as it takes.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn send(&self, value: T) -> Result<(), (Refused, T)> {
        self.announce_handed_over(ops::SEND, "send on");
        self.send_unseen(value)
    }

    /// The same where the operation has been announced already.
    #[inline(always)]
    #[track_caller]
    fn send_unseen(&self, value: T) -> Result<(), (Refused, T)> {
        let slot = Slot::full(value);
        let mut wait = MaybeUninit::uninit();
        // SAFETY: the slot is full. When `start_send` says `Park`, the wait is queued and the lock
        // is ours: the commit releases it, and the one `ready` comes from who takes the waiter,
        // under this lock, after that. Slot and wait stay in this frame until then. A refused or
        // failed send leaves the value in the slot.
        unsafe {
            let here = match self.start_send(&slot, &mut wait, Kind::Plain) {
                Start::Done => return Ok(()),
                Start::Refused(why) => return Err((why, slot.read())),
                Start::Park(here) => here,
            };
            rt::park_holding(here, WaitReason::ChanSend, &self.lock);
            match finish(wait) {
                Outcome::Done => Ok(()),
                outcome => Err((refused(outcome), slot.read())),
            }
        }
    }

    /// Sends if that is possible at once; `None` in the error means it is not, now.
    #[inline]
    #[track_caller]
    pub(crate) fn try_send(&self, value: T) -> Result<(), NotSent<T>> {
        self.announce(ops::TRY_SEND, "send on");
        self.try_send_unseen(value)
    }

    #[inline]
    fn try_send_unseen(&self, value: T) -> Result<(), NotSent<T>> {
        if self.send_would_wait() {
            return Err((None, value));
        }
        self.try_send_locked(value)
    }

    fn try_send_locked(&self, value: T) -> Result<(), NotSent<T>> {
        let slot = Slot::full(value);
        self.lock.lock();
        // SAFETY: the lock is held and the slot full; unless the offer is done it stays full.
        unsafe {
            let offer = self.offer(&slot);
            self.lock.unlock();
            match offer {
                Offer::Done(task) => {
                    if let Some(task) = task {
                        task.ready();
                    }
                    Ok(())
                }
                Offer::Refused(why) => Err((Some(why), slot.read())),
                Offer::Wait => Err((None, slot.read())),
            }
        }
    }

    /// Sends; waits at most for `limit`. `None` in the error means the time was up.
    #[track_caller]
    pub(crate) fn send_timeout(&self, value: T, limit: Duration) -> Result<(), NotSent<T>> {
        self.announce(ops::SEND, "send on");
        // First without a look at the clock.
        let value = match self.try_send_unseen(value) {
            Err((None, value)) if !limit.is_zero() => value,
            result => return result,
        };
        let Some(deadline) = rt::now().checked_add(limit) else {
            return self.send_unseen(value).map_err(|(why, value)| (Some(why), value));
        };
        let slot = Slot::full(value);
        let mut wait = MaybeUninit::uninit();
        // SAFETY: as in `send`; the waiter is of the claimed kind, so wakers win the claim before
        // they ready it.
        unsafe {
            match self.start_send(&slot, &mut wait, Kind::Claimed) {
                Start::Done => return Ok(()),
                Start::Refused(why) => return Err((Some(why), slot.read())),
                Start::Park(_) => {}
            }
            let lock = &self.lock;
            let claim = &wait.assume_init_ref().head.claim;
            rt::park_until(WaitReason::ChanSend, deadline, claim, move || lock.unlock());
            if wait.assume_init_ref().head.claim.winner() == Some(Claim::TIMEOUT) {
                self.lock.lock();
                self.sendq.remove(&wait.assume_init_ref().node);
                self.lock.unlock();
                finish(wait);
                return Err((None, slot.read()));
            }
            match finish(wait) {
                Outcome::Done => Ok(()),
                outcome => Err((Some(refused(outcome)), slot.read())),
            }
        }
    }
}

/// Why a waiting sender was woken without having sent.
pub(crate) fn refused(outcome: Outcome) -> Refused {
    match outcome {
        Outcome::Closed => Refused::Closed,
        Outcome::NoReceiver => Refused::NoReceiver,
        Outcome::Waiting | Outcome::Done => unreachable!("a sender was woken for nothing"),
    }
}

/// Reads how the wait ended, and ends it.
///
/// # Safety
/// The wait was started, its node is in no queue, and nobody else uses it any more.
#[inline(always)]
pub(super) unsafe fn finish(mut wait: MaybeUninit<Wait>) -> Outcome {
    // SAFETY: by contract it was filled in and is ours alone.
    unsafe {
        let outcome = wait.assume_init_ref().node.outcome();
        wait.assume_init_drop();
        outcome
    }
}
