//! Goroutines that sleep: very many, and one beside goroutines that compute.

use std::sync::Arc;
use std::time::Instant;

use gort::prelude::*;
use gort::sync::WaitGroup;
use gort::time::sleep;
use gort_bench::{Figure, HOGGED, Lateness, NAP, SLEEP, percentiles, spin, workers};

pub(crate) fn sleepers(late: Lateness) -> Vec<Figure> {
    let late = Arc::new(late);
    let wg = WaitGroup::new();
    for i in 0..late.sleepers() {
        let late = Arc::clone(&late);
        wg.go(move || {
            sleep(late.pause(i));
            late.awake(i);
        });
    }
    wg.wait();
    late.figures()
}

/// How late the last one of so many wakes that each sleep a second from their start.
pub(crate) fn sleeping(goroutines: usize) -> Vec<Figure> {
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..goroutines {
        wg.go(|| sleep(SLEEP));
    }
    wg.wait();
    vec![Figure::ms("last", start.elapsed() - SLEEP)]
}

pub(crate) fn hogs() -> Vec<Figure> {
    let end = Instant::now() + HOGGED;
    for _ in 0..workers() {
        go!(spin(end));
    }
    let mut late = Vec::new();
    while Instant::now() < end {
        let due = Instant::now() + NAP;
        sleep(NAP);
        late.push(due.elapsed());
    }
    percentiles(late)
}
