//! Where values come from and go to: the traits behind the operands of `chan!` and `select!`.
//!
//! # How to add an event source
//!
//! A join handle, a timer, anything that becomes ready once or again and again, can be an operand
//! of `<-`:
//!
//! 1. Give it a [`RawLock`] and a [`WaitQueue`] and implement [`Source<T>`] for the shared part.
//!    `poll` looks whether a value is there (under the lock), `queue` names the queue that the
//!    engine puts waiters into.
//! 2. Where it becomes ready, take the lock, set the state, and serve waiters: [`WaitQueue::take`]
//!    wins and dequeues the first one, [`Taken::deliver`] gives it the value, [`Taken::end`] tells
//!    it that nothing will come. Both return a
//!    [`Task`]: release the lock, then call [`Task::ready`].
//! 3. Implement [`RecvFrom`] for the handle: `operand` returns `Operand::source(&shared)`.
//!
//! The engine does the rest: it locks, queues, parks, and takes the losers out of the queues.
//!
//! The example is a source that delivers one value once.
//!
//! ```
//! use gort_channels::source::*;
//! use std::cell::UnsafeCell;
//!
//! #[derive(Default)]
//! struct Once { lock: RawLock, waiters: WaitQueue, value: UnsafeCell<Option<u32>> }
//! // SAFETY: `value` and `waiters` are used under the lock only.
//! unsafe impl Sync for Once {}
//!
//! // SAFETY: one lock, one item type; poll takes a value out or leaves it there.
//! unsafe impl Source<u32> for Once {
//!     fn lock(&self) -> &RawLock { &self.lock }
//!     fn queue(&self) -> &WaitQueue { &self.waiters }
//!     unsafe fn poll(&self) -> Polled<u32> {
//!         // SAFETY: the engine holds the lock.
//!         match unsafe { (*self.value.get()).take() } {
//!             Some(value) => Polled::Ready(value, None),
//!             None => Polled::Pending,
//!         }
//!     }
//! }
//!
//! impl Once {
//!     fn set(&self, value: u32) {
//!         self.lock.lock();
//!         // SAFETY: the lock is held; the waiters of a `Source<u32>` wait for a `u32`.
//!         let task = unsafe {
//!             let task = match self.waiters.take() {
//!                 Some(waiter) => Some(waiter.deliver(value)),
//!                 None => { *self.value.get() = Some(value); None }
//!             };
//!             self.lock.unlock();
//!             task
//!         };
//!         if let Some(task) = task {
//!             // SAFETY: it came out of the queue, and this is its one `ready`.
//!             unsafe { task.ready() };
//!         }
//!     }
//! }
//!
//! impl RecvFrom for Once {
//!     type Item = u32;
//!     fn operand(&self) -> Operand<'_, u32> { Operand::source(self) }
//! }
//!
//! let once = Once::default();
//! std::thread::scope(|s| {
//!     s.spawn(|| once.set(7));
//!     assert_eq!(gort_channels::macro_support::recv(&once), Some(7));
//! });
//! ```

use std::fmt;

use crate::chan::Core;
pub use crate::rt::{RawLock, Task};
pub use crate::waiter::{Node, Outcome, Taken};
pub use crate::waitq::WaitQueue;
use crate::{Chan, Receiver, Sender};

/// What a look at a source found.
#[derive(Debug)]
pub enum Polled<T> {
    /// A value, and perhaps somebody who can go on because it was taken (readied after the lock is
    /// released).
    Ready(T, Option<Task>),
    /// Nothing now.
    Pending,
    /// Nothing ever again: a plain receive gets `None`, a `Some(…)` arm drops out.
    Ended,
}

/// An event source outside this crate. The [module](self) says how to write one.
///
/// # Safety
/// * The lock's address names the source: while it lives no other source has the same, so it stands
///   for one item type `T`.
/// * Waiters in [`queue`](Source::queue) are completed with values of type `T` only, under the
///   lock.
/// * `poll` runs no foreign code (it is called under the lock) and does not touch the lock.
/// * `lock`, `queue` and `maybe_ready` do not wait and run no foreign code either: a select goes on
///   with the worker on which it began.
/// * While a waiter stands in the queue the source does not move and is not freed.
pub unsafe trait Source<T> {
    /// The lock that guards the source.
    fn lock(&self) -> &RawLock;

    /// Where waiters stand.
    fn queue(&self) -> &WaitQueue;

    /// Whether it is worth taking the lock. May be wrong by saying yes.
    fn maybe_ready(&self) -> bool {
        true
    }

    /// Which object it is, for whoever explores schedules: those who change it announce the same.
    #[doc(hidden)]
    fn identity(&self) -> usize {
        std::ptr::from_ref(self.lock()).addr()
    }

    /// Takes a value, if one is there.
    ///
    /// # Safety
    /// The caller holds the lock.
    unsafe fn poll(&self) -> Polled<T>;
}

impl Taken {
    /// Gives the waiter of a [`Source<T>`] its value. Ready the task after releasing the lock.
    ///
    /// # Safety
    /// The waiter was taken from the queue of a `Source<T>` for this very `T`, whose lock is still
    /// held.
    pub unsafe fn deliver<T>(self, value: T) -> Task {
        // SAFETY: by contract; the slot of a waiting receiver is empty.
        unsafe {
            self.slot::<T>().write(value);
            self.complete(Outcome::Done)
        }
    }

    /// Tells the waiter that nothing will ever come. Ready the task after releasing the lock.
    ///
    /// # Safety
    /// The lock under which the waiter was taken is still held.
    pub unsafe fn end(self) -> Task {
        // SAFETY: by contract.
        unsafe { self.complete(Outcome::Closed) }
    }
}

/// What `<-x` receives from.
pub struct Operand<'a, T>(pub(crate) Origin<'a, T>);

pub(crate) enum Origin<'a, T> {
    Nil,
    Chan(&'a Core<T>),
    Source(&'a dyn Source<T>),
}

impl<T> Clone for Origin<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Origin<'_, T> {}

impl<'a, T> Operand<'a, T> {
    /// Go's nil channel: never ready.
    pub fn nil() -> Operand<'a, T> {
        Operand(Origin::Nil)
    }

    /// A source of one's own.
    pub fn source(source: &'a dyn Source<T>) -> Operand<'a, T> {
        Operand(Origin::Source(source))
    }
}

impl<T> fmt::Debug for Operand<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Origin::Nil => "Operand(nil)",
            Origin::Chan(_) => "Operand(channel)",
            Origin::Source(_) => "Operand(source)",
        })
    }
}

/// What `x <- v` sends to: a channel, or nothing (Go's nil channel).
pub struct Target<'a, T>(pub(crate) Option<&'a Core<T>>);

impl<T> fmt::Debug for Target<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Target(channel)"
        } else {
            "Target(nil)"
        })
    }
}

/// What can stand on the right of `<-` in `chan!` and `select!`: a `Receiver`, a `Chan`, an
/// `Option` of one (`None` is Go's nil channel), a reference to one, and other event sources.
#[diagnostic::on_unimplemented(
    message = "cannot receive from `{Self}`",
    label = "`<-` needs something to receive from, this is `{Self}`",
    note = "a `Receiver`, a `Chan`, or an `Option` of one can stand here; a `Sender` only sends: \
            use the `.rx()` of its `Chan`, or the `Receiver` that was made with it",
    note = "from a `Timer` or `Ticker` that is shared (in an `Arc`, say) receive through its channel, `<-timer.c()`; \
            from a context, `<-ctx.done()`"
)]
pub trait RecvFrom {
    /// What is received.
    type Item;

    /// What to receive from.
    fn operand(&self) -> Operand<'_, Self::Item>;
}

/// What can stand on the left of `<-` in `chan!` and `select!`: a `Sender`, a `Chan`, an `Option`
/// of one (`None` is Go's nil channel), a reference to one.
#[diagnostic::on_unimplemented(
    message = "cannot send to `{Self}`",
    label = "`<-` needs something to send to, this is `{Self}`",
    note = "a `Sender`, a `Chan`, or an `Option` of one can stand here; a `Receiver` only receives: \
            use the `.tx()` of its `Chan`, or the `Sender` that was made with it"
)]
pub trait SendTo<T> {
    /// What to send to.
    fn target(&self) -> Target<'_, T>;
}

impl<T> RecvFrom for Receiver<T> {
    type Item = T;

    #[inline(always)]
    fn operand(&self) -> Operand<'_, T> {
        Operand(Origin::Chan(self.core()))
    }
}

impl<T> RecvFrom for Chan<T> {
    type Item = T;

    #[inline(always)]
    fn operand(&self) -> Operand<'_, T> {
        Operand(Origin::Chan(self.core()))
    }
}

impl<S: RecvFrom + ?Sized> RecvFrom for &S {
    type Item = S::Item;

    #[inline(always)]
    fn operand(&self) -> Operand<'_, S::Item> {
        (**self).operand()
    }
}

impl<S: RecvFrom + ?Sized> RecvFrom for &mut S {
    type Item = S::Item;

    #[inline(always)]
    fn operand(&self) -> Operand<'_, S::Item> {
        (**self).operand()
    }
}

impl<S: RecvFrom> RecvFrom for Option<S> {
    type Item = S::Item;

    #[inline(always)]
    fn operand(&self) -> Operand<'_, S::Item> {
        match self {
            Some(source) => source.operand(),
            None => Operand::nil(),
        }
    }
}

impl<T> SendTo<T> for Sender<T> {
    #[inline(always)]
    fn target(&self) -> Target<'_, T> {
        Target(Some(self.core()))
    }
}

impl<T> SendTo<T> for Chan<T> {
    #[inline(always)]
    fn target(&self) -> Target<'_, T> {
        Target(Some(self.core()))
    }
}

impl<T, S: SendTo<T> + ?Sized> SendTo<T> for &S {
    #[inline(always)]
    fn target(&self) -> Target<'_, T> {
        (**self).target()
    }
}

impl<T, S: SendTo<T> + ?Sized> SendTo<T> for &mut S {
    #[inline(always)]
    fn target(&self) -> Target<'_, T> {
        (**self).target()
    }
}

impl<T, S: SendTo<T>> SendTo<T> for Option<S> {
    #[inline(always)]
    fn target(&self) -> Target<'_, T> {
        match self {
            Some(target) => target.target(),
            None => Target(None),
        }
    }
}
