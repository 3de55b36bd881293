//! Whose turn it is: one call at a time reads from a descriptor, and one writes to it, each until
//! it is done (Go's `fdMutex`).
//!
//! # The protocol
//!
//! The *word* says whether somebody has the turn (`HELD`), and whether somebody may be waiting for
//! it (`WAITED`). Taking it when it is free, and giving it back when nobody waits, is one operation
//! each. Those who wait do so in a [`Direction`], for whose purposes the turn is what is ready or
//! not:
//!
//! * Who finds the turn taken has looked at the direction before, and marks the word in the same
//!   operation. So whoever gives the turn back afterwards sees the mark, and announces it in the
//!   direction, after the look: either the waiter is in the queue by then, or it finds that the
//!   direction has changed, and tries again.
//! * Giving it back takes the mark away and wakes *one*. That one takes the turn with the mark on,
//!   since others may wait behind it. If somebody new was quicker it marks the word again and waits
//!   again.
//! * One that was woken and gives up (its time is up, the descriptor was closed) passes the
//!   announcement on.

use std::time::Instant;

use super::wait::ready;
use crate::poll::direction::Direction;
use crate::shim::{AtomicUsize, Ordering};

const HELD: usize = 1;
const WAITED: usize = 2;

pub(crate) struct Turn {
    word: AtomicUsize,
    waiters: Direction,
}

impl Turn {
    pub(crate) fn new() -> Turn {
        Turn {
            word: AtomicUsize::new(0),
            waiters: Direction::new(),
        }
    }

    /// Takes the turn. If somebody has it, waits, and asks `left` before each wait how long it may,
    /// or why it may not.
    #[inline]
    #[track_caller]
    pub(crate) fn take<E>(&self, left: impl FnMut() -> Result<Option<Instant>, E>) -> Result<Taken<'_>, E> {
        // Acquire pairs with the release when it was given back: calls come one after the other.
        let free = self
            .word
            .compare_exchange(0, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        if !free {
            self.wait(left)?;
        }
        Ok(Taken(self))
    }

    #[cold]
    #[track_caller]
    fn wait<E>(&self, mut left: impl FnMut() -> Result<Option<Instant>, E>) -> Result<(), E> {
        loop {
            let look = self.waiters.look();
            let deadline = match left() {
                Ok(deadline) => deadline,
                Err(error) => {
                    self.waiters.pass_on();
                    return Err(error);
                }
            };
            // Acquire as in `take`. After the look, or the mark could be seen and the announcement
            // be over before it.
            if self.word.fetch_or(HELD | WAITED, Ordering::Acquire) & HELD == 0 {
                return Ok(());
            }
            self.waiters.would_block(look);
            self.waiters.wait(look, deadline);
        }
    }

    #[inline]
    fn give_back(&self) {
        // Release pairs with the acquire of whoever takes it next.
        if self.word.swap(0, Ordering::Release) & WAITED != 0 {
            self.announce();
        }
    }

    #[cold]
    fn announce(&self) {
        self.waiters.announce().into_iter().for_each(ready);
    }

    /// Lets everybody who waits ask again how long it may.
    pub(crate) fn interrupt(&self) {
        self.waiters.interrupt();
    }

    /// For models.
    #[cfg(all(test, loom))]
    pub(crate) fn nobody_waits(&self) -> bool {
        self.waiters.nobody_waits()
    }
}

/// The turn, until it is dropped.
pub(crate) struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}
