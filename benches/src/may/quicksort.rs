//! Quicksort with a coroutine for every part that is not small.
//!
//! A scope of may's cannot be handed down, so each call has one of its own and waits for its part.

use std::time::{Duration, Instant};

use gort_bench::{SMALL, check_sorted, partition, random, sort_small};
use may::{coroutine, go};

pub(crate) fn quicksort(length: usize) -> (usize, Duration) {
    let mut values = random(length);
    let start = Instant::now();
    sort(&mut values);
    let took = start.elapsed();
    check_sorted(&values);
    (length, took)
}

/// Starts a coroutine for one part and goes on with the other.
fn sort(values: &mut [u64]) {
    if values.len() <= SMALL {
        return sort_small(values);
    }
    let at = partition(values);
    let (low, rest) = values.split_at_mut(at);
    coroutine::scope(|s| {
        go!(s, || sort(low));
        sort(&mut rest[1..]);
    });
}
