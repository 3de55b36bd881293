//! Free control blocks, and the registry of all that are in use.
//!
//! Blocks are made in slabs that are never unmapped, so a pointer to one can always be read. The shared list holds free ones as bits
//! of their slab. A slab of which every block has been in the shared list for a while is *emptied*: its memory goes back to
//! the kernel, so that its blocks read as zeros (number 0, which is what a free one has), and it leaves the registry. It is made
//! anew before any other is allocated.

use std::alloc::Layout;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr::NonNull;

use parking_lot::Mutex;

use crate::fiber::pool::{PAUSE, PERIOD};
use crate::g::{G, GRef, debugger};
use crate::sys::memory;

/// Blocks made at once: 16 KiB.
pub(super) const SLAB: usize = 64;
const SLAB_BYTES: usize = SLAB * size_of::<G>();
/// A slab is aligned to this, so that the address of a block says which slab it is in.
pub(super) const ALIGN: usize = SLAB_BYTES.next_power_of_two();
/// Slabs allocated at once: the allocator's own notes beside an aligned allocation touch two more pages.
pub(super) const AT_ONCE: usize = 16;
/// A worker keeps up to this many free blocks, and moves half of them at once to or from the shared list.
const LOCAL_MAX: usize = 256;
/// Slabs of which no block is used that keep their memory.
const RESERVE: usize = 16;
/// Slabs emptied at once.
const BATCH: usize = 1024;
/// Every block of a slab is free.
const ALL: u64 = u64::MAX;

/// Where a slab begins.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Slab(NonNull<G>);

// SAFETY: it names memory that is never freed; what may be done with the blocks is governed by `G`'s rules.
unsafe impl Send for Slab {}

impl Slab {
    /// The slab that a block is in, and the block's number.
    fn of(g: GRef) -> (Slab, u32) {
        let offset = g.0.addr().get() % ALIGN;
        // SAFETY: the block is in a slab, which begins at a multiple of `ALIGN` and is no longer than that.
        (
            Slab(unsafe { g.0.byte_sub(offset) }),
            (offset / size_of::<G>()) as u32,
        )
    }

    fn block(self, number: u32) -> GRef {
        // SAFETY: the number is below `SLAB`, so the block is within the slab.
        GRef(unsafe { self.0.add(number as usize) })
    }

    fn blocks(self) -> impl Iterator<Item = GRef> {
        (0..SLAB as u32).map(move |number| self.block(number))
    }
}

#[derive(Default)]
struct Shared {
    /// The registry: every slab that is not empty, with a bit for each free block that is in the shared list.
    slabs: HashMap<Slab, u64, BuildHasherDefault<ByAddress>>,
    /// Those with a bit set, each once; the last is used next.
    with_room: Vec<Slab>,
    /// Emptied ones, and those that were never used: without memory, to be made anew.
    empty: Vec<Slab>,
    /// How many slabs have all bits set, and the fewest since the period began: so many have not been needed.
    whole: usize,
    least_whole: usize,
    /// How many whole ones are to be emptied, in batches.
    due: usize,
    period_ends: u64,
}

static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

/// Runs `f` with what is shared. `f` does not come back here.
fn with_shared<R>(f: impl FnOnce(&mut Shared) -> R) -> R {
    f(SHARED.lock().get_or_insert_default())
}

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
        with_shared(|shared| {
            let first = shared.take();
            self.free
                .extend((1..LOCAL_MAX / 2).map_while(|_| shared.take_if_any()));
            first
        })
    }

    /// Gives everything to the shared list.
    pub(crate) fn empty(&mut self) {
        with_shared(|shared| self.free.drain(..).for_each(|g| shared.give(g)));
    }

    /// Takes back a block whose goroutine has ended.
    #[inline]
    pub(crate) fn give(&mut self, g: GRef) {
        self.free.push(g);
        if self.free.len() > LOCAL_MAX {
            self.spill();
        }
    }

    #[cold]
    fn spill(&mut self) {
        with_shared(|shared| self.free.drain(..LOCAL_MAX / 2).for_each(|g| shared.give(g)));
    }
}

impl Shared {
    fn take(&mut self) -> GRef {
        if self.with_room.is_empty() {
            self.grow();
        }
        let Some(g) = self.take_if_any() else {
            unreachable!("there is room since the line above")
        };
        g
    }

    fn take_if_any(&mut self) -> Option<GRef> {
        let slab = *self.with_room.last()?;
        let bits = self.bits(slab);
        let number = bits.trailing_zeros();
        let was_whole = *bits == ALL;
        *bits &= !(1 << number);
        if *bits == 0 {
            self.with_room.pop();
        }
        if was_whole {
            self.whole -= 1;
            self.least_whole = self.least_whole.min(self.whole);
        }
        Some(slab.block(number))
    }

    fn give(&mut self, g: GRef) {
        let (slab, number) = Slab::of(g);
        let bits = self.bits(slab);
        let before = *bits;
        *bits |= 1 << number;
        let whole = *bits == ALL;
        if before == 0 {
            self.with_room.push(slab);
        }
        self.whole += usize::from(whole);
    }

    fn bits(&mut self, slab: Slab) -> &mut u64 {
        match self.slabs.get_mut(&slab) {
            Some(bits) => bits,
            None => unreachable!("a slab stays in the registry as long as one of its blocks is in use"),
        }
    }

    /// Takes whole slabs off all lists: of those that are due, the longest unused, a batch.
    fn take_whole(&mut self) -> Vec<Slab> {
        let count = self.due.min(BATCH).min(self.least_whole.saturating_sub(RESERVE));
        let mut batch = Vec::with_capacity(count);
        if count > 0 {
            let slabs = &mut self.slabs;
            self.with_room.retain(|slab| {
                let goes = batch.len() < count && slabs.get(slab) == Some(&ALL);
                if goes {
                    slabs.remove(slab);
                    batch.push(*slab);
                }
                !goes
            });
        }
        self.due -= count;
        self.whole -= count;
        self.least_whole -= count;
        batch
    }

    fn grow(&mut self) {
        if self.empty.is_empty() {
            self.empty.extend(allocate());
        }
        let Some(slab) = self.empty.pop() else {
            unreachable!("filled above")
        };
        for block in slab.blocks() {
            // SAFETY: in bounds and aligned; nobody else has the slab. What stood there were free blocks, which own nothing.
            unsafe { G::write_vacant(block.0) };
        }
        self.slabs.insert(slab, ALL);
        self.with_room.push(slab);
        self.whole += 1;
    }
}

/// Memory for slabs, for good.
fn allocate() -> impl Iterator<Item = Slab> {
    let Ok(layout) = Layout::from_size_align(AT_ONCE * ALIGN, ALIGN) else {
        unreachable!("a power of two, and a multiple of it")
    };
    // SAFETY: the size is not zero.
    let memory: *mut G = unsafe { std::alloc::alloc(layout) }.cast();
    let Some(first) = NonNull::new(memory) else {
        std::alloc::handle_alloc_error(layout)
    };
    debugger::note_chunk(first);
    // SAFETY: within the allocation.
    (0..AT_ONCE).map(move |number| Slab(unsafe { first.byte_add(number * ALIGN) }))
}

/// Gives the memory of slabs back, if it is time. Says when to ask again, on the clock of `now`; `None` if all that is free stays.
///
/// One thread at a time calls it: the monitor.
pub(crate) fn trim(now: u64) -> Option<u64> {
    let (batch, next) = with_shared(|shared| {
        if now >= shared.period_ends {
            shared.period_ends = now + PERIOD;
            shared.due = shared.least_whole.saturating_sub(RESERVE);
            shared.least_whole = shared.whole;
        }
        let batch = shared.take_whole();
        let next = if shared.due > 0 {
            Some(now + PAUSE)
        } else if shared.whole > RESERVE {
            Some(shared.period_ends)
        } else {
            None
        };
        (batch, next)
    });
    if !batch.is_empty() {
        let page = memory::page_size();
        let pages: Vec<_> = batch
            .iter()
            .map(|slab| slab.0.expose_provenance().get())
            .map(|start| start.next_multiple_of(page)..(start + SLAB_BYTES) & !(page - 1))
            .collect();
        // SAFETY: whole pages of slabs that are off all lists, of which every block was free. `grow` writes the blocks before
        // anybody gets one.
        unsafe { memory::discard(&pages) };
        with_shared(|shared| shared.empty.extend(batch));
    }
    next
}

/// A free block, for threads that are no workers.
pub(crate) fn take_shared() -> GRef {
    with_shared(Shared::take)
}

/// Gives a block back from a thread that is no worker.
pub(crate) fn give_shared(g: GRef) {
    with_shared(|shared| shared.give(g));
}

/// Every control block that may be in use, in no order. `f` must not start or end goroutines.
pub(crate) fn for_each(mut f: impl FnMut(GRef)) {
    with_shared(|shared| {
        shared
            .slabs
            .keys()
            .for_each(|slab| slab.blocks().for_each(&mut f));
    });
}

/// Hashes an address: the low bits are all the same, the others are spread well enough by one multiplication.
#[derive(Default)]
struct ByAddress(u64);

impl Hasher for ByAddress {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(byte.into()));
    }

    fn write_usize(&mut self, part: usize) {
        let mixed = (self.0 ^ part as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
