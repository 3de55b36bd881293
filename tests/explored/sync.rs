//! Locks and counters.

use std::sync::Arc;

use gort::prelude::*;
use gort::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use gort::sync::{Barrier, Cond, Mutex, Once, OnceCell, RwLock, Semaphore, SingleFlight, WaitGroup};

use super::holds;

/// Counts who is inside.
fn inside(count: &AtomicUsize, most: usize) {
    assert!(count.fetch_add(1, SeqCst) < most, "too many are inside");
    count.fetch_sub(1, SeqCst);
}

#[test]
fn a_mutex_lets_one_in() {
    holds(|| {
        let (lock, count) = (Arc::new(Mutex::new(0)), Arc::new(AtomicUsize::new(0)));
        let wg = WaitGroup::new();
        for _ in 0..3 {
            go!(wg => [lock, count] {
                let mut n = lock.lock();
                inside(&count, 1);
                *n += 1;
            });
        }
        wg.wait();
        assert_eq!(*lock.lock(), 3);
    });
}

#[test]
fn a_read_write_lock_lets_readers_in_together() {
    holds(|| {
        let (lock, writing) = (Arc::new(RwLock::new((0, 0))), Arc::new(AtomicUsize::new(0)));
        let wg = WaitGroup::new();
        go!(wg => [lock, writing] {
            let mut pair = lock.write();
            inside(&writing, 1);
            pair.0 += 1;
            gort::runtime::gosched();
            pair.1 += 1;
        });
        for _ in 0..2 {
            go!(wg => [lock] {
                let pair = lock.read();
                assert_eq!(pair.0, pair.1, "half of a write");
            });
        }
        wg.wait();
    });
}

#[test]
fn a_notification_under_the_lock_is_not_lost() {
    holds(|| {
        let (items, changed) = (Arc::new(Mutex::new(0)), Arc::new(Cond::new()));
        let wg = WaitGroup::new();
        for _ in 0..2 {
            go!(wg => [items, changed] {
                let mut items = items.lock();
                changed.wait_while(&mut items, |items| *items == 0);
                *items -= 1;
            });
        }
        for _ in 0..2 {
            *items.lock() += 1;
            changed.notify_one();
        }
        wg.wait();
    });
}

#[test]
fn a_wait_group_waits_for_all() {
    holds(|| {
        let (wg, done) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..3 {
            go!(wg => [done] { done.fetch_add(1, SeqCst) });
        }
        let other = go!([wg, done] {
            wg.wait();
            done.load(SeqCst)
        });
        wg.wait();
        assert_eq!(done.load(SeqCst), 3);
        assert_eq!(other.join().unwrap(), 3);
    });
}

#[test]
fn once_runs_once_and_the_others_wait() {
    holds(|| {
        let (once, cell) = (Arc::new(Once::new()), Arc::new(OnceCell::new()));
        let runs = Arc::new(AtomicUsize::new(0));
        let wg = WaitGroup::new();
        for i in 0..2 {
            go!(wg => [once, cell, runs] {
                once.call_once(|| {
                    gort::runtime::gosched();
                    runs.fetch_add(1, SeqCst);
                });
                assert_eq!(runs.load(SeqCst), 1, "it has run when the call returns");
                let first = *cell.get_or_init(|| i);
                assert_eq!(cell.get(), Some(&first));
            });
        }
        wg.wait();
    });
}

#[test]
fn a_semaphore_gives_no_more_than_it_has() {
    holds(|| {
        let (permits, count) = (Arc::new(Semaphore::new(2)), Arc::new(AtomicUsize::new(0)));
        let wg = WaitGroup::new();
        for n in [1, 2, 1] {
            go!(wg => [permits, count] {
                let _permit = permits.permit(n);
                assert!(count.fetch_add(n, SeqCst) + n <= 2);
                count.fetch_sub(n, SeqCst);
            });
        }
        wg.wait();
        assert_eq!(permits.available(), 2);
    });
}

#[test]
fn a_barrier_has_one_leader() {
    holds(|| {
        let (barrier, leaders) = (Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)));
        let wg = WaitGroup::new();
        for _ in 0..3 {
            go!(wg => [barrier, leaders] {
                if barrier.wait().is_leader() {
                    leaders.fetch_add(1, SeqCst);
                }
            });
        }
        wg.wait();
        assert_eq!(leaders.load(SeqCst), 1);
    });
}

#[test]
fn a_flight_is_shared_or_flown_again() {
    holds(|| {
        let flights: Arc<SingleFlight<u32, usize>> = Arc::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let ask = |flights: &SingleFlight<u32, usize>, runs: &AtomicUsize| {
            flights.do_(1, || runs.fetch_add(1, SeqCst) + 1).0
        };
        let other = go!([flights, runs] { ask(&flights, &runs) });
        let mine = ask(&flights, &runs);
        let theirs = other.join().unwrap();
        let runs = runs.load(SeqCst);
        assert!(mine <= runs && theirs <= runs && mine.max(theirs) == runs);
    });
}

#[test]
fn a_panic_unlocks_on_its_way() {
    holds(|| {
        let lock = Arc::new(Mutex::new(0));
        let wg = WaitGroup::new();
        for _ in 0..2 {
            go!(wg => [lock] {
                let caught = gort::recover(|| {
                    let mut n = lock.lock();
                    *n += 1;
                    panic!("with the lock held");
                });
                assert_eq!(caught.unwrap_err().message(), "with the lock held");
                assert!(!std::thread::panicking(), "that was the other one");
            });
        }
        *lock.lock() += 1;
        assert!(!std::thread::panicking(), "that was another one");
        wg.wait();
        assert_eq!(*lock.lock(), 3);
    });
}
