//! The arms of a select, and what the engine sees of them: [`Arm`].
//!
//! An arm lives where its select does and holds what a waiter needs: a node, and the slot that the
//! value comes from or goes to. The engine has only shared references to arms, since wakers use
//! node and slot through pointers at the same time.

use std::cell::Cell;
use std::fmt;

use crate::chan::{Core, Offer, Refused, Take};
use crate::rt::{Here, RawLock, Task};
use crate::source::{Origin, Polled};
use crate::waiter::{Head, Node, Outcome, Slot};

/// What a look at an arm found.
#[derive(Debug)]
pub enum Poll {
    /// It is chosen. The task is to be readied after the locks are released.
    Ready(Option<Task>),
    /// Not now.
    Pending,
    /// Never again.
    Out,
}

/// One operation of a select.
///
/// # Safety
/// For implementors: the lock is always the same one; `poll` performs the operation if and only if
/// it returns `Ready`; `enqueue` makes the waiter wait for the operation, so that `settle` can tell
/// how it went. None of them runs foreign code.
pub unsafe trait Arm {
    /// The lock of its channel; `None` for the nil channel.
    fn lock(&self) -> Option<&RawLock>;

    /// Which object it is, for whoever explores schedules.
    #[doc(hidden)]
    fn identity(&self) -> Option<usize> {
        self.lock().map(|lock| std::ptr::from_ref(lock).addr())
    }

    /// The bubble that its channel was made in; 0: none. `None`: it has no channel.
    #[doc(hidden)]
    fn bubble(&self) -> Option<u32> {
        None
    }

    /// Whether it is worth taking the lock. May be wrong by saying yes.
    fn maybe_ready(&self) -> bool;

    /// Performs the operation, if that is possible now.
    ///
    /// # Safety
    /// The lock is held; the arm has not been chosen before, and is in no queue.
    unsafe fn poll(&self) -> Poll;

    /// Puts the arm's node into its channel's queue.
    ///
    /// # Safety
    /// The lock is held since `poll` said `Pending`. `head`, and the arm, stay where they are until
    /// `dequeue`, or until the arm was taken by a waker.
    unsafe fn enqueue(&self, head: &Head, winner: usize);

    /// Takes the arm's node out of the queue, if it is in.
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn dequeue(&self);

    /// Performs the operation under its own lock, if it looks possible. Here, and not in the
    /// engine, so that what it calls is known when it is compiled for an arm.
    ///
    /// # Safety
    /// The arm has not been chosen before, and is in no queue; `here` is the worker that runs this.
    unsafe fn attempt(&self, here: Here) -> Poll {
        if !self.maybe_ready() {
            return Poll::Pending;
        }
        let Some(lock) = self.lock() else {
            return Poll::Pending;
        };
        lock.lock_here(here);
        // SAFETY: the lock is held until the unlock; the rest is by the caller.
        unsafe {
            let polled = self.poll();
            lock.unlock();
            polled
        }
    }

    /// Takes the arm's node out of the queue, under its own lock.
    ///
    /// # Safety
    /// `here` is the worker that runs this.
    unsafe fn withdraw(&self, here: Here) {
        if let Some(lock) = self.lock() {
            lock.lock_here(here);
            // SAFETY: the lock is held.
            unsafe {
                self.dequeue();
                lock.unlock();
            }
        }
    }

    /// Drops what was received, so that the arm can be used again. Not under a lock.
    fn discard(&self);

    /// Whether the arm, which a waker took, is chosen. `false`: it has dropped out.
    ///
    /// # Safety
    /// The arm was enqueued and taken, and its task readied.
    unsafe fn settle(&self) -> bool;
}

/// What an arm has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Receiving: the slot is full. Sending: it is empty.
    Done,
    /// The channel was closed.
    Closed,
}

/// A receive.
pub struct RecvArm<'a, T> {
    from: Origin<'a, T>,
    /// Whether it drops out once the channel is closed and drained.
    only_some: bool,
    state: Cell<State>,
    slot: Slot<T>,
    node: Node,
}

/// A send.
pub struct SendArm<'a, T> {
    to: Option<&'a Core<T>>,
    state: Cell<State>,
    slot: Slot<T>,
    node: Node,
}

impl<T> fmt::Debug for RecvArm<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvArm")
            .field("state", &self.state.get())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for SendArm<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendArm")
            .field("state", &self.state.get())
            .finish_non_exhaustive()
    }
}

impl<'a, T> RecvArm<'a, T> {
    #[inline]
    pub(crate) fn new(from: Origin<'a, T>, only_some: bool) -> RecvArm<'a, T> {
        RecvArm {
            from,
            only_some,
            state: Cell::new(State::Open),
            slot: Slot::empty(),
            node: Node::new(),
        }
    }

    /// The value the arm received; `None` if its channel was closed and drained. The arm is open
    /// again.
    #[inline]
    pub(crate) fn extract(&self) -> Option<T> {
        // SAFETY: `Done` says that the slot is full; it is not used again in that state.
        (self.state.replace(State::Open) == State::Done).then(|| unsafe { self.slot.read() })
    }

    /// What the arm received: `None` if its channel was closed and drained.
    #[inline]
    pub fn take(self) -> Option<T> {
        self.extract()
    }

    /// What an arm made by `recv_some_arm` received.
    ///
    /// # Panics
    /// If the arm was not chosen.
    #[inline]
    pub fn take_some(self) -> T {
        self.extract().expect("the arm was not chosen")
    }

    /// Go's two-value form: the value and `true`, or the default value and `false` if the channel
    /// was closed and drained.
    #[inline]
    pub fn take_or_default(self) -> (T, bool)
    where
        T: Default,
    {
        match self.extract() {
            Some(value) => (value, true),
            None => (T::default(), false),
        }
    }

    #[inline]
    fn ended(&self) -> bool {
        if !self.only_some {
            self.state.set(State::Closed);
        }
        !self.only_some
    }
}

// SAFETY: `poll` receives or changes nothing; a receiver waits with an empty slot of the channel's
// type.
unsafe impl<T> Arm for RecvArm<'_, T> {
    #[inline]
    fn lock(&self) -> Option<&RawLock> {
        match self.from {
            Origin::Nil => None,
            Origin::Chan(core) => Some(core.lock()),
            Origin::Source(source) => Some(source.lock()),
        }
    }

    fn identity(&self) -> Option<usize> {
        match self.from {
            Origin::Nil => None,
            Origin::Chan(core) => Some(core.address()),
            Origin::Source(source) => Some(source.identity()),
        }
    }

    fn bubble(&self) -> Option<u32> {
        match self.from {
            Origin::Chan(core) => Some(core.bubble()),
            Origin::Nil | Origin::Source(_) => None,
        }
    }

    #[inline]
    fn maybe_ready(&self) -> bool {
        match self.from {
            Origin::Nil => false,
            Origin::Chan(core) => !core.recv_would_wait(),
            Origin::Source(source) => source.maybe_ready(),
        }
    }

    #[inline]
    unsafe fn poll(&self) -> Poll {
        let polled = match self.from {
            Origin::Nil => return Poll::Out,
            // SAFETY: the lock is held, and the slot of an open arm is empty.
            Origin::Chan(core) => match unsafe { core.take(&self.slot) } {
                Take::Done(task) => {
                    self.state.set(State::Done);
                    return Poll::Ready(task);
                }
                Take::Closed => Polled::Ended,
                Take::Wait => Polled::Pending,
            },
            // SAFETY: the lock is held.
            Origin::Source(source) => unsafe { source.poll() },
        };
        match polled {
            Polled::Ready(value, task) => {
                // SAFETY: the slot of an open arm is empty.
                unsafe { self.slot.write(value) };
                self.state.set(State::Done);
                Poll::Ready(task)
            }
            Polled::Pending => Poll::Pending,
            Polled::Ended if self.ended() => Poll::Ready(None),
            Polled::Ended => Poll::Out,
        }
    }

    unsafe fn enqueue(&self, head: &Head, winner: usize) {
        let queue = match self.from {
            Origin::Nil => return,
            Origin::Chan(core) => core.recvq(),
            Origin::Source(source) => source.queue(),
        };
        // SAFETY: the lock is held, and head, node and slot stay where they are.
        unsafe {
            self.node.aim(head, self.slot.erased(), winner);
            queue.push(&self.node);
        }
    }

    unsafe fn dequeue(&self) {
        let queue = match self.from {
            Origin::Nil => return,
            Origin::Chan(core) => core.recvq(),
            Origin::Source(source) => source.queue(),
        };
        // SAFETY: the lock is held.
        unsafe { queue.remove(&self.node) };
    }

    fn discard(&self) {
        drop(self.extract());
    }

    unsafe fn settle(&self) -> bool {
        // SAFETY: the waker is done with the node.
        match unsafe { self.node.outcome() } {
            Outcome::Done => {
                self.state.set(State::Done);
                true
            }
            _ => self.ended(),
        }
    }
}

impl<T> Drop for RecvArm<'_, T> {
    /// A value that was received and not taken is dropped.
    fn drop(&mut self) {
        drop(self.extract());
    }
}

impl<'a, T> SendArm<'a, T> {
    #[inline]
    pub(crate) fn new(to: Option<&'a Core<T>>, value: T) -> SendArm<'a, T> {
        SendArm {
            to,
            state: Cell::new(State::Open),
            slot: Slot::full(value),
            node: Node::new(),
        }
    }

    /// With nothing to send: it has dropped out.
    pub(crate) fn empty() -> SendArm<'a, T> {
        SendArm {
            to: None,
            state: Cell::new(State::Done),
            slot: Slot::empty(),
            node: Node::new(),
        }
    }

    /// To be called when the arm was chosen.
    ///
    /// # Panics
    /// With `send on closed channel` if its channel was closed.
    #[inline]
    #[track_caller]
    pub fn finish(self) {
        self.check();
    }

    /// As [`finish`](SendArm::finish), and the arm stays.
    #[inline]
    #[track_caller]
    pub(crate) fn check(&self) {
        if self.state.get() == State::Closed {
            // The panic drops the value, with the arm.
            panic!("send on closed channel");
        }
    }

    /// The value, unless it was sent.
    pub(crate) fn unsent(&self) -> Option<T> {
        // SAFETY: unless it is done the slot is full; afterwards it counts as empty.
        (self.state.replace(State::Done) != State::Done).then(|| unsafe { self.slot.read() })
    }
}

// SAFETY: `poll` sends or changes nothing; a sender waits with a full slot of the channel's type.
unsafe impl<T> Arm for SendArm<'_, T> {
    #[inline]
    fn lock(&self) -> Option<&RawLock> {
        self.to.map(Core::lock)
    }

    #[inline]
    fn maybe_ready(&self) -> bool {
        // What is spent has to be looked at too, to see that it is out.
        let spent = || self.state.get() == State::Done;
        self.to.is_some_and(|core| !core.send_would_wait() || spent())
    }

    #[inline]
    unsafe fn poll(&self) -> Poll {
        let Some(core) = self.to else { return Poll::Out };
        // A reused arm of a `Select` that has nothing to send any more.
        if self.state.get() == State::Done {
            return Poll::Out;
        }
        // SAFETY: the lock is held, and the slot of an open arm is full.
        match unsafe { core.offer(&self.slot) } {
            Offer::Done(task) => {
                self.state.set(State::Done);
                Poll::Ready(task)
            }
            Offer::Refused(Refused::Closed) => {
                self.state.set(State::Closed);
                Poll::Ready(None)
            }
            Offer::Refused(Refused::NoReceiver) => Poll::Out,
            Offer::Wait => Poll::Pending,
        }
    }

    unsafe fn enqueue(&self, head: &Head, winner: usize) {
        if let Some(core) = self.to {
            // SAFETY: the lock is held, and head, node and slot stay where they are.
            unsafe {
                self.node.aim(head, self.slot.erased(), winner);
                core.sendq().push(&self.node);
            }
        }
    }

    unsafe fn dequeue(&self) {
        if let Some(core) = self.to {
            // SAFETY: the lock is held.
            unsafe { core.sendq().remove(&self.node) };
        }
    }

    /// A send that was chosen has nothing left; one whose channel was closed keeps its value.
    fn discard(&self) {}

    unsafe fn settle(&self) -> bool {
        // SAFETY: the waker is done with the node.
        match unsafe { self.node.outcome() } {
            Outcome::Done => {
                self.state.set(State::Done);
                true
            }
            Outcome::Closed => {
                self.state.set(State::Closed);
                true
            }
            _ => false,
        }
    }
}

impl<T> Drop for SendArm<'_, T> {
    /// A value that was not sent is dropped.
    fn drop(&mut self) {
        drop(self.unsent());
    }
}
