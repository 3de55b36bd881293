//! Coroutines that sleep, or keep a thread busy or blocked.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use gort_bench::{BLOCKED, Figure, HOGGED, Lateness, NAP, SLEEP, percentiles, spin, workers};
use may::coroutine::sleep;
use may::go;
use may::sync::WaitGroup;

pub(crate) fn sleepers(late: Lateness) -> Vec<Figure> {
    let late = Arc::new(late);
    let all = WaitGroup::new();
    for i in 0..late.sleepers() {
        let (late, one) = (Arc::clone(&late), all.clone());
        go!(move || {
            sleep(late.pause(i));
            late.awake(i);
            drop(one);
        });
    }
    all.wait();
    late.figures()
}

/// How late the last one of so many wakes that each sleep a second from their start.
pub(crate) fn sleeping(coroutines: usize) -> Vec<Figure> {
    let all = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..coroutines {
        let one = all.clone();
        go!(move || {
            sleep(SLEEP);
            drop(one);
        });
    }
    all.wait();
    vec![Figure::ms("last", start.elapsed() - SLEEP)]
}

pub(crate) fn hogs() -> Vec<Figure> {
    let end = Instant::now() + HOGGED;
    for _ in 0..workers() {
        go!(move || spin(end));
    }
    let mut late = Vec::new();
    while Instant::now() < end {
        let due = Instant::now() + NAP;
        sleep(NAP);
        late.push(due.elapsed());
    }
    percentiles(late)
}

pub(crate) fn unannounced(coroutines: usize) -> Vec<Figure> {
    let all = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..coroutines {
        let one = all.clone();
        go!(move || {
            thread::sleep(BLOCKED);
            drop(one);
        });
    }
    all.wait();
    vec![Figure::ms("time", start.elapsed())]
}
