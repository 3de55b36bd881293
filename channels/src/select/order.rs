//! The two orders of a select: the one in which arms are looked at (by chance), and the one in
//! which locks are taken.

use std::cell::Cell;

use crate::rt::{Here, RawLock, lock_rank};

/// Draws numbers below a bound from few random words: of `word * bound` the upper half is the draw
/// and the lower half is what is left of the randomness. Used until the bounds' product passes
/// 2^16, each draw is off even by less than 2^-16.
pub(crate) struct Dice {
    here: Here,
    word: u32,
    spent: u32,
}

impl Dice {
    #[inline]
    pub(crate) fn new(here: Here) -> Dice {
        Dice {
            here,
            word: here.random_u32(),
            spent: 1,
        }
    }

    /// A number below `bound`, which is not 0 and at most 2^16.
    #[inline]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.spent = self.spent.saturating_mul(bound);
        if self.spent > 1 << 16 {
            self.word = self.here.random_u32();
            self.spent = bound;
        }
        let wide = u64::from(self.word) * u64::from(bound);
        self.word = wide as u32;
        (wide >> 32) as u32
    }
}

/// Up to so many locks are put in order one by one.
pub(crate) const FEW: usize = 16;

/// Puts a lock into its place among the first `found` ones, which are in order and without
/// duplicates; returns how many they are then.
///
/// The order of addresses is the lock order of the crate: whoever holds several channel locks took
/// them by rising address.
#[inline]
pub(crate) fn add_lock(locks: &[Cell<*const RawLock>], found: usize, lock: *const RawLock) -> usize {
    let mut at = found;
    while at > 0 && lock_rank(locks[at - 1].get()) > lock_rank(lock) {
        at -= 1;
    }
    if at > 0 && locks[at - 1].get() == lock {
        return found;
    }
    let mut next = lock;
    for place in &locks[at..=found] {
        next = place.replace(next);
    }
    found + 1
}

/// The same for many at once.
pub(crate) fn sort_locks(locks: &[Cell<*const RawLock>]) -> usize {
    // SAFETY: `Cell<X>` has the layout of `X`, and the cells are this thread's alone while a select
    // is being prepared.
    let plain: &mut [*const RawLock] =
        unsafe { std::slice::from_raw_parts_mut(locks.as_ptr().cast_mut().cast(), locks.len()) };
    plain.sort_unstable_by_key(|&lock| lock_rank(lock));
    let mut kept = 0;
    for lock in locks {
        if kept == 0 || locks[kept - 1].get() != lock.get() {
            locks[kept].set(lock.get());
            kept += 1;
        }
    }
    kept
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn locks_are_sorted_and_unique() {
        for n in [0, 1, 2, 5, 16, 17, 100] {
            let own: Vec<RawLock> = (0..n).map(|_| RawLock::new()).collect();
            // A fixed scramble with repetitions.
            let cells: Vec<Cell<*const RawLock>> = (0..2 * n)
                .map(|i| Cell::new(&raw const own[(i * 7 + i / 3) % n]))
                .collect();
            let mut expected: Vec<*const RawLock> = cells.iter().map(Cell::get).collect();
            expected.sort();
            expected.dedup();
            let one_by_one: Vec<Cell<*const RawLock>> =
                (0..2 * n).map(|_| Cell::new(std::ptr::null())).collect();
            let found = cells
                .iter()
                .fold(0, |found, lock| add_lock(&one_by_one, found, lock.get()));
            let kept = sort_locks(&cells);
            for (cells, kept) in [(&cells, kept), (&one_by_one, found)] {
                let got: Vec<*const RawLock> = cells[..kept].iter().map(Cell::get).collect();
                assert_eq!(got, expected);
            }
        }
    }

    #[test]
    fn dice_are_even() {
        const ROUNDS: u32 = 60_000;
        for bound in [2, 3, 8, 1000] {
            let mut counts = vec![0u32; bound as usize];
            for _ in 0..ROUNDS {
                // SAFETY: used at once.
                let here = unsafe { Here::ask() };
                counts[Dice::new(here).below(bound) as usize] += 1;
            }
            let mean = f64::from(ROUNDS) / f64::from(bound);
            let far = counts
                .iter()
                .find(|&&n| (f64::from(n) - mean).abs() > 10.0 * mean.sqrt());
            assert_eq!(far, None, "bound {bound}: {counts:?}");
        }
    }
}
