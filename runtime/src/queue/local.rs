//! One worker's run queue: a deque, and the run-next slot in front of it.
//!
//! The owner pushes and pops; thieves take from the other end. Run-next holds the goroutine that
//! was woken last by the one that runs now: it runs next, with the cache still warm. Only the owner
//! writes a goroutine into the slot, so a plain store does when it is empty. Thieves and the owner
//! take it out with an exchange, so that exactly one gets it; the owner does without while it owns
//! the bias (see [`bias`](crate::bias)), for which thieves keep `theft` while they are at the slot.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crossbeam_deque::{Steal, Stealer, Worker as Deque};

use crate::bias::lock::RawLock;
use crate::bias::{Seat, bias};
use crate::g::{G, GRef};

/// The owner's half.
pub(crate) struct Local {
    deque: Deque<GRef>,
}

/// What thieves see.
#[repr(align(128))]
pub(crate) struct Visible {
    next: AtomicPtr<G>,
    /// Held by who takes something out of `next`, but not by the owner when it exchanges.
    theft: RawLock,
    /// How many runs the owner has begun: a thief reads it twice to see whether the owner makes
    /// progress.
    ticks: AtomicU64,
    stealer: Stealer<GRef>,
}

/// Makes both halves of an empty queue.
pub(crate) fn new() -> (Local, Visible) {
    let deque = Deque::new_fifo();
    let stealer = deque.stealer();
    let visible = Visible {
        next: AtomicPtr::new(std::ptr::null_mut()),
        theft: RawLock::new(),
        ticks: AtomicU64::new(0),
        stealer,
    };
    (Local { deque }, visible)
}

impl Local {
    pub(super) fn deque(&self) -> &Deque<GRef> {
        &self.deque
    }

    #[inline]
    pub(crate) fn push(&self, g: GRef) {
        self.deque.push(g);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<GRef> {
        self.deque.pop()
    }

    pub(crate) fn len(&self) -> usize {
        self.deque.len()
    }
}

impl Visible {
    /// Owner: puts `g` into the slot if that is empty.
    #[inline]
    pub(crate) fn offer_next(&self, g: GRef) -> bool {
        // Relaxed: only the owner fills the slot, so what it sees empty stays empty.
        if self.next.load(Ordering::Relaxed).is_null() {
            // Release pairs with the acquire of a thief: it sees the goroutine as the owner left
            // it.
            self.next.store(g.as_ptr(), Ordering::Release);
            true
        } else {
            false
        }
    }

    /// Owner, whose seat this is: takes what is in the slot.
    #[inline]
    pub(crate) fn take_next(&self, seat: &Seat) -> Option<GRef> {
        if self.next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        let taken = if self.theft.lock_if_owner(bias(), Some(seat)) {
            let next = self.next.load(Ordering::Relaxed);
            self.next.store(std::ptr::null_mut(), Ordering::Relaxed);
            // SAFETY: taken above.
            unsafe { self.theft.unlock() };
            next
        } else {
            self.next.swap(std::ptr::null_mut(), Ordering::Acquire)
        };
        // SAFETY: only `as_ptr` values are stored.
        unsafe { GRef::from_ptr(taken) }
    }

    /// Thief: takes what is in the slot.
    pub(crate) fn steal_next(&self) -> Option<GRef> {
        if !self.has_next() {
            return None;
        }
        self.theft.lock();
        let taken = self.next.swap(std::ptr::null_mut(), Ordering::Acquire);
        // SAFETY: taken above.
        unsafe { self.theft.unlock() };
        // SAFETY: only `as_ptr` values are stored.
        unsafe { GRef::from_ptr(taken) }
    }

    pub(crate) fn has_next(&self) -> bool {
        !self.next.load(Ordering::Relaxed).is_null()
    }

    /// Owner: a run begins.
    #[inline]
    pub(crate) fn tick(&self) -> u64 {
        // Only the owner writes: no read-modify-write needed.
        let tick = self.ticks.load(Ordering::Relaxed) + 1;
        self.ticks.store(tick, Ordering::Relaxed);
        tick
    }

    pub(crate) fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Goroutines in the deque (not counting run-next), about.
    pub(crate) fn len(&self) -> usize {
        self.stealer.len()
    }

    pub(crate) fn has_work(&self) -> bool {
        self.has_next() || !self.stealer.is_empty()
    }

    /// Thief: moves half of the deque to `thief` and gives the first of it.
    pub(crate) fn steal_half(&self, thief: &Local) -> Option<GRef> {
        for _ in 0..4 {
            match self.stealer.steal_batch_and_pop(&thief.deque) {
                Steal::Success(g) => return Some(g),
                Steal::Empty => return None,
                Steal::Retry => std::hint::spin_loop(),
            }
        }
        None
    }
}
