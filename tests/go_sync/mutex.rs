//! Port of sync/mutex_test.go: TestSemaphore, TestMutex, TestMutexFairness (GS-107, GS-109); and
//! what a panic does (GS-108).

use std::sync::Arc;
use std::time::Duration;

use gort::prelude::*;
use gort::sync::{Mutex, Semaphore};

use crate::support::{panic_message, rounds};

#[gort::test]
fn semaphore() {
    let s = Arc::new(Semaphore::new(1));
    let hammers: Vec<_> = (0..10)
        .map(|_| {
            go!([s] {
                for _ in 0..rounds(1000) {
                    s.acquire(1);
                    s.release(1);
                }
            })
        })
        .collect();
    hammers.into_iter().for_each(|hammer| hammer.join().unwrap());
    assert_eq!(s.available(), 1);
}

#[gort::test]
fn mutex() {
    let m = Arc::new(Mutex::new(0));
    let guard = m.lock();
    assert!(m.try_lock().is_none(), "try_lock succeeded with mutex locked");
    drop(guard);
    assert!(m.try_lock().is_some(), "try_lock failed with mutex unlocked");

    let hammers: Vec<_> = (0..10)
        .map(|_| {
            go!([m] {
                let mut locked = 0;
                for i in 0..rounds(1000) {
                    if i % 3 == 0 {
                        if let Some(mut count) = m.try_lock() {
                            *count += 1;
                            locked += 1;
                        }
                    } else {
                        *m.lock() += 1;
                        locked += 1;
                    }
                }
                locked
            })
        })
        .collect();
    let locked: i32 = hammers.into_iter().map(|hammer| hammer.join().unwrap()).sum();
    assert_eq!(*m.lock(), locked);
}

#[gort::test]
fn fairness() {
    const MOMENT: Duration = Duration::from_micros(100);
    let mu = Arc::new(Mutex::new(()));
    let stop = chan!(());
    let hog = go!([mu, stop] {
        loop {
            let guard = mu.lock();
            gort::time::sleep(MOMENT);
            drop(guard);
            select! {
                <-stop => return,
                default => {}
            }
        }
    });
    let done = chan!(bool, 1);
    go!([mu, done] {
        for _ in 0..10 {
            gort::time::sleep(MOMENT);
            drop(mu.lock());
        }
        chan!(done <- true);
    });
    select! {
        <-done => {}
        <-gort::time::after(Duration::from_secs(120)) => panic!("can't acquire the mutex"),
    }
    stop.close();
    hog.join().unwrap();
}

/// The guard may go to another goroutine, which unlocks (GS-107).
#[gort::test]
fn another_goroutine_unlocks() {
    let m: &'static Mutex<i32> = Box::leak(Box::new(Mutex::new(1)));
    let guard = m.lock();
    let other = go!({
        drop(guard);
    });
    *m.lock() += 1;
    other.join().unwrap();
    assert_eq!(*m.lock(), 2);
}

/// A panic unlocks, and the next one finds what it left (GS-108).
#[gort::test]
fn a_panic_unlocks_and_does_not_poison() {
    let m = Mutex::new(0);
    let message = panic_message(|| {
        let mut value = m.lock();
        *value = 1;
        panic!("half done");
    });
    assert_eq!(message, "half done");
    assert_eq!(*m.try_lock().expect("unlocked"), 1);
}

/// goexit unlocks too.
#[gort::test]
fn goexit_unlocks() {
    let m = Arc::new(Mutex::new(()));
    let end = go!([m] {
        let _guard = m.lock();
        gort::runtime::goexit();
    });
    assert!(end.join().is_err());
    assert!(m.try_lock().is_some());
}

#[test]
fn says_what_it_is() {
    let mut m = Mutex::from(1);
    assert_eq!(format!("{m:?}"), "Mutex(1)");
    let guard = m.lock();
    assert_eq!(format!("{m:?} {guard:?}"), "Mutex(<locked>) 1");
    drop(guard);
    *m.get_mut() = 2;
    assert_eq!(m.into_inner(), 2);
    assert_eq!(Mutex::<u8>::default().into_inner(), 0);
}
