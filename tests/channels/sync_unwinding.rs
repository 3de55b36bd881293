//! A wait that ends with a channel runs other people's code: their wakers. If that panics, the
//! panic comes out of the wait, and the lock is as it should be: held where a guard says so, free
//! elsewhere, and with nothing left in its queue.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use gort::sync::{Cond, Mutex, RwLock, Semaphore};
use gort::{Receiver, Sender};

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker");
    }
}

/// Runs `wait` with a channel from which a receive panics, after it has received.
fn interrupted(wait: impl FnOnce(&Receiver<()>)) {
    let (tx, rx): (Sender<()>, _) = gort::channel(0);
    let waker = Waker::from(Arc::new(Panics));
    let mut future = tx.send_async(());
    assert!(
        Pin::new(&mut future)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let panic = gort::recover(|| wait(&rx)).expect_err("the waker was to panic");
    assert_eq!(panic.message(), "a waker");
}

#[test]
fn cond() {
    gort::run(|| {
        let (mutex, cond) = (Mutex::new(0), Cond::new());
        let mut guard = mutex.lock();
        interrupted(|done| {
            cond.wait_or(&mut guard, done);
        });
        assert!(mutex.try_lock().is_none(), "the guard is still there");
        drop(guard);
        assert!(mutex.try_lock().is_some());
        cond.notify_all();
    });
}

#[test]
fn mutex() {
    gort::run(|| {
        let mutex = Mutex::new(0);
        let guard = mutex.lock();
        interrupted(|done| assert!(mutex.lock_or(done).is_none()));
        drop(guard);
        assert!(mutex.try_lock().is_some());
    });
}

#[test]
fn rwlock() {
    gort::run(|| {
        let lock = RwLock::new(0);
        let guard = lock.write();
        interrupted(|done| assert!(lock.read_or(done).is_none()));
        interrupted(|done| assert!(lock.write_or(done).is_none()));
        drop(guard);
        assert!(lock.try_write().is_some());
        let guard = lock.read();
        interrupted(|done| assert!(lock.write_or(done).is_none()));
        assert!(lock.try_read().is_some(), "no writer waits");
        drop(guard);
    });
}

#[test]
fn semaphore() {
    gort::run(|| {
        let semaphore = Semaphore::new(1);
        semaphore.acquire(1);
        interrupted(|done| assert!(!semaphore.acquire_or(1, done)));
        semaphore.release(1);
        assert!(semaphore.try_acquire(1));
    });
}
