//! The two ends of a channel's life: `close`, and the last handle that can receive.
//!
//! Both set a flag that keeps newcomers from waiting, in the critical section in which they begin
//! to take the waiters. So the queues only shrink from then on, and the waiters can be taken a
//! batch at a time: a batch fits on the stack, nothing is allocated, and nobody is readied (which
//! may run a user's waker) under the lock.

use super::{CLOSED, Core, GAVE_BACK, NO_RECEIVER};
use crate::rt::Task;
use crate::shim::Ordering;
use crate::waiter::Outcome;
use crate::waitq::WaitQueue;

const BATCH: usize = if cfg!(loom) { 2 } else { 32 };

/// Tasks to be readied once the lock is released. If a waker panics, the rest is still readied.
struct Batch {
    tasks: [Option<Task>; BATCH],
    len: usize,
}

impl Batch {
    fn new() -> Batch {
        Batch {
            tasks: [const { None }; BATCH],
            len: 0,
        }
    }

    /// Takes waiters until the batch is full (then `true`: there may be more) or the queue empty.
    ///
    /// # Safety
    /// The lock of the queue is held.
    unsafe fn fill(&mut self, queue: &WaitQueue, outcome: Outcome) -> bool {
        while self.len < BATCH {
            // SAFETY: the lock is held.
            let Some(waiter) = (unsafe { queue.take() }) else {
                return false;
            };
            // SAFETY: as above.
            self.tasks[self.len] = Some(unsafe { waiter.complete(outcome) });
            self.len += 1;
        }
        true
    }
}

impl Drop for Batch {
    /// In the order in which they were taken.
    fn drop(&mut self) {
        struct Rest<'a>(std::slice::IterMut<'a, Option<Task>>);
        impl Rest<'_> {
            fn ready(&mut self) {
                for task in self.0.by_ref().filter_map(Option::take) {
                    // SAFETY: taken by `fill`, once, under the lock that the commit of its park
                    // released and that is free again.
                    unsafe { task.ready() };
                }
            }
        }
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.ready();
            }
        }
        // If a waker panics, dropping it readies the rest.
        Rest(self.tasks[..self.len].iter_mut()).ready();
    }
}

/// Whom [`Core::wake_all`] wakes.
#[derive(Clone, Copy)]
enum Everybody {
    /// All, because the channel was closed.
    Closed,
    /// The senders, because nobody receives any more. (Receivers that still stand here belong to
    /// futures that were forgotten.)
    Senders,
}

impl<T> Core<T> {
    /// Closes the channel and wakes everybody. `false` if it was closed already.
    pub(crate) fn close(&self) -> bool {
        self.lock.lock();
        // SAFETY: the lock is held, and `wake_all` releases it.
        unsafe {
            if self.flags_locked() & CLOSED != 0 {
                self.lock.unlock();
                return false;
            }
            self.set_flag(CLOSED);
            self.wake_all(Everybody::Closed);
        }
        true
    }

    /// The last handle that can receive is gone: lets the senders know, and drops what nobody can
    /// receive any more.
    ///
    /// # Safety
    /// Once per channel, before it is freed, and nobody receives or will.
    pub(crate) unsafe fn last_receiver_gone(&self) {
        /// Drops the values even if the drop of one of them, or a waker, panics.
        struct Drain<'a, T>(&'a Core<T>, usize);
        impl<T> Drop for Drain<'_, T> {
            fn drop(&mut self) {
                while self.1 > 0 {
                    self.1 -= 1;
                    let rest = Drain(self.0, self.1);
                    // SAFETY: with NO_RECEIVER set nobody else touches the ring: senders are
                    // refused and receivers are gone. `self.1` counted the values in it, and each
                    // is taken once.
                    drop(unsafe { self.0.ring.with_mut(|ring| (*ring).pop()) });
                    std::mem::forget(rest);
                }
            }
        }

        /// Calls it even if a waker panics.
        struct CallAtLast(Option<super::Abandoned>);
        impl Drop for CallAtLast {
            fn drop(&mut self) {
                if let Some(call) = self.0.take() {
                    call();
                }
            }
        }

        self.lock.lock();
        // SAFETY: the lock is held, and `wake_all` releases it. The values go after that, when the
        // guards are dropped.
        unsafe {
            self.set_flag(NO_RECEIVER);
            let _drain = Drain(self, self.len_locked());
            self.set_len(0);
            let _given_back = self.given_back.take_all();
            let _abandoned = CallAtLast(self.abandoned.with_mut(|slot| (*slot).take()));
            self.wake_all(Everybody::Senders);
        }
    }

    /// Takes and readies the waiters, a batch at a time, and releases the lock.
    ///
    /// # Safety
    /// The lock is held, and a flag is set that keeps newcomers from waiting.
    unsafe fn wake_all(&self, who: Everybody) {
        /// Goes on with the rest if a waker panics.
        struct Rest<'a, T>(&'a Core<T>, Everybody);
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                self.0.lock.lock();
                // SAFETY: the lock is held, and the flag has been set before.
                unsafe { self.0.wake_all(self.1) };
            }
        }

        loop {
            let mut batch = Batch::new();
            // SAFETY: the lock is held until the unlock.
            let more = unsafe {
                let more = match who {
                    Everybody::Closed => {
                        batch.fill(&self.recvq, Outcome::Closed) || batch.fill(&self.sendq, Outcome::Closed)
                    }
                    Everybody::Senders => batch.fill(&self.sendq, Outcome::NoReceiver),
                };
                self.lock.unlock();
                more
            };
            if !more {
                return;
            }
            let rest = Rest(self, who);
            drop(batch);
            std::mem::forget(rest);
            self.lock.lock();
        }
    }

    /// Marks that a value was given back. The lock is held.
    ///
    /// # Safety
    /// The lock is held.
    pub(super) unsafe fn note_given_back(&self) {
        if self.flags.load(Ordering::Relaxed) & GAVE_BACK == 0 {
            // SAFETY: by contract.
            unsafe { self.set_flag(GAVE_BACK) };
        }
    }
}
