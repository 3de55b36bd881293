//! Sending and receiving from `async` code.
//!
//! A future's waiter lives in a box of its own, because a future may be moved before it is polled,
//! dropped at any time, or forgotten. It is taken by dequeueing it under the channel's lock, as
//! every plain waiter is; the value moves in the same critical section, so under the lock a future
//! is either still queued, or done.
//!
//! * *Dropped while queued*: it is dequeued; an unsent value is dropped.
//! * *Dropped after a value was handed to it*: the value goes on to the next waiting receiver, or
//!   back to where the next receiver looks first ([`given_back`](super::given_back)). Nothing is
//!   lost and values stay in order.
//! * *Forgotten*: the box is leaked, so its node may stand in the queue for as long as the channel
//!   lives. A value that is handed to it is leaked with it.
//! * *Polled again with another waker*: the task is replaced under the lock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use super::send::refused;
use super::{Core, Offer, Take};
use crate::error::SendError;
use crate::rt::Task;
use crate::waiter::{Head, Kind, Node, Outcome, Slot, Wait};

/// A future's waiter.
#[derive(Debug)]
pub(super) struct Boxed<T> {
    pub(super) wait: Wait,
    pub(super) slot: Slot<T>,
    /// Used while the box is in the list of values that were given back.
    pub(super) next: *mut Boxed<T>,
}

impl<T> Boxed<T> {
    fn new(task: Task, slot: Slot<T>) -> NonNull<Boxed<T>> {
        let wait = Wait {
            head: Head::new(Kind::Future, task),
            node: Node::new(),
        };
        let boxed = NonNull::from(Box::leak(Box::new(Boxed {
            wait,
            slot,
            next: ptr::null_mut(),
        })));
        // SAFETY: nobody else knows the node yet; head and slot lie in the same box.
        unsafe {
            let this = boxed.as_ref();
            this.wait.node.aim(&this.wait.head, this.slot.erased(), 1);
        }
        boxed
    }

    /// Frees the box, not the value in its slot. Drops the task, if nobody took it: not under a
    /// lock.
    ///
    /// # Safety
    /// `boxed` is from `new`, in no queue or list, and not used again.
    unsafe fn free(boxed: NonNull<Boxed<T>>) {
        // SAFETY: by contract.
        drop(unsafe { Box::from_raw(boxed.as_ptr()) });
    }
}

/// Frees a box at the end of a poll: after somebody was readied, for its own waker may panic when
/// it is dropped.
struct FreeAtLast<T>(NonNull<Boxed<T>>);

impl<T> Drop for FreeAtLast<T> {
    fn drop(&mut self) {
        // SAFETY: whoever makes one owns the box, which is in no queue or list, and does not use it
        // afterwards.
        unsafe { Boxed::free(self.0) };
    }
}

/// The future of [`Sender::send_async`](crate::Sender::send_async).
///
/// ```
/// use gort_channels::channel;
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// let (tx, rx) = channel(1);
/// let mut sending = pin!(tx.send_async(7));
/// let mut context = Context::from_waker(Waker::noop());
/// assert_eq!(sending.as_mut().poll(&mut context), Poll::Ready(Ok(())));
/// assert_eq!(rx.recv(), Some(7));
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct SendFuture<'a, T> {
    core: &'a Core<T>,
    /// The value until it waits.
    value: Option<T>,
    boxed: Option<NonNull<Boxed<T>>>,
}

/// The future of [`Receiver::recv_async`](crate::Receiver::recv_async).
///
/// ```
/// use gort_channels::channel;
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// let (tx, rx) = channel(1);
/// let mut receiving = pin!(rx.recv_async());
/// let mut context = Context::from_waker(Waker::noop());
/// assert_eq!(receiving.as_mut().poll(&mut context), Poll::Pending);
/// tx.send(7).unwrap();
/// assert_eq!(receiving.as_mut().poll(&mut context), Poll::Ready(Some(7)));
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct RecvFuture<'a, T> {
    core: &'a Core<T>,
    boxed: Option<NonNull<Boxed<T>>>,
    done: bool,
}

// SAFETY: the box is the future's alone but for what is under the channel's lock; values move
// between threads: `T: Send`.
unsafe impl<T: Send> Send for SendFuture<'_, T> {}
// SAFETY: a shared future gives access to nothing.
unsafe impl<T: Send> Sync for SendFuture<'_, T> {}
// SAFETY: as for sending.
unsafe impl<T: Send> Send for RecvFuture<'_, T> {}
// SAFETY: as for sending.
unsafe impl<T: Send> Sync for RecvFuture<'_, T> {}

// The value is moved out before the first wait, and the waiter has a box of its own: nothing here
// needs to stay in place.
impl<T> Unpin for SendFuture<'_, T> {}
impl<T> Unpin for RecvFuture<'_, T> {}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture")
            .field("waiting", &self.boxed.is_some())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture")
            .field("waiting", &self.boxed.is_some())
            .finish_non_exhaustive()
    }
}

impl<T> Core<T> {
    pub(crate) fn send_async(&self, value: T) -> SendFuture<'_, T> {
        SendFuture {
            core: self,
            value: Some(value),
            boxed: None,
        }
    }

    pub(crate) fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture {
            core: self,
            boxed: None,
            done: false,
        }
    }

    /// What became of a queued future: `None` while it still waits, with its task exchanged for
    /// `task`.
    ///
    /// # Safety
    /// `boxed` was pushed to one of the queues and not freed.
    unsafe fn look(&self, boxed: NonNull<Boxed<T>>, task: Task) -> Option<Outcome> {
        self.lock.lock();
        // SAFETY: the lock is held; a queued node's task has not been taken.
        unsafe {
            let wait = &boxed.as_ref().wait;
            if wait.node.is_queued() {
                let old = wait.head.replace_task(Some(task));
                self.lock.unlock();
                drop(old);
                return None;
            }
            let outcome = wait.node.outcome();
            self.lock.unlock();
            Some(outcome)
        }
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let core = self.core;
        if let Some(boxed) = self.boxed {
            let task = Task::from_waker(cx.waker().clone());
            // SAFETY: the box is queued, or was and is ours again.
            let Some(outcome) = (unsafe { core.look(boxed, task) }) else {
                return Poll::Pending;
            };
            self.boxed = None;
            // SAFETY: the node is in no queue any more, so the box is ours alone. Unless it is
            // done, the value is still in.
            return Poll::Ready(unsafe {
                let result = match outcome {
                    Outcome::Done => Ok(()),
                    other => {
                        let _ = refused(other);
                        Err(SendError(boxed.as_ref().slot.read()))
                    }
                };
                Boxed::free(boxed);
                result
            });
        }
        let value = self.value.take().expect("`SendFuture` polled after it was ready");
        let value = match core.try_send(value) {
            Ok(()) => return Poll::Ready(Ok(())),
            Err((Some(_), value)) => return Poll::Ready(Err(SendError(value))),
            Err((None, value)) => value,
        };
        let task = Task::from_waker(cx.waker().clone());
        let boxed = Boxed::new(task, Slot::full(value));
        core.lock.lock();
        // SAFETY: the lock is held; the slot is full; the box stays where it is until it is freed,
        // which happens only once it is in no queue.
        unsafe {
            let offer = core.offer(&boxed.as_ref().slot);
            if matches!(offer, Offer::Wait) {
                core.sendq.push(&boxed.as_ref().wait.node);
                core.lock.unlock();
                self.boxed = Some(boxed);
                return Poll::Pending;
            }
            core.lock.unlock();
            let _free = FreeAtLast(boxed);
            Poll::Ready(match offer {
                Offer::Done(task) => {
                    if let Some(task) = task {
                        task.ready();
                    }
                    Ok(())
                }
                _ => Err(SendError(boxed.as_ref().slot.read())),
            })
        }
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        let Some(boxed) = self.boxed.take() else { return };
        self.core.lock.lock();
        // SAFETY: the lock is held; a node that is queued is queued in `sendq`. After the unlock
        // the box is ours alone.
        unsafe {
            let node = &boxed.as_ref().wait.node;
            let sent = !self.core.sendq.remove(node) && node.outcome() == Outcome::Done;
            self.core.lock.unlock();
            let value = if sent {
                None
            } else {
                Some(boxed.as_ref().slot.read())
            };
            Boxed::free(boxed);
            drop(value);
        }
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let core = self.core;
        if let Some(boxed) = self.boxed {
            let task = Task::from_waker(cx.waker().clone());
            // SAFETY: the box is queued, or was and is ours again.
            let Some(outcome) = (unsafe { core.look(boxed, task) }) else {
                return Poll::Pending;
            };
            self.boxed = None;
            self.done = true;
            // SAFETY: the node is in no queue any more, so the box is ours alone. If it is done, a
            // value is in.
            return Poll::Ready(unsafe {
                let value = (outcome == Outcome::Done).then(|| boxed.as_ref().slot.read());
                Boxed::free(boxed);
                value
            });
        }
        assert!(!self.done, "`RecvFuture` polled after it was ready");
        match core.try_recv() {
            Err(false) => {}
            result => {
                self.done = true;
                return Poll::Ready(result.ok());
            }
        }
        let task = Task::from_waker(cx.waker().clone());
        let boxed = Boxed::new(task, Slot::empty());
        core.lock.lock();
        // SAFETY: the lock is held; the slot is empty; the box stays where it is until it is freed,
        // which happens only once it is in no queue.
        unsafe {
            let take = core.take(&boxed.as_ref().slot);
            if matches!(take, Take::Wait) {
                core.recvq.push(&boxed.as_ref().wait.node);
                core.lock.unlock();
                self.boxed = Some(boxed);
                return Poll::Pending;
            }
            core.lock.unlock();
            self.done = true;
            let _free = FreeAtLast(boxed);
            let (value, task) = match take {
                Take::Done(task) => (Some(boxed.as_ref().slot.read()), task),
                _ => (None, None),
            };
            if let Some(task) = task {
                task.ready();
            }
            Poll::Ready(value)
        }
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        let Some(boxed) = self.boxed.take() else { return };
        let core = self.core;
        core.lock.lock();
        // SAFETY: the lock is held; a node that is queued is queued in `recvq`. If it is in no
        // queue the box is ours alone, and full if it is done. `insert` makes it the list's.
        unsafe {
            let Wait { node, .. } = &boxed.as_ref().wait;
            let mut task = None;
            if !core.recvq.remove(node) && node.outcome() == Outcome::Done {
                task = core.hand_over(&boxed.as_ref().slot, Some(node.ticket()));
                if task.is_none() {
                    core.given_back.insert(boxed);
                    core.note_given_back();
                    core.lock.unlock();
                    return;
                }
            }
            core.lock.unlock();
            Boxed::free(boxed);
            if let Some(task) = task {
                task.ready();
            }
        }
    }
}
