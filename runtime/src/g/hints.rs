//! What can be fetched into the cache before a goroutine runs, and who is to be fetched for.
//!
//! A thousand goroutines that take turns do not fit into the nearest caches, nor their stacks into
//! the table of translated addresses: each switch waits for memory several times, and each wait
//! begins only when the one before has brought the address. But goroutines tend to take turns in
//! the same order again: a token goes round a ring, a value down a chain. So each control block
//! remembers *who ran a few runs later*, and when a goroutine runs, what that one will touch is
//! fetched.
//!
//! All of this is a hint. It is read and written at any time, by any worker, without an order: at
//! worst, something is fetched that nobody needs. Hence the atomics, all relaxed. As blocks are
//! never unmapped, it may even be read, and written, of a free one, or one whose slab was emptied:
//! that is why a block that is made anew is not written over as a whole ([`G::write_vacant`]).
//! Nothing is read of a stack, which may be gone.

use std::sync::atomic::{AtomicPtr, Ordering};

use crate::fiber;
use crate::g::{G, GRef};
use crate::shim::prefetch;

/// The part of a control block that others look at to see what a switch to it will touch.
#[repr(C)]
pub(crate) struct Hints {
    pub(super) fiber: fiber::Slot,
    /// What its last commit was given: mostly, the lock that it waits under.
    pub(crate) data: AtomicPtr<()>,
    /// Somewhere in the frame that switched away last.
    stands: AtomicPtr<u8>,
    /// Who ran a few runs later, with a count of how often that was so in its low bits.
    then: AtomicPtr<G>,
}

/// The low bits of a block's address, which are zero.
const COUNT: usize = 3;
#[cfg(not(loom))]
const _: () = assert!(align_of::<G>() > COUNT);

impl Hints {
    pub(super) const fn new() -> Hints {
        Hints {
            fiber: fiber::Slot::new(),
            data: AtomicPtr::new(std::ptr::null_mut()),
            stands: AtomicPtr::new(std::ptr::null_mut()),
            then: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// As new, for memory that may be looked at meanwhile.
    pub(super) fn clear(&self) {
        self.fiber.set(None);
        self.data.store(std::ptr::null_mut(), Ordering::Relaxed);
        self.stands.store(std::ptr::null_mut(), Ordering::Relaxed);
        self.then.store(std::ptr::null_mut(), Ordering::Relaxed);
    }

    /// The goroutine is about to switch away in this frame.
    #[inline(always)]
    pub(crate) fn set_stands(&self, frame: *mut u8) {
        self.stands.store(frame, Ordering::Relaxed);
    }

    /// Somewhere in the frame that switched away last.
    #[inline(always)]
    pub(crate) fn stands(&self) -> *mut u8 {
        self.stands.load(Ordering::Relaxed)
    }

    /// Takes note of who ran later. A guess that is right now and then is kept for a while.
    #[inline(always)]
    pub(crate) fn learn(&self, later: GRef) {
        let known = self.then.load(Ordering::Relaxed);
        let sure = later.as_ptr().map_addr(|address| address | COUNT);
        if known != sure {
            self.doubt(known, later);
        }
    }

    #[inline]
    fn doubt(&self, known: *mut G, later: GRef) {
        let count = known.addr() & COUNT;
        let next = if known.map_addr(|address| address & !COUNT) == later.as_ptr() {
            known.map_addr(|address| address + 1)
        } else if count > 0 {
            known.map_addr(|address| address - 1)
        } else {
            later.as_ptr()
        };
        self.then.store(next, Ordering::Relaxed);
    }

    /// Who ran later, if that is more than a first guess; else null.
    #[inline(always)]
    pub(crate) fn later(&self) -> *const G {
        let known = self.then.load(Ordering::Relaxed);
        if known.addr() & COUNT == 0 {
            return std::ptr::null();
        }
        known.map_addr(|address| address & !COUNT)
    }

    /// Fetches what a wake-up and a switch will touch. Of the frame, which is larger, not
    /// everything: what is fetched in vain costs more than it saves.
    #[inline(always)]
    pub(crate) fn fetch(&self) {
        let frame = self.stands.load(Ordering::Relaxed);
        if frame.is_null() {
            return;
        }
        self.fiber.fetch();
        prefetch(self.data.load(Ordering::Relaxed));
        for at in [0, 64] {
            prefetch(frame.wrapping_offset(at));
        }
    }

    /// The same for one that has not run for long: the whole of its innermost frames. A little
    /// below are the registers.
    pub(crate) fn fetch_wide(&self) {
        self.fiber.fetch();
        let frame = self.stands.load(Ordering::Relaxed);
        for line in -2..6 {
            prefetch(frame.wrapping_offset(line * 64));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A guess counts from the second time on, and survives a slip or two, but not three in a row
    /// more than it was right.
    #[test]
    fn guesses() {
        let [a, b] = [(); 2].map(|()| crate::g::pool::take_shared());
        let hints = Hints::new();
        assert!(hints.later().is_null());
        hints.learn(a);
        assert!(hints.later().is_null(), "once is chance");
        hints.learn(a);
        assert_eq!(hints.later(), a.as_ptr().cast_const());
        for _ in 0..10 {
            hints.learn(a);
        }
        hints.learn(b);
        hints.learn(b);
        assert_eq!(hints.later(), a.as_ptr().cast_const(), "two slips");
        hints.learn(b);
        assert!(hints.later().is_null(), "no more");
        hints.learn(b);
        hints.learn(b);
        assert_eq!(hints.later(), b.as_ptr().cast_const());
        hints.clear();
        assert!(hints.later().is_null());
        hints.fetch();
        [a, b].into_iter().for_each(crate::g::pool::give_shared);
    }
}
