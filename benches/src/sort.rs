//! The parts of `quicksort` that have nothing to do with goroutines; `rivals/go/sort.go` has the
//! same ones.
//!
//! Neither language's own sort is used: they differ, and it is not they who are measured.

/// What is not longer than this is sorted by the goroutine that has it.
pub const SMALL: usize = 4096;

/// One step of Marsaglia's generator.
pub(crate) fn xorshift(mut x: u64) -> u64 {
    x ^= x << 13;
    x ^= x >> 7;
    x ^ x << 17
}

/// The same numbers in every language.
pub fn random(count: usize) -> Vec<u64> {
    let mut x = 88_172_645_463_325_252;
    let next = || {
        x = xorshift(x);
        x
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Moves what is less than some value before it; says where that value is now.
pub fn partition(values: &mut [u64]) -> usize {
    let last = values.len() - 1;
    values.swap(median(values), last);
    let pivot = values[last];
    let mut at = 0;
    for i in 0..last {
        if values[i] < pivot {
            values.swap(i, at);
            at += 1;
        }
    }
    values.swap(at, last);
    at
}

/// Where the median of the first, the middle and the last is.
fn median(values: &[u64]) -> usize {
    let (first, middle, last) = (0, values.len() / 2, values.len() - 1);
    let (a, b, c) = (values[first], values[middle], values[last]);
    if (a <= b) == (b <= c) {
        middle
    } else if (b <= a) == (a <= c) {
        first
    } else {
        last
    }
}

/// Sorts without any help.
pub fn sort_small(mut values: &mut [u64]) {
    while values.len() > 16 {
        let at = partition(values);
        let (low, rest) = values.split_at_mut(at);
        sort_small(low);
        values = &mut rest[1..];
    }
    for i in 1..values.len() {
        let value = values[i];
        let mut at = i;
        while at > 0 && values[at - 1] > value {
            values[at] = values[at - 1];
            at -= 1;
        }
        values[at] = value;
    }
}

/// Whether these are the values of [`random`] in order.
pub fn check_sorted(values: &[u64]) {
    let sum = |values: &[u64]| values.iter().fold(0, |sum: u64, v| sum.wrapping_add(*v));
    crate::check(values.is_sorted() && sum(values) == sum(&random(values.len())));
}
