//! Memory for stacks, for the backing in `slab.rs`.
//!
//! Stacks of the default size are cut from *slabs*: one mapping each for up to [`SLAB`] stacks with
//! their guards. Neighbouring slabs are one mapping to the kernel, so their number has no limit but
//! address space. A stack of any other size is a mapping of its own.
//!
//! ```text
//!   slab:  | guard | stack 0 | guard | stack 1 | …
//! ```
//!
//! A free stack has no memory but its share of the slab's page tables. Those go when all stacks of
//! a slab are free: then it is unmapped. Stacks at low addresses are handed out first, so that the
//! slabs at the other end empty.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use parking_lot::Mutex;

use crate::sys::memory;
use crate::sys::reserve;

/// Stacks in a slab, except in the first ones: a program with few goroutines shall not pay for
/// many.
const SLAB: usize = 1024;
/// Stacks in the first slab; each of the following has twice as many as the one before.
const FIRST_SLAB: usize = 64;

/// A mapping that was cut into stacks.
struct Slab {
    count: usize,
    free: Vec<u16>,
}

struct Slabs {
    /// By address.
    all: BTreeMap<usize, Slab>,
    /// Those with a free stack.
    with_room: BTreeSet<usize>,
}

static SLABS: Mutex<Slabs> = Mutex::new(Slabs {
    all: BTreeMap::new(),
    with_room: BTreeSet::new(),
});

/// A stack: where its usable bytes are. Below them is a guard.
pub(super) fn take(size: usize) -> Option<Range<usize>> {
    let usable = size.checked_next_multiple_of(memory::page_size())?;
    let guard = memory::guard_size();
    let stride = usable.checked_add(guard)?;
    let at = if usable == slab_stack() {
        let mut slabs = SLABS.lock();
        if slabs.with_room.is_empty() {
            slabs.grow(stride, guard)?;
        }
        slabs.take(stride)
    } else {
        let at = reserve::reserve(stride)?;
        // SAFETY: the first pages of a mapping that was just made.
        if !unsafe { reserve::install_guards(at, stride, 1, guard) } {
            // SAFETY: as above; nobody else knows of the mapping.
            unsafe { reserve::release(at, stride) };
            return None;
        }
        at
    };
    Some(at + guard..at + stride)
}

/// Takes stacks back that `take` returned.
///
/// # Safety
/// They belong to the caller, and nothing on them is used any more.
pub(super) unsafe fn give_back(stacks: Vec<Range<usize>>) {
    let guard = memory::guard_size();
    let (cut, alone): (Vec<_>, Vec<_>) = stacks.into_iter().partition(|stack| stack.len() == slab_stack());
    for stack in alone {
        // SAFETY: a mapping of its own, which the caller gives up.
        unsafe { reserve::release(stack.start - guard, stack.len() + guard) };
    }
    // Before anybody else can have them.
    // SAFETY: by the caller; the guards are outside of the ranges.
    unsafe { memory::discard(&cut) };
    let empty = SLABS.lock().put(&cut, guard);
    for slab in empty {
        // SAFETY: all stacks of the slab were free, and it is off the list, so that nobody gets one
        // any more.
        unsafe { reserve::release(slab.start, slab.len()) };
    }
}

/// The usable bytes of a stack in a slab.
fn slab_stack() -> usize {
    crate::config::get()
        .stack_size
        .next_multiple_of(memory::page_size())
}

impl Slabs {
    /// Makes a slab, or one of a single stack if there is no room for more.
    fn grow(&mut self, stride: usize, guard: usize) -> Option<()> {
        let mut count = (FIRST_SLAB << self.all.len().min(16)).min(SLAB);
        let at = loop {
            match count.checked_mul(stride).and_then(reserve::reserve) {
                Some(at) => break at,
                None if count > 1 => count /= 2,
                None => return None,
            }
        };
        // SAFETY: pages of a mapping that was just made.
        if !unsafe { reserve::install_guards(at, stride, count, guard) } {
            // SAFETY: nobody else knows of the mapping.
            unsafe { reserve::release(at, count * stride) };
            return None;
        }
        // Downwards: the first one is popped first.
        let free = (0..count as u16).rev().collect();
        self.all.insert(at, Slab { count, free });
        self.with_room.insert(at);
        Some(())
    }

    /// The start of a free stack with its guard. There is one.
    fn take(&mut self, stride: usize) -> usize {
        let Some(&at) = self.with_room.first() else {
            unreachable!("the caller has seen to it that there is room")
        };
        let Some(slab) = self.all.get_mut(&at) else {
            unreachable!("a slab with room exists")
        };
        let Some(index) = slab.free.pop() else {
            unreachable!("it has room")
        };
        if slab.free.is_empty() {
            self.with_room.remove(&at);
        }
        at + usize::from(index) * stride
    }

    /// Puts stacks back into their slabs. Returns the slabs of which nothing is used any more,
    /// taken off the list.
    fn put(&mut self, stacks: &[Range<usize>], guard: usize) -> Vec<Range<usize>> {
        let mut empty = Vec::new();
        for stack in stacks {
            let stride = stack.len() + guard;
            let Some((&at, slab)) = self.all.range_mut(..stack.start).next_back() else {
                unreachable!("a slab is there as long as one of its stacks is in use")
            };
            slab.free.push(((stack.start - at) / stride) as u16);
            self.with_room.insert(at);
            if slab.free.len() == slab.count {
                empty.push(at..at + slab.count * stride);
                self.all.remove(&at);
                self.with_room.remove(&at);
            }
        }
        empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stacks come lowest first and apart from each other, and a slab goes when the last of its
    /// stacks is back.
    #[test]
    fn slabs_come_and_go() {
        let guard = memory::guard_size();
        let stride = guard + 16 * memory::page_size();
        let mut slabs = Slabs {
            all: BTreeMap::new(),
            with_room: BTreeSet::new(),
        };
        let mut taken = Vec::new();
        for number in 0..FIRST_SLAB * 3 {
            if slabs.with_room.is_empty() {
                slabs.grow(stride, guard).expect("address space");
            }
            let at = slabs.take(stride);
            if number % FIRST_SLAB != 0 && number < FIRST_SLAB * 2 {
                assert!(taken.last().is_some_and(|last: &Range<usize>| last.end == at));
            }
            let stack = at + guard..at + stride;
            for address in [stack.start, stack.end - 1] {
                // SAFETY: the usable bytes of a stack that is this test's own.
                unsafe { std::ptr::with_exposed_provenance_mut::<u8>(address).write(1) };
            }
            taken.push(stack);
        }
        assert_eq!(slabs.all.len(), 2, "the second is twice as large");
        assert!(slabs.with_room.is_empty());
        let last = taken.pop().expect("many");
        let empty = slabs.put(&taken, guard);
        assert_eq!(empty.len(), 1, "one stack is still out");
        let again = slabs.take(stride);
        assert!(
            taken.iter().any(|stack| stack.start == again + guard),
            "a free one"
        );
        let rest = slabs.put(&[again + guard..again + stride, last], guard);
        assert_eq!((rest.len(), slabs.all.len()), (1, 0));
        for slab in empty.into_iter().chain(rest) {
            // SAFETY: off the list, and this test's own.
            unsafe { reserve::release(slab.start, slab.len()) };
        }
    }
}
