//! Values that were handed to a future which was then dropped without looking: the next receivers
//! get them first.
//!
//! A sender that hands its value straight to a waiting future is done with it. If the future is
//! dropped before it was polled again, the value goes to the next waiting receiver, or here: a list
//! ahead of the buffer, whose nodes are the futures' own boxes, so that giving back allocates
//! nothing. Values are kept in the order in which they were handed out (their ticket), so several
//! futures dropped in any order do not mix them up. `len` does not count them, as it does not count
//! the values of blocked senders.

use std::ptr::{self, NonNull};

use super::future::Boxed;
use crate::shim::UnsafeCell;

/// Under the channel's lock.
#[derive(Debug)]
pub(super) struct GivenBack<T>(UnsafeCell<List<T>>);

#[derive(Debug)]
struct List<T> {
    first: *mut Boxed<T>,
    last_ticket: usize,
}

impl<T> GivenBack<T> {
    pub(super) fn new() -> GivenBack<T> {
        GivenBack(UnsafeCell::new(List {
            first: ptr::null_mut(),
            last_ticket: 0,
        }))
    }

    /// # Safety
    /// The channel's lock is held.
    #[cold]
    pub(super) unsafe fn next_ticket(&self) -> usize {
        // SAFETY: the lock is held.
        self.0.with_mut(|list| unsafe {
            (*list).last_ticket = (*list).last_ticket.wrapping_add(1);
            (*list).last_ticket
        })
    }

    /// Puts a value in, where its ticket says.
    ///
    /// # Safety
    /// The channel's lock is held. The box was allocated by `Boxed::new`, is in no queue, its slot
    /// is full, and nobody uses it any more: it belongs to the list from here on.
    pub(super) unsafe fn insert(&self, boxed: NonNull<Boxed<T>>) {
        // SAFETY: the lock is held and all boxes in the list belong to it.
        self.0.with_mut(|list| unsafe {
            let ticket = boxed.as_ref().wait.node.ticket();
            let mut place: *mut *mut Boxed<T> = &raw mut (*list).first;
            // Tickets only grow; the difference keeps its sign when they wrap.
            while !(*place).is_null() && (ticket.wrapping_sub((**place).wait.node.ticket()) as isize) > 0 {
                place = &raw mut (**place).next;
            }
            (*boxed.as_ptr()).next = *place;
            *place = boxed.as_ptr();
        });
    }

    /// Takes the first value. Frees its box, which runs no user code: the task was taken when the
    /// value was handed over.
    ///
    /// # Safety
    /// The channel's lock is held.
    #[cold]
    pub(super) unsafe fn pop(&self) -> Option<T> {
        // SAFETY: the lock is held and all boxes in the list belong to it.
        self.0.with_mut(|list| unsafe {
            let first = NonNull::new((*list).first)?;
            (*list).first = (*first.as_ptr()).next;
            Some(take_value(first))
        })
    }

    /// Takes all of them, to be dropped outside the lock.
    ///
    /// # Safety
    /// The channel's lock is held.
    pub(super) unsafe fn take_all(&self) -> Detached<T> {
        // SAFETY: the lock is held.
        Detached(
            self.0
                .with_mut(|list| unsafe { ptr::replace(&raw mut (*list).first, ptr::null_mut()) }),
        )
    }
}

/// # Safety
/// The box is the caller's alone and its slot is full.
unsafe fn take_value<T>(boxed: NonNull<Boxed<T>>) -> T {
    // SAFETY: by contract; `Boxed::new` made it from a `Box`.
    unsafe {
        let value = boxed.as_ref().slot.read();
        drop(Box::from_raw(boxed.as_ptr()));
        value
    }
}

/// A list that belongs to nobody else.
pub(super) struct Detached<T>(*mut Boxed<T>);

impl<T> Drop for Detached<T> {
    /// Drops every value, even if the drop of one of them panics.
    fn drop(&mut self) {
        while let Some(first) = NonNull::new(self.0) {
            // SAFETY: the boxes belong to this list alone and are full.
            unsafe {
                self.0 = (*first.as_ptr()).next;
                let rest = Detached(self.0);
                drop(take_value(first));
                std::mem::forget(rest);
            }
        }
    }
}
