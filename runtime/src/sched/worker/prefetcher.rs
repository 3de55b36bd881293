//! Who will run soon, as far as it can be guessed, and what is fetched for it. See
//! [`Hints`](crate::g::Hints).

use std::cell::Cell;

use crate::g::{G, GRef, Hints};

/// What the owner remembers of the last runs. The control block of whoever is guessed to run three
/// runs later is fetched at once, its stack one run after that, with what stands in the block. Any
/// earlier, and other lines drive them out again.
pub(super) struct Prefetcher {
    /// Who ran last, and before that.
    past: [Cell<*const G>; 3],
    /// Whose control block was fetched at the last run.
    fetched: Cell<*const G>,
}

impl Prefetcher {
    pub(super) fn new() -> Prefetcher {
        Prefetcher {
            past: [const { Cell::new(std::ptr::null()) }; 3],
            fetched: Cell::new(std::ptr::null()),
        }
    }

    /// `g` is about to run.
    #[inline(always)]
    pub(super) fn look_ahead(&self, g: GRef) {
        let now = g.as_ptr().cast_const();
        let last = self.past[0].replace(now);
        let before = self.past[1].replace(last);
        let earlier = self.past[2].replace(before);
        if before == now {
            // Two that take turns have everything in the cache. (What is still noted as fetched
            // does no harm.)
            return;
        }
        // SAFETY: null or a control block: those are never unmapped. Its hints, which lie at its
        // start, are valid whatever else is there.
        if let Some(earlier) = unsafe { earlier.cast::<Hints>().as_ref() } {
            earlier.learn(g);
        }
        // So have three.
        let later = g.hints().later();
        let far = !later.is_null() && later != now && later != last;
        if far {
            crate::shim::prefetch(later);
        }
        let fetched = self.fetched.replace(if far { later } else { std::ptr::null() });
        // SAFETY: as above.
        if let Some(fetched) = unsafe { fetched.cast::<Hints>().as_ref() } {
            fetched.fetch();
        }
    }
}
