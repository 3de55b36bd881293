//! Waits that end early, by a timeout or by a channel, in goroutines and on threads: what is given
//! up is left to others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::sync::{Cond, Mutex, RwLock, Semaphore, WaitGroup};

use crate::support::rounds;

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(60);

/// Everything that can time out does so, and not before its time.
fn all_time_out() {
    let closed = chan!(());
    closed.close();
    let (mutex, lock, sem, wg, cond) = (
        Mutex::new(0),
        RwLock::new(0),
        Semaphore::new(1),
        WaitGroup::new(),
        Cond::new(),
    );
    let held = (mutex.lock(), lock.write());
    sem.acquire(1);
    wg.add(1);
    let own = Mutex::new(());
    let timeouts: [&dyn Fn() -> bool; 7] = [
        &|| mutex.lock_timeout(SHORT).is_some(),
        &|| lock.read_timeout(SHORT).is_some(),
        &|| lock.write_timeout(SHORT).is_some(),
        &|| sem.acquire_timeout(1, SHORT),
        &|| sem.acquire_timeout(2, SHORT),
        &|| wg.wait_timeout(SHORT),
        &|| cond.wait_timeout(&mut own.lock(), SHORT),
    ];
    for (i, timeout) in timeouts.iter().enumerate() {
        let begin = Instant::now();
        assert!(!timeout(), "number {i} did not time out");
        let took = begin.elapsed();
        assert!(took >= SHORT, "number {i} took {took:?}");
    }
    let cancelled: [&dyn Fn() -> bool; 7] = [
        &|| mutex.lock_or(&closed).is_some(),
        &|| lock.read_or(&closed).is_some(),
        &|| lock.write_or(&closed).is_some(),
        &|| sem.acquire_or(1, &closed),
        &|| sem.acquire_or(2, &closed),
        &|| wg.wait_or(&closed),
        &|| cond.wait_or(&mut own.lock(), &closed),
    ];
    for (i, cancelled) in cancelled.iter().enumerate() {
        assert!(!cancelled(), "number {i} was not cancelled");
    }
    drop(held);
    wg.done();
    sem.release(1);
    assert!(mutex.lock_timeout(Duration::ZERO).is_some());
    assert!(
        mutex.lock_or(&closed).is_some(),
        "free: there is nothing to give up"
    );
    assert!(lock.read_timeout(Duration::ZERO).is_some());
    assert!(lock.write_timeout(Duration::MAX).is_some());
    assert!(sem.acquire_timeout(1, Duration::MAX));
    assert!(wg.wait_timeout(Duration::ZERO));
    assert!(own.try_lock().is_some());
}

#[gort::test]
fn in_goroutines() {
    all_time_out();
}

#[test]
fn on_threads() {
    std::thread::spawn(all_time_out).join().unwrap();
}

/// What comes in time is had in time.
#[gort::test]
fn in_time() {
    let shared = Arc::new((Mutex::new(0), Cond::new(), RwLock::new(0), Semaphore::new(1)));
    let never = chan!(());
    for cancellable in [false, true] {
        let held = (shared.0.lock(), shared.2.write(), shared.3.permit(1));
        let waits = go!([shared, never] {
            let (mutex, cond, lock, sem) = &*shared;
            if cancellable {
                drop(mutex.lock_or(&never).unwrap());
                drop(lock.read_or(&never).unwrap());
                drop(lock.write_or(&never).unwrap());
                assert!(sem.acquire_or(1, &never));
                sem.release(1);
                let mut n = mutex.lock();
                while *n == 0 {
                    assert!(cond.wait_or(&mut n, &never));
                }
            } else {
                drop(mutex.lock_timeout(LONG).unwrap());
                drop(lock.read_timeout(LONG).unwrap());
                drop(lock.write_timeout(LONG).unwrap());
                assert!(sem.acquire_timeout(1, LONG));
                sem.release(1);
                let mut n = mutex.lock();
                assert!(cond.wait_timeout_while(&mut n, LONG, |&n| n == 0));
            }
        });
        gort::runtime::gosched();
        drop(held);
        *shared.0.lock() += 1;
        shared.1.notify_all();
        waits.join().unwrap();
        *shared.0.lock() = 0;
    }
}

/// A holder that lets go at just the moment the other gives up: the lock is free afterwards, or the
/// other has it.
#[gort::test]
fn giving_up_and_letting_go_at_once() {
    let mutex = Arc::new(Mutex::new(0));
    let lock = Arc::new(RwLock::new(0));
    let mut expected = 0;
    for i in 0..rounds(500) {
        let moment = Duration::from_micros(40 + i as u64 % 40);
        let (one, two) = (mutex.lock(), lock.write());
        let timed = go!([mutex, lock] {
            let first = mutex.lock_timeout(moment).map(|mut n| *n += 1).is_some();
            let second = lock.write_timeout(moment).map(|mut n| *n += 1).is_some();
            [first, second]
        });
        let channel = go!([mutex] {
            let done = gort::time::after(moment);
            mutex.lock_or(&done).map(|mut n| *n += 1).is_some()
        });
        gort::time::sleep(moment);
        drop((one, two));
        let [first, second] = timed.join().unwrap();
        expected += usize::from(first) + usize::from(second) + usize::from(channel.join().unwrap());
        assert!(
            mutex.try_lock().is_some() && lock.try_write().is_some(),
            "round {i}"
        );
    }
    assert_eq!(*mutex.lock() + *lock.read(), expected);
}
