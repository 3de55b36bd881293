//! Tasks that sleep, or keep a thread busy or blocked.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use gort_bench::{BLOCKED, Figure, HOGGED, Lateness, NAP, SLEEP, percentiles, spin, workers};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

pub(crate) async fn sleepers(late: Lateness) -> Vec<Figure> {
    let late = Arc::new(late);
    let sleeper = |i| {
        let late = Arc::clone(&late);
        tokio::spawn(async move {
            sleep(late.pause(i)).await;
            late.awake(i);
        })
    };
    all((0..late.sleepers()).map(sleeper).collect()).await;
    late.figures()
}

/// How late the last one of so many wakes that each sleep a second from their start.
pub(crate) async fn sleeping(count: usize) -> Vec<Figure> {
    let start = Instant::now();
    all((0..count).map(|_| tokio::spawn(sleep(SLEEP))).collect()).await;
    vec![Figure::ms("last", start.elapsed() - SLEEP)]
}

async fn all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("a task");
    }
}

pub(crate) async fn hogs() -> Vec<Figure> {
    let end = Instant::now() + HOGGED;
    for _ in 0..workers() {
        tokio::spawn(async move { spin(end) });
    }
    let mut late = Vec::new();
    while Instant::now() < end {
        let due = Instant::now() + NAP;
        sleep(NAP).await;
        late.push(due.elapsed());
    }
    percentiles(late)
}

pub(crate) async fn announced(count: usize) -> Vec<Figure> {
    let start = Instant::now();
    let call = async || spawn_blocking(|| thread::sleep(BLOCKED)).await.expect("the call");
    all((0..count).map(|_| tokio::spawn(call())).collect()).await;
    vec![Figure::ms("time", start.elapsed())]
}

pub(crate) async fn unannounced(count: usize) -> Vec<Figure> {
    let start = Instant::now();
    let call = async || thread::sleep(BLOCKED);
    all((0..count).map(|_| tokio::spawn(call())).collect()).await;
    vec![Figure::ms("time", start.elapsed())]
}
