//! The locks, contended by 16 coroutines, and a pair that hands values over by condition variables.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort_bench::{check, share, sum_below};
use may::sync::{Condvar, Mutex, RwLock};
use may::{coroutine, go};

/// Runs `each` rounds of `round` on 16 coroutines, each with its number.
fn sixteen(n: usize, round: impl Fn(usize) + Send + Sync) -> (usize, Duration) {
    let each = share(n, 16);
    let start = Instant::now();
    coroutine::scope(|s| {
        for _ in 0..16 {
            go!(s, || (0..each).for_each(&round));
        }
    });
    (each * 16, start.elapsed())
}

pub(crate) fn mutex16(n: usize) -> (usize, Duration) {
    let count = Mutex::new(0);
    let result = sixteen(n, |_| *count.lock().expect("the lock") += 1);
    check(*count.lock().expect("the lock") == result.0);
    result
}

pub(crate) fn rwlock16(n: usize) -> (usize, Duration) {
    let count = RwLock::new(0);
    let result = sixteen(n, |i| {
        if i % 10 == 0 {
            *count.write().expect("the lock") += 1;
        } else {
            check(*count.read().expect("the lock") < usize::MAX);
        }
    });
    check(*count.read().expect("the lock") == 16 * share(result.0 / 16, 10));
    result
}

pub(crate) fn cond(n: usize) -> (usize, Duration) {
    let shared = Arc::new((Mutex::new(None), Condvar::new(), Condvar::new()));
    let producer = Arc::clone(&shared);
    let start = Instant::now();
    go!(move || {
        let (slot, filled, emptied) = &*producer;
        for i in 0..n {
            let mut slot = slot.lock().expect("the lock");
            while slot.is_some() {
                slot = emptied.wait(slot).expect("the lock");
            }
            *slot = Some(i);
            filled.notify_one();
        }
    });
    let (slot, filled, emptied) = &*shared;
    let mut sum = 0;
    for _ in 0..n {
        let mut slot = slot.lock().expect("the lock");
        sum += loop {
            match slot.take() {
                Some(i) => break i,
                None => slot = filled.wait(slot).expect("the lock"),
            }
        };
        emptied.notify_one();
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}
