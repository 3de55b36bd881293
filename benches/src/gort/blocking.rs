//! Calls that block the thread, announced to the runtime and not.

use std::thread;
use std::time::Instant;

use gort::sync::WaitGroup;
use gort_bench::{BLOCKED, Figure};

pub(crate) fn announced(goroutines: usize) -> Vec<Figure> {
    all(goroutines, || gort::blocking(|| thread::sleep(BLOCKED)))
}

pub(crate) fn unannounced(goroutines: usize) -> Vec<Figure> {
    all(goroutines, || thread::sleep(BLOCKED))
}

fn all(goroutines: usize, call: fn()) -> Vec<Figure> {
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..goroutines {
        wg.go(call);
    }
    wg.wait();
    vec![Figure::ms("time", start.elapsed())]
}
