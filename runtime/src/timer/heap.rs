//! A 4-ary min-heap of timers whose entries know their place, so that any of them can be taken out in O(log n).

use std::cell::Cell;
use std::ptr::NonNull;

/// Not in a heap.
pub(crate) const NOWHERE: usize = usize::MAX;
const ARITY: usize = 4;

/// What a timer carries for the heap; guarded by the lock of the shard that the timer is in.
#[derive(Debug)]
pub(crate) struct Place(Cell<usize>);

impl Place {
    pub(crate) const fn nowhere() -> Place {
        Place(Cell::new(NOWHERE))
    }
}

/// Something with a place.
pub(crate) trait Placed {
    fn place(&self) -> &Place;
}

struct Entry<T> {
    deadline: u64,
    /// Timers of one instant fire in the order in which they were armed.
    sequence: u64,
    timer: NonNull<T>,
}

/// The heap. It does not own its timers: whoever inserts one keeps it alive until it is out again.
pub(crate) struct Heap<T> {
    entries: Vec<Entry<T>>,
    next_sequence: u64,
}

impl<T: Placed> Heap<T> {
    pub(crate) const fn new() -> Heap<T> {
        Heap {
            entries: Vec::new(),
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
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.entries.push(Entry {
            deadline,
            sequence,
            timer,
        });
        self.sift_up(self.entries.len() - 1);
    }

    /// Takes out the earliest timer if it is due.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<NonNull<T>> {
        if self.first()? > now {
            return None;
        }
        Some(self.take_at(0))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All timers, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = NonNull<T>> {
        self.entries.iter().map(|entry| entry.timer)
    }

    /// Takes `timer` out. `false` if it is in no heap.
    ///
    /// # Safety
    /// `timer` is valid, and if it is in a heap, then in this one.
    pub(crate) unsafe fn remove(&mut self, timer: NonNull<T>) -> bool {
        // SAFETY: valid by the caller.
        let at = unsafe { timer.as_ref() }.place().0.get();
        if at == NOWHERE {
            return false;
        }
        debug_assert_eq!(self.entries[at].timer, timer);
        self.take_at(at);
        true
    }

    fn take_at(&mut self, at: usize) -> NonNull<T> {
        let entry = self.entries.swap_remove(at);
        // SAFETY: in the heap, hence valid.
        unsafe { entry.timer.as_ref() }.place().0.set(NOWHERE);
        if at < self.entries.len() {
            self.sift_down(at);
            self.sift_up(at);
        }
        entry.timer
    }

    fn key(&self, at: usize) -> (u64, u64) {
        (self.entries[at].deadline, self.entries[at].sequence)
    }

    fn note_place(&self, at: usize) {
        // SAFETY: in the heap, hence valid.
        unsafe { self.entries[at].timer.as_ref() }.place().0.set(at);
    }

    fn sift_up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.key(parent) <= self.key(at) {
                break;
            }
            self.entries.swap(parent, at);
            self.note_place(at);
            at = parent;
        }
        self.note_place(at);
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let first = at * ARITY + 1;
            let last = (first + ARITY).min(self.entries.len());
            let Some(least) = (first..last).min_by_key(|&child| self.key(child)) else {
                break;
            };
            if self.key(at) <= self.key(least) {
                break;
            }
            self.entries.swap(at, least);
            self.note_place(at);
            at = least;
        }
        self.note_place(at);
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

    #[test]
    fn pops_in_order_whatever_was_removed() {
        let mut state = 0x9E37_79B9_u64;
        let mut random = move || {
            state = crate::random::step(state);
            crate::random::output(state)
        };
        let timers: Vec<Dummy> = (0..500)
            .map(|_| Dummy {
                deadline: random() % 50,
                place: Place::nowhere(),
            })
            .collect();
        let mut heap = Heap::new();
        for timer in &timers {
            // SAFETY: `timers` outlives the heap's use of them.
            unsafe { heap.insert(timer.deadline, NonNull::from(timer)) };
        }
        let mut left: Vec<(u64, usize)> = Vec::new();
        for (index, timer) in timers.iter().enumerate() {
            if random() % 3 == 0 {
                // SAFETY: it is in this heap.
                assert!(unsafe { heap.remove(NonNull::from(timer)) });
                // SAFETY: it is in no heap now.
                assert!(!unsafe { heap.remove(NonNull::from(timer)) });
            } else {
                left.push((timer.deadline, index));
            }
        }
        left.sort_unstable();
        for (deadline, index) in left {
            assert_eq!(heap.first(), Some(deadline));
            assert!(heap.pop_due(deadline.wrapping_sub(1).min(deadline)).is_none() || deadline == 0);
            if deadline > 0 {
                assert_eq!(heap.pop_due(deadline), Some(NonNull::from(&timers[index])));
            }
        }
    }
}
