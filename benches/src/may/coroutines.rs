//! Coroutines that start, yield, wait together and end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_bench::{Figure, resident, share};
use may::coroutine::yield_now;
use may::go;
use may::sync::{SyncFlag, WaitGroup};

pub(crate) fn spawn(batch: usize, n: usize) -> (usize, Duration) {
    let batches = share(n, batch);
    let start = Instant::now();
    for _ in 0..batches {
        let all = WaitGroup::new();
        for _ in 0..batch {
            let one = all.clone();
            go!(move || drop(one));
        }
        all.wait();
    }
    (batches * batch, start.elapsed())
}

pub(crate) fn yields(coroutines: usize, n: usize) -> (usize, Duration) {
    let each = share(n, coroutines);
    let all = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..coroutines {
        let one = all.clone();
        go!(move || {
            for _ in 0..each {
                yield_now();
            }
            drop(one);
        });
    }
    all.wait();
    (each * coroutines, start.elapsed())
}

/// Coroutines that all wait for one `SyncFlag`.
pub(crate) fn parked(coroutines: usize) -> Vec<Figure> {
    let before = resident();
    let flag = Arc::new(SyncFlag::new());
    let waiting = Arc::new(AtomicUsize::new(0));
    let all = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..coroutines {
        let (flag, waiting, one) = (Arc::clone(&flag), Arc::clone(&waiting), all.clone());
        go!(move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            flag.wait();
            drop(one);
        });
    }
    while waiting.load(Ordering::Relaxed) < coroutines {
        yield_now();
    }
    let spawned = start.elapsed();
    let bytes = resident().saturating_sub(before);
    let woken = Instant::now();
    flag.fire();
    all.wait();
    vec![
        Figure::time(coroutines, spawned + woken.elapsed()),
        Figure::new("resident", bytes as f64 / coroutines as f64, "B"),
    ]
}
