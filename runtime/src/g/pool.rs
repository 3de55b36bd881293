//! Free control blocks, and the registry of all that were ever made.
//!
//! Blocks are made in slabs and never freed, so the list of slabs, which only grows, names every goroutine there is.

use parking_lot::Mutex;

use crate::g::{G, GRef};

/// Blocks made at once.
const SLAB: usize = 64;
/// A worker keeps up to this many free blocks, and moves half of them at once to or from the shared list.
const LOCAL_MAX: usize = 256;

struct Shared {
    free: Vec<GRef>,
    slabs: Vec<&'static [G]>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared {
    free: Vec::new(),
    slabs: Vec::new(),
});

/// One worker's free blocks.
#[derive(Default)]
pub(crate) struct LocalPool {
    free: Vec<GRef>,
}

impl LocalPool {
    /// A free block.
    #[inline]
    pub(crate) fn take(&mut self) -> GRef {
        match self.free.pop() {
            Some(g) => g,
            None => self.refill(),
        }
    }

    #[cold]
    fn refill(&mut self) -> GRef {
        let mut shared = SHARED.lock();
        if shared.free.is_empty() {
            shared.grow();
        }
        let keep = shared.free.len().saturating_sub(LOCAL_MAX / 2);
        self.free.extend(shared.free.drain(keep..));
        let Some(g) = self.free.pop() else {
            unreachable!("the shared list was filled above")
        };
        g
    }

    /// Gives everything to the shared list.
    pub(crate) fn empty(&mut self) {
        SHARED.lock().free.append(&mut self.free);
    }

    /// Takes back a block whose goroutine has ended.
    #[inline]
    pub(crate) fn give(&mut self, g: GRef) {
        self.free.push(g);
        if self.free.len() > LOCAL_MAX {
            SHARED.lock().free.extend(self.free.drain(..LOCAL_MAX / 2));
        }
    }
}

impl Shared {
    fn grow(&mut self) {
        let slab: &'static [G] = Box::leak((0..SLAB).map(|_| G::vacant()).collect());
        self.slabs.push(slab);
        self.free.extend(slab.iter().map(GRef::new));
    }
}

/// A free block, for threads that are no workers.
pub(crate) fn take_shared() -> GRef {
    let mut shared = SHARED.lock();
    if shared.free.is_empty() {
        shared.grow();
    }
    let Some(g) = shared.free.pop() else {
        unreachable!("filled above")
    };
    g
}

/// Gives a block back from a thread that is no worker.
pub(crate) fn give_shared(g: GRef) {
    SHARED.lock().free.push(g);
}

/// Every control block, free ones included.
pub(crate) fn for_each(mut f: impl FnMut(&'static G)) {
    let slabs = SHARED.lock().slabs.clone();
    slabs.into_iter().flatten().for_each(&mut f);
}
