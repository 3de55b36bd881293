//! Tasks that start, yield, wait together and end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_bench::{Figure, check, resident, share};
use tokio::sync::watch;
use tokio::task::yield_now;

pub(crate) async fn spawn(batch: usize, n: usize) -> (usize, Duration) {
    let batches = share(n, batch);
    let mut tasks = Vec::with_capacity(batch);
    let start = Instant::now();
    for _ in 0..batches {
        tasks.extend((0..batch).map(|_| tokio::spawn(async {})));
        for task in tasks.drain(..) {
            task.await.expect("an empty task");
        }
    }
    (batches * batch, start.elapsed())
}

pub(crate) async fn yields(tasks: usize, n: usize) -> (usize, Duration) {
    let each = share(n, tasks);
    let start = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..each {
                    yield_now().await;
                }
            })
        })
        .collect();
    let ops = each * tasks.len();
    for task in tasks {
        task.await.expect("a yielding task");
    }
    (ops, start.elapsed())
}

/// Tasks that all wait for one channel (`watch`, which has many receivers), whose sender then goes.
pub(crate) async fn parked(count: usize) -> Vec<Figure> {
    let before = resident();
    let (tx, rx) = watch::channel(());
    let waiting = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::with_capacity(count);
    let start = Instant::now();
    for _ in 0..count {
        let (mut rx, waiting) = (rx.clone(), Arc::clone(&waiting));
        tasks.push(tokio::spawn(async move {
            waiting.fetch_add(1, Ordering::Relaxed);
            check(rx.changed().await.is_err());
        }));
    }
    while waiting.load(Ordering::Relaxed) < count {
        yield_now().await;
    }
    let spawned = start.elapsed();
    let bytes = resident().saturating_sub(before);
    let woken = Instant::now();
    drop(tx);
    for task in tasks {
        task.await.expect("a task that waited");
    }
    vec![
        Figure::time(count, spawned + woken.elapsed()),
        Figure::new("resident", bytes as f64 / count as f64, "B"),
    ]
}
