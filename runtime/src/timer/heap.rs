//! A 4-ary min-heap of what is due at some time. Two kinds of things are in it: *timers*, which
//! know their place, so that any of them can be taken out in O(log n), and *sleepers*, which stay
//! until they are due.
//!
//! Nothing that is moved about in the heap is looked at. It lies on the stacks of goroutines that
//! have not run for long, where a single look costs more than all else that a step of the heap
//! does.

use std::cell::Cell;
use std::ptr::NonNull;

const ARITY: usize = 4;
/// Instead of a slot: for a timer, that it is in no heap; for an entry, that it is a sleeper.
const NONE: u32 = u32::MAX;

/// What a timer carries for the heap: its slot. Guarded by the lock of the shard that the timer is
/// in.
#[derive(Debug)]
pub(crate) struct Place(Cell<u32>);

impl Place {
    pub(crate) const fn nowhere() -> Place {
        Place(Cell::new(NONE))
    }
}

/// Something with a place.
pub(crate) trait Placed {
    fn place(&self) -> &Place;
}

/// What was, or is, in the heap.
pub(crate) enum Item<T, S> {
    Timer(NonNull<T>),
    Sleeper(S),
}

struct Entry<T, S: Copy> {
    deadline: u64,
    /// What is due at the same instant comes out in the order in which it was put in.
    sequence: u32,
    /// Which of the slots says where this entry is, or `NONE`.
    slot: u32,
    what: What<T, S>,
}

/// The slot tells which it is.
union What<T, S: Copy> {
    timer: NonNull<T>,
    sleeper: S,
}

impl<T, S: Copy> Clone for What<T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, S: Copy> Copy for What<T, S> {}

impl<T, S: Copy> Clone for Entry<T, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, S: Copy> Copy for Entry<T, S> {}

impl<T, S: Copy> Entry<T, S> {
    /// As one number, which is compared without a branch.
    #[inline(always)]
    fn key(&self) -> u128 {
        u128::from(self.deadline) << 64 | u128::from(self.sequence)
    }

    fn item(&self) -> Item<T, S> {
        // SAFETY: the slot tells, as it was written by `insert` or by `insert_sleeper` together
        // with this.
        unsafe {
            if self.slot == NONE {
                Item::Sleeper(self.what.sleeper)
            } else {
                Item::Timer(self.what.timer)
            }
        }
    }
}

/// The heap. It does not own its timers: whoever inserts one keeps it alive until it is out again.
pub(crate) struct Heap<T, S: Copy> {
    entries: Vec<Entry<T, S>>,
    /// Where the timers are in `entries`, by slot; of a free slot, the next free one.
    places: Vec<u32>,
    free_slot: u32,
    next_sequence: u32,
}

impl<T: Placed, S: Copy> Heap<T, S> {
    pub(crate) const fn new() -> Heap<T, S> {
        Heap {
            entries: Vec::new(),
            places: Vec::new(),
            free_slot: NONE,
            next_sequence: 0,
        }
    }

    /// The earliest deadline.
    pub(crate) fn first(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.deadline)
    }

    /// # Safety
    /// `timer` is in no heap and stays valid until it has been popped or removed.
    pub(crate) unsafe fn insert(&mut self, deadline: u64, timer: NonNull<T>) {
        let slot = self.take_slot();
        // SAFETY: valid by the caller.
        unsafe { timer.as_ref() }.place().0.set(slot);
        self.push(deadline, slot, What { timer });
    }

    /// Puts in what comes out by [`Heap::pop_due`] only.
    pub(crate) fn insert_sleeper(&mut self, deadline: u64, sleeper: S) {
        self.push(deadline, NONE, What { sleeper });
    }

    /// Takes out what is earliest if it is due.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Item<T, S>> {
        if self.first()? > now {
            return None;
        }
        Some(self.take_at(0))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Everything, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Item<T, S>> {
        self.entries.iter().map(Entry::item)
    }

    /// Takes `timer` out. `false` if it is in no heap.
    ///
    /// # Safety
    /// `timer` is valid, and if it is in a heap, then in this one.
    pub(crate) unsafe fn remove(&mut self, timer: NonNull<T>) -> bool {
        // SAFETY: valid by the caller.
        let slot = unsafe { timer.as_ref() }.place().0.get();
        if slot == NONE {
            return false;
        }
        let taken = self.take_at(self.places[slot as usize] as usize);
        debug_assert!(matches!(taken, Item::Timer(at) if at == timer));
        true
    }

    fn take_slot(&mut self) -> u32 {
        if self.free_slot == NONE {
            // Fewer than `NONE`: each belongs to a timer that exists, and those would fill 200 GB.
            self.places.push(NONE);
            return (self.places.len() - 1) as u32;
        }
        let slot = self.free_slot;
        self.free_slot = self.places[slot as usize];
        slot
    }

    fn push(&mut self, deadline: u64, slot: u32, what: What<T, S>) {
        if self.next_sequence == u32::MAX {
            self.renumber();
        }
        let entry = Entry {
            deadline,
            sequence: self.next_sequence,
            slot,
            what,
        };
        self.next_sequence += 1;
        self.entries.push(entry);
        self.sift_up(self.entries.len() - 1, entry);
    }

    /// Gives the numbers anew, from 0 on.
    #[cold]
    fn renumber(&mut self) {
        self.entries.sort_unstable_by_key(Entry::key);
        // What is sorted is a heap.
        for at in 0..self.entries.len() {
            self.entries[at].sequence = at as u32;
            self.put(at, self.entries[at]);
        }
        self.next_sequence = self.entries.len() as u32;
    }

    fn take_at(&mut self, at: usize) -> Item<T, S> {
        let taken = self.entries.swap_remove(at);
        if let Some(&moved) = self.entries.get(at) {
            // It comes from the end, so it is rarely to go up, and from the top never.
            if at > 0 && moved.key() < self.entries[(at - 1) / ARITY].key() {
                self.sift_up(at, moved);
            } else {
                self.sift_down(at, moved);
            }
        }
        let item = taken.item();
        if let Item::Timer(timer) = &item {
            self.places[taken.slot as usize] = self.free_slot;
            self.free_slot = taken.slot;
            // SAFETY: in the heap until now, hence valid.
            unsafe { timer.as_ref() }.place().0.set(NONE);
        }
        item
    }

    #[inline(always)]
    fn put(&mut self, at: usize, entry: Entry<T, S>) {
        self.entries[at] = entry;
        if entry.slot != NONE {
            self.places[entry.slot as usize] = at as u32;
        }
    }

    /// Puts `entry` at `at`, which is free, or further up.
    fn sift_up(&mut self, mut at: usize, entry: Entry<T, S>) {
        while at > 0 {
            let parent = (at - 1) / ARITY;
            let above = self.entries[parent];
            if above.key() <= entry.key() {
                break;
            }
            self.put(at, above);
            at = parent;
        }
        self.put(at, entry);
    }

    /// The same, or further down.
    fn sift_down(&mut self, mut at: usize, entry: Entry<T, S>) {
        loop {
            let first = at * ARITY + 1;
            let last = (first + ARITY).min(self.entries.len());
            let Some(least) = (first..last).min_by_key(|&child| self.entries[child].key()) else {
                break;
            };
            let below = self.entries[least];
            if entry.key() <= below.key() {
                break;
            }
            self.put(at, below);
            at = least;
        }
        self.put(at, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dummy {
        deadline: u64,
        place: Place,
    }

    impl Placed for Dummy {
        fn place(&self) -> &Place {
            &self.place
        }
    }

    fn dummies(deadlines: impl Iterator<Item = u64>) -> Vec<Dummy> {
        deadlines
            .map(|deadline| Dummy {
                deadline,
                place: Place::nowhere(),
            })
            .collect()
    }

    /// Every third is a sleeper, named by its index.
    fn insert_all(heap: &mut Heap<Dummy, usize>, timers: &[Dummy]) {
        for (index, timer) in timers.iter().enumerate() {
            if index % 3 == 0 {
                heap.insert_sleeper(timer.deadline, index);
            } else {
                // SAFETY: the caller's `timers` outlive the heap's use of them.
                unsafe { heap.insert(timer.deadline, NonNull::from(timer)) };
            }
        }
    }

    /// The heap gives the rest, `left`, in the order of deadlines, and of those that are the same,
    /// of insertion.
    fn check_rest(heap: &mut Heap<Dummy, usize>, timers: &[Dummy], mut left: Vec<(u64, usize)>) {
        left.sort_unstable();
        for (deadline, index) in left {
            assert_eq!(heap.first(), Some(deadline));
            assert!(deadline == 0 || heap.pop_due(deadline - 1).is_none());
            let popped = heap.pop_due(deadline).map(|item| match item {
                Item::Sleeper(index) => (true, index),
                Item::Timer(timer) => {
                    let is_it = |other: &Dummy| std::ptr::eq(other, timer.as_ptr());
                    (false, timers.iter().position(is_it).expect("a timer"))
                }
            });
            assert_eq!(popped, Some((index % 3 == 0, index)));
            assert_eq!(timers[index].place.0.get(), NONE);
        }
        assert_eq!((heap.first(), heap.len()), (None, 0));
    }

    fn random_deadlines() -> impl FnMut() -> u64 {
        let mut state = 0x9E37_79B9_u64;
        move || {
            state = crate::random::step(state);
            crate::random::output(state)
        }
    }

    #[test]
    fn pops_in_order_whatever_was_removed() {
        let mut random = random_deadlines();
        let mut heap = Heap::new();
        // The second time, in slots that have been used.
        for _ in 0..2 {
            let timers = dummies((0..500).map(|_| random() % 50));
            insert_all(&mut heap, &timers);
            let mut left = Vec::new();
            for (index, timer) in timers.iter().enumerate() {
                if index % 3 != 0 && random().is_multiple_of(3) {
                    // SAFETY: it is in this heap.
                    assert!(unsafe { heap.remove(NonNull::from(timer)) });
                    // SAFETY: it is in no heap now.
                    assert!(!unsafe { heap.remove(NonNull::from(timer)) });
                } else {
                    left.push((timer.deadline, index));
                }
            }
            check_rest(&mut heap, &timers, left);
            assert!(heap.places.len() <= timers.len(), "slots are used again");
        }
    }

    #[test]
    fn keeps_the_order_when_the_numbers_run_out() {
        let mut random = random_deadlines();
        let timers = dummies((0..300).map(|_| random() % 10));
        let mut heap = Heap::new();
        heap.next_sequence = u32::MAX - 150;
        insert_all(&mut heap, &timers);
        assert_eq!(heap.next_sequence, 300, "they were given anew");
        // SAFETY: it is in this heap.
        assert!(unsafe { heap.remove(NonNull::from(&timers[1])) });
        let left = timers.iter().map(|timer| timer.deadline).zip(0..);
        let left = left.filter(|&(_, index)| index != 1).collect();
        check_rest(&mut heap, &timers, left);
    }
}
