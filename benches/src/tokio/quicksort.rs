//! Quicksort with a task for every part that is not small.
//!
//! A task cannot borrow, so the values live for ever, and each part is handed back by whoever has
//! sorted it.

use std::time::{Duration, Instant};

use gort_bench::{SMALL, check_sorted, partition, random, sort_small};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

type Part = &'static mut [u64];

pub(crate) async fn quicksort(length: usize) -> (usize, Duration) {
    let values: Part = random(length).leak();
    let (tx, mut rx) = unbounded_channel();
    let mut parts = Vec::new();
    let start = Instant::now();
    sort(values, tx);
    while let Some(part) = rx.recv().await {
        parts.push(part);
    }
    let took = start.elapsed();
    parts.sort_by_key(|part| part.as_ptr());
    check_sorted(&parts.concat());
    (length, took)
}

/// Starts a task for one part and goes on with the other.
fn sort(mut values: Part, sorted: UnboundedSender<Part>) {
    while values.len() > SMALL {
        let at = partition(values);
        let (low, rest) = values.split_at_mut(at);
        let its = sorted.clone();
        tokio::spawn(async move { sort(low, its) });
        let (pivot, high) = rest.split_at_mut(1);
        let _ = sorted.send(pivot);
        values = high;
    }
    sort_small(values);
    let _ = sorted.send(values);
}
