//! The locks that a task waits for without blocking its thread, contended by 16 tasks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort_bench::{check, share};
use tokio::sync::{Mutex, RwLock};

/// Runs `each` rounds of `round` on 16 tasks, each with its number.
async fn sixteen<L, F>(n: usize, lock: &Arc<L>, round: impl Fn(Arc<L>, usize) -> F) -> (usize, Duration)
where
    F: Future<Output = ()> + Send + 'static,
{
    let each = share(n, 16);
    let start = Instant::now();
    let tasks: Vec<_> = (0..16)
        .map(|_| tokio::spawn(round(Arc::clone(lock), each)))
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
    (each * 16, start.elapsed())
}

pub(crate) async fn mutex16(n: usize) -> (usize, Duration) {
    let count = Arc::new(Mutex::new(0));
    let result = sixteen(n, &count, |count, each| async move {
        for _ in 0..each {
            *count.lock().await += 1;
        }
    })
    .await;
    check(*count.lock().await == result.0);
    result
}

pub(crate) async fn rwlock16(n: usize) -> (usize, Duration) {
    let count = Arc::new(RwLock::new(0));
    let result = sixteen(n, &count, |count, each| async move {
        for i in 0..each {
            if i % 10 == 0 {
                *count.write().await += 1;
            } else {
                check(*count.read().await < usize::MAX);
            }
        }
    })
    .await;
    check(*count.read().await == 16 * share(result.0 / 16, 10));
    result
}
