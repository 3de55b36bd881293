//! Quicksort with a goroutine for every part that is not small.

use std::time::{Duration, Instant};

use gort::Scope;
use gort_bench::{SMALL, check_sorted, partition, random, sort_small};

pub(crate) fn quicksort(length: usize) -> (usize, Duration) {
    let mut values = random(length);
    let start = Instant::now();
    gort::scope(|s| sort(s, &mut values));
    let took = start.elapsed();
    check_sorted(&values);
    (length, took)
}

/// Starts a goroutine for one part and goes on with the other.
fn sort<'scope>(s: &'scope Scope<'scope, '_>, mut values: &'scope mut [u64]) {
    while values.len() > SMALL {
        let at = partition(values);
        let (low, rest) = values.split_at_mut(at);
        s.spawn(move || sort(s, low));
        values = &mut rest[1..];
    }
    sort_small(values);
}
