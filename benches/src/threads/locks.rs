//! The locks, contended by 16 threads, and a pair that hands values over by condition variables.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gort_bench::{check, share, sum_below};
use parking_lot::{Condvar, Mutex, RwLock};

/// Runs `each` rounds of `round` on 16 threads, each with its number.
fn sixteen(n: usize, round: impl Fn(usize) + Send + Sync) -> (usize, Duration) {
    let each = share(n, 16);
    let start = Instant::now();
    thread::scope(|s| {
        for _ in 0..16 {
            s.spawn(|| (0..each).for_each(&round));
        }
    });
    (each * 16, start.elapsed())
}

pub(crate) fn mutex16(n: usize) -> (usize, Duration) {
    let count = Mutex::new(0);
    let result = sixteen(n, |_| *count.lock() += 1);
    check(count.into_inner() == result.0);
    result
}

pub(crate) fn rwlock16(n: usize) -> (usize, Duration) {
    let count = RwLock::new(0);
    let result = sixteen(n, |i| {
        if i % 10 == 0 {
            *count.write() += 1;
        } else {
            check(*count.read() < usize::MAX);
        }
    });
    check(count.into_inner() == 16 * share(result.0 / 16, 10));
    result
}

/// There is no wait group: a counter, with a look whether somebody has to be woken, is the least
/// that one could do.
pub(crate) fn waitgroup16(n: usize) -> (usize, Duration) {
    let (count, zero) = (AtomicUsize::new(0), Condvar::new());
    sixteen(n, |_| {
        count.fetch_add(1, Ordering::Relaxed);
        if count.fetch_sub(1, Ordering::AcqRel) == 1 {
            zero.notify_all();
        }
    })
}

pub(crate) fn cond(n: usize) -> (usize, Duration) {
    let shared = Arc::new((Mutex::new(None), Condvar::new(), Condvar::new()));
    let producer = Arc::clone(&shared);
    let start = Instant::now();
    thread::spawn(move || {
        let (slot, filled, emptied) = &*producer;
        for i in 0..n {
            let mut slot = slot.lock();
            while slot.is_some() {
                emptied.wait(&mut slot);
            }
            *slot = Some(i);
            filled.notify_one();
        }
    });
    let (slot, filled, emptied) = &*shared;
    let mut sum = 0;
    for _ in 0..n {
        let mut slot = slot.lock();
        sum += loop {
            match slot.take() {
                Some(i) => break i,
                None => filled.wait(&mut slot),
            }
        };
        emptied.notify_one();
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}
