//! Threads that sleep beside others that compute, and that block: what the kernel's own scheduler
//! makes of it.

use std::thread;
use std::time::Instant;

use gort_bench::{BLOCKED, Figure, HOGGED, NAP, percentiles, spin, workers};

pub(crate) fn hogs() -> Vec<Figure> {
    let end = Instant::now() + HOGGED;
    for _ in 0..workers() {
        thread::spawn(move || spin(end));
    }
    let mut late = Vec::new();
    while Instant::now() < end {
        let due = Instant::now() + NAP;
        thread::sleep(NAP);
        late.push(due.elapsed());
    }
    percentiles(late)
}

pub(crate) fn blocking(threads: usize) -> Vec<Figure> {
    let start = Instant::now();
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| thread::sleep(BLOCKED));
        }
    });
    vec![Figure::ms("time", start.elapsed())]
}
