//! Owned guards: what one function locks, another one unlocks, in another goroutine too.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use gort::prelude::*;
use gort::sync::{
    Cond, Mutex, MutexGuard, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockReadGuard, RwLockWriteGuard,
};

/// GS-107: a lock is not tied to a goroutine. Each hands the locked mutex to the next one.
#[test]
fn a_locked_mutex_goes_round() {
    gort::run(|| {
        let mutex = Arc::new(Mutex::new(0));
        let (first, mut last) = gort::channel::<OwnedMutexGuard<i32>>(0);
        for _ in 0..100 {
            let (tx, rx) = gort::channel(0);
            let input = std::mem::replace(&mut last, rx);
            go! {
                for mut guard in input {
                    *guard += 1;
                    chan!(tx <- guard);
                }
            };
        }
        for _ in 0..10 {
            chan!(first <- mutex.lock_owned());
            let guard = chan!(<-last).expect("it comes back");
            assert!(mutex.try_lock().is_none() && mutex.try_lock_owned().is_none());
            drop(guard);
        }
        assert_eq!(*mutex.lock(), 1000);
    });
}

/// Locked in one goroutine, unlocked in another, by many at once: nobody is inside with another
/// one.
#[test]
fn unlocked_elsewhere_under_contention() {
    gort::run(|| {
        let (mutex, lock) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
        let all: Vec<_> = (0..50)
            .map(|i| {
                go!([mutex, lock] {
                    for _ in 0..20 {
                        let (mut exact, mut writing) = (mutex.lock_owned(), lock.write_owned());
                        let ended = go!({
                            let before = (*exact, *writing);
                            if i % 3 == 0 {
                                gort::runtime::gosched();
                            }
                            (*exact, *writing) = (before.0 + 1, before.1 + 1);
                            drop(exact);
                            OwnedRwLockWriteGuard::downgrade(writing)
                        });
                        assert!(*ended.join().unwrap() > 0);
                    }
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().unwrap());
        assert_eq!((*mutex.lock(), *lock.read_owned()), (1000, 1000));
        assert!(mutex.try_lock().is_some() && lock.try_write_owned().is_some());
    });
}

/// A condition variable waits with owned guards as with others.
#[test]
fn cond_waits_with_them() {
    gort::run(|| {
        let shared = Arc::new((Arc::new(Mutex::new(false)), Cond::new()));
        let waiter = go!([shared] {
            let mut ready = shared.0.lock_owned();
            shared.1.wait_while(&mut ready, |ready| !*ready);
            *ready
        });
        *shared.0.lock_owned() = true;
        shared.1.notify_all();
        assert!(waiter.join().unwrap());
    });
}

/// A timeout that comes leaves the lock as it was.
#[test]
fn timeouts() {
    gort::run(|| {
        let soon = Duration::from_millis(1);
        let (mutex, lock) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
        let (exact, reading) = (mutex.lock_owned(), lock.read_owned());
        assert!(mutex.lock_owned_timeout(soon).is_none());
        assert!(lock.write_owned_timeout(soon).is_none());
        assert!(lock.read_owned_timeout(soon).is_some());
        drop((exact, reading));
        assert!(mutex.lock_owned_timeout(soon).is_some());
        assert!(lock.write_owned_timeout(soon).is_some());
    });
}

/// Which guards may go to other threads, and be shared between them: as references to what they
/// guard. The others do not compile.
#[test]
fn guards_may_be_sent() {
    fn sent<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    sent::<MutexGuard<'_, Cell<i32>>>();
    sent::<OwnedMutexGuard<Cell<i32>>>();
    shared::<MutexGuard<'_, i32>>();
    shared::<OwnedMutexGuard<i32>>();
    shared::<RwLockReadGuard<'_, i32>>();
    shared::<OwnedRwLockReadGuard<i32>>();
    shared::<RwLockWriteGuard<'_, i32>>();
    shared::<OwnedRwLockWriteGuard<i32>>();
}
