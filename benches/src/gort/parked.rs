//! Goroutines that all wait for one channel, which is then closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::WaitGroup;
use gort_bench::{Figure, check, resident};

pub(crate) fn parked(goroutines: usize) -> Vec<Figure> {
    let before = resident();
    let (tx, rx) = gort::channel::<()>(0);
    let waiting = Arc::new(AtomicUsize::new(0));
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..goroutines {
        let (rx, waiting) = (rx.clone(), Arc::clone(&waiting));
        wg.go(move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            check(chan!(<-rx).is_none());
        });
    }
    while waiting.load(Ordering::Relaxed) < goroutines {
        gosched();
    }
    let spawned = start.elapsed();
    let bytes = resident().saturating_sub(before);
    let woken = Instant::now();
    tx.close();
    wg.wait();
    vec![
        Figure::time(goroutines, spawned + woken.elapsed()),
        Figure::new("resident", bytes as f64 / goroutines as f64, "B"),
    ]
}
