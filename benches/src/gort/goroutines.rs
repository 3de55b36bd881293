//! Goroutines that start, yield and end.

use std::time::{Duration, Instant};

use gort::runtime::gosched;
use gort::sync::WaitGroup;
use gort_bench::share;

pub(crate) fn spawn(batch: usize, n: usize) -> (usize, Duration) {
    let batches = share(n, batch);
    let start = Instant::now();
    for _ in 0..batches {
        let wg = WaitGroup::new();
        for _ in 0..batch {
            wg.go(|| {});
        }
        wg.wait();
    }
    (batches * batch, start.elapsed())
}

pub(crate) fn yields(goroutines: usize, n: usize) -> (usize, Duration) {
    let each = share(n, goroutines);
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..goroutines {
        wg.go(move || {
            for _ in 0..each {
                gosched();
            }
        });
    }
    wg.wait();
    (each * goroutines, start.elapsed())
}
