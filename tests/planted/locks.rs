//! Bugs around locks, condition variables and their like.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use gort::prelude::*;
use gort::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use gort::sync::{Cond, Mutex, RwLock, Semaphore, WaitGroup};

/// Two locks in two orders.
pub(super) fn ab_ba() {
    let (a, b) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    let other = go!([a, b] {
        let _b = b.lock();
        *a.lock() += 1;
    });
    let held = a.lock();
    *b.lock() += 1;
    drop(held);
    other.join().unwrap();
}

/// Three philosophers, each with the left fork first.
pub(super) fn philosophers() {
    let forks: Vec<_> = (0..3).map(|_| Arc::new(Mutex::new(()))).collect();
    let wg = WaitGroup::new();
    for seat in 0..3 {
        let (left, right) = (Arc::clone(&forks[seat]), Arc::clone(&forks[(seat + 1) % 3]));
        go!(wg => {
            let _left = left.lock();
            let _right = right.lock();
        });
    }
    wg.wait();
}

/// The lock is given back between the look and what follows from it.
pub(super) fn check_then_act() {
    let cache: Arc<Mutex<HashMap<u32, u32>>> = Arc::default();
    let made = Arc::new(AtomicUsize::new(0));
    let get = |cache: &Mutex<HashMap<u32, u32>>, made: &AtomicUsize| {
        let found = cache.lock().get(&1).copied();
        if found.is_none() {
            made.fetch_add(1, SeqCst);
            cache.lock().insert(1, 1);
        }
    };
    let other = go!([cache, made] { get(&cache, &made) });
    get(&cache, &made);
    other.join().unwrap();
    assert_eq!(made.load(SeqCst), 1, "made twice");
}

/// A sum over two locks while another goroutine moves money between them.
pub(super) fn two_locks() {
    let (a, b) = (Arc::new(Mutex::new(50)), Arc::new(Mutex::new(50)));
    let transfer = go!([a, b] {
        *a.lock() -= 10;
        *b.lock() += 10;
    });
    let sum = { *a.lock() } + { *b.lock() };
    transfer.join().unwrap();
    assert_eq!(sum, 100, "money in flight");
}

/// The flag is set, and told, between the look at it and the wait.
pub(super) fn lost_signal() {
    let (lock, changed, flag) = (
        Arc::new(Mutex::new(())),
        Arc::new(Cond::new()),
        Arc::new(AtomicBool::new(false)),
    );
    go!([changed, flag] {
        flag.store(true, SeqCst);
        changed.notify_one();
    });
    let mut held = lock.lock();
    while !flag.load(SeqCst) {
        changed.wait(&mut held);
    }
}

/// It waits for a broadcast that has been.
pub(super) fn broadcast_before_wait() {
    let (lock, start) = (Arc::new(Mutex::new(())), Arc::new(Cond::new()));
    let wg = WaitGroup::new();
    for _ in 0..2 {
        go!(wg => [lock, start] { start.wait(&mut lock.lock()) });
    }
    // "They will be there by now."
    gort::runtime::gosched();
    start.notify_all();
    wg.wait();
}

/// One is notified, and it is the wrong one.
pub(super) fn notify_one_of_two_kinds() {
    struct Queue {
        items: Mutex<VecDeque<u32>>,
        changed: Cond,
    }
    let queue = Arc::new(Queue {
        items: Mutex::new(VecDeque::new()),
        changed: Cond::new(),
    });
    let put = |queue: &Queue, item| {
        let mut items = queue.items.lock();
        queue.changed.wait_while(&mut items, |items| !items.is_empty());
        items.push_back(item);
        queue.changed.notify_one();
    };
    let take = |queue: &Queue| {
        let mut items = queue.items.lock();
        queue.changed.wait_while(&mut items, VecDeque::is_empty);
        items.pop_front();
        queue.changed.notify_one();
    };
    let wg = WaitGroup::new();
    for _ in 0..2 {
        go!(wg => [queue] { take(&queue) });
    }
    for item in 0..2 {
        go!(wg => [queue] { put(&queue, item) });
    }
    wg.wait();
}

/// Between the read lock and the write lock somebody else did the same.
pub(super) fn upgrade() {
    let value = Arc::new(RwLock::new(None));
    let runs = Arc::new(AtomicUsize::new(0));
    let init = |value: &RwLock<Option<u32>>, runs: &AtomicUsize| {
        if value.read().is_none() {
            *value.write() = Some(runs.fetch_add(1, SeqCst) as u32);
        }
    };
    let other = go!([value, runs] { init(&value, &runs) });
    init(&value, &runs);
    other.join().unwrap();
    assert_eq!(runs.load(SeqCst), 1, "initialised twice");
}

/// Each takes one of two permits and wants the other.
pub(super) fn half_of_the_permits() {
    let permits = Arc::new(Semaphore::new(2));
    let work = |permits: &Semaphore| {
        let _first = permits.permit(1);
        let _second = permits.permit(1);
    };
    let other = go!([permits] { work(&permits) });
    work(&permits);
    other.join().unwrap();
}

/// The goroutine counts itself, which may be after the wait.
pub(super) fn added_too_late() {
    let (wg, done) = (WaitGroup::new(), Arc::new(AtomicBool::new(false)));
    let worker = go!([wg, done] {
        wg.add(1);
        done.store(true, SeqCst);
        wg.done();
    });
    gort::runtime::gosched();
    wg.wait();
    let was_done = done.load(SeqCst);
    worker.join().unwrap();
    assert!(was_done, "nobody was waited for");
}

/// A pool that tells of a connection only if somebody waits, and counts those who wait too late.
pub(super) fn pool_without_wake() {
    #[derive(Default)]
    struct Pool {
        free: Mutex<Vec<u32>>,
        waiting: AtomicUsize,
        returned: Cond,
    }
    let get = |pool: &Pool| {
        let mut free = pool.free.lock();
        loop {
            if let Some(connection) = free.pop() {
                return connection;
            }
            drop(free);
            pool.waiting.fetch_add(1, SeqCst);
            free = pool.free.lock();
            pool.returned.wait(&mut free);
            pool.waiting.fetch_sub(1, SeqCst);
        }
    };
    let put = |pool: &Pool, connection| {
        pool.free.lock().push(connection);
        if pool.waiting.load(SeqCst) > 0 {
            pool.returned.notify_one();
        }
    };
    let pool = Arc::new(Pool::default());
    put(&pool, 1);
    let other = go!([pool] {
        let connection = get(&pool);
        put(&pool, connection);
    });
    let connection = get(&pool);
    put(&pool, connection);
    other.join().unwrap();
}

/// A buffer goes back to the pool, and is written to once more.
pub(super) fn used_after_put() {
    let pool = Arc::new(Mutex::new(vec![Arc::new(Mutex::new(0))]));
    let writer = go!([pool] {
        let buffer = pool.lock().pop().unwrap();
        *buffer.lock() = 1;
        pool.lock().push(Arc::clone(&buffer));
        *buffer.lock() = 2;
    });
    gort::runtime::gosched();
    let taken = pool.lock().pop();
    if let Some(buffer) = taken {
        *buffer.lock() = 7;
        assert_eq!(*buffer.lock(), 7, "somebody else writes to it");
    }
    writer.join().unwrap();
}
