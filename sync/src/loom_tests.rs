//! Models: loom runs the real code of the primitives in every order of its atomic steps that
//! matters.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p gort-sync --release --lib loom`, with a target directory
//! of its own.
//!
//! A lost wake-up shows as loom's "deadlock", two at once in a guarded cell as a causality
//! violation. In a model a timer fires at every possible moment. Bound `n` explores all executions
//! in which threads are preempted at most `n` times (waiting does not count), which is where such
//! bugs are found.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize as Plain, Ordering::Relaxed};
use std::time::Duration;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::rt::LONG;
use super::{Barrier, Cond, Mutex, Once, RwLock, RwLockWriteGuard, Semaphore, WaitGroup};

/// Only that there is a deadline matters.
const SOON: Duration = Duration::from_secs(1);

fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(body);
}

fn bump(cell: &UnsafeCell<u32>) {
    // SAFETY: that nobody else is here is what loom checks.
    cell.with_mut(|n| unsafe { *n += 1 });
}

fn read(cell: &UnsafeCell<u32>) -> u32 {
    // SAFETY: as above.
    cell.with(|n| unsafe { *n })
}

/// Three lock and unlock: nobody is left waiting.
fn mutex_excludes() {
    model(3, || {
        let mutex = Arc::new(Mutex::new(UnsafeCell::new(0)));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let mutex = mutex.clone();
                thread::spawn(move || bump(&mutex.lock()))
            })
            .collect();
        bump(&mutex.lock());
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(mutex.at_rest());
        assert_eq!(read(&mutex.lock()), 3);
    });
}

/// One that gives up leaves nothing behind: the others get the lock, and it is free in the end.
fn mutex_with_deadlines() {
    model(3, || {
        let mutex = Arc::new(Mutex::new(UnsafeCell::new(0)));
        let timed = {
            let mutex = mutex.clone();
            thread::spawn(move || mutex.lock_timeout(SOON).map(|cell| bump(&cell)).is_some())
        };
        let patient = {
            let mutex = mutex.clone();
            thread::spawn(move || bump(&mutex.lock()))
        };
        bump(&mutex.lock());
        let got = timed.join().unwrap();
        patient.join().unwrap();
        assert!(mutex.at_rest());
        assert_eq!(read(&mutex.lock()), 2 + u32::from(got));
    });
}

/// One that gives up while another one is handed the lock, or waits too.
fn mutex_deadlines_only() {
    model(4, || {
        let mutex = Arc::new(Mutex::new(UnsafeCell::new(0)));
        let timed: Vec<_> = (0..2)
            .map(|_| {
                let mutex = mutex.clone();
                thread::spawn(move || mutex.lock_timeout(SOON).map(|cell| bump(&cell)).is_some())
            })
            .collect();
        bump(&mutex.lock());
        let got: u32 = timed.into_iter().map(|t| u32::from(t.join().unwrap())).sum();
        assert!(mutex.at_rest());
        assert_eq!(read(&mutex.lock()), 1 + got);
    });
}

/// In the second half every waiter that has lost once starves, so that the lock is handed over.
#[test]
fn loom_mutex() {
    for long in [false, true] {
        LONG.set(long);
        mutex_excludes();
        mutex_with_deadlines();
        mutex_deadlines_only();
    }
}

#[test]
fn loom_rwlock() {
    model(3, || {
        let lock = Arc::new(RwLock::new(UnsafeCell::new(0)));
        let writer = {
            let lock = lock.clone();
            thread::spawn(move || bump(&lock.write()))
        };
        let reader = {
            let lock = lock.clone();
            thread::spawn(move || assert!(read(&lock.read()) <= 2))
        };
        bump(&lock.write());
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(read(&lock.read()), 2);
        assert!(lock.at_rest());
    });
}

/// A writer that gives up lets the readers behind it in, though nobody unlocks.
#[test]
fn loom_rwlock_writer_gives_up() {
    model(3, || {
        let lock = Arc::new(RwLock::new(()));
        let reading = lock.read();
        let timed = {
            let lock = lock.clone();
            thread::spawn(move || lock.write_timeout(SOON).is_some())
        };
        let reader = {
            let lock = lock.clone();
            thread::spawn(move || drop(lock.read()))
        };
        reader.join().unwrap();
        assert!(!timed.join().unwrap());
        drop(reading);
        assert!(lock.at_rest());
    });
}

/// Two writers, one with a deadline, and a reader.
#[test]
fn loom_rwlock_with_deadlines() {
    model(3, || {
        let lock = Arc::new(RwLock::new(UnsafeCell::new(0)));
        let timed = {
            let lock = lock.clone();
            thread::spawn(move || lock.write_timeout(SOON).map(|cell| bump(&cell)).is_some())
        };
        let reader = {
            let lock = lock.clone();
            thread::spawn(move || assert!(read(&lock.read()) <= 2))
        };
        bump(&lock.write());
        let got = timed.join().unwrap();
        reader.join().unwrap();
        assert_eq!(read(&lock.read()), 1 + u32::from(got));
        assert!(lock.at_rest());
    });
}

#[test]
fn loom_rwlock_downgrade() {
    model(3, || {
        let lock = Arc::new(RwLock::new(UnsafeCell::new(0)));
        let others = [true, false].map(|writes| {
            let lock = lock.clone();
            thread::spawn(move || {
                if writes {
                    bump(&lock.write());
                } else {
                    assert!(read(&lock.read()) <= 2);
                }
            })
        });
        let writing = lock.write();
        bump(&writing);
        let before = read(&writing);
        let reading = RwLockWriteGuard::downgrade(writing);
        assert_eq!(read(&reading), before);
        drop(reading);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(lock.at_rest());
    });
}

/// Two in two rounds: whoever waits sees what was done before in its own round, and is not woken by
/// another.
#[test]
fn loom_waitgroup() {
    model(3, || {
        let wg = WaitGroup::new();
        let cells = Arc::new([UnsafeCell::new(0), UnsafeCell::new(0)]);
        wg.add(2);
        let workers = [0, 1].map(|i| {
            let (wg, cells) = (wg.clone(), cells.clone());
            thread::spawn(move || {
                bump(&cells[i]);
                wg.done();
            })
        });
        wg.wait();
        assert_eq!([read(&cells[0]), read(&cells[1])], [1, 1]);
        workers.into_iter().for_each(|w| w.join().unwrap());
    });
}

/// The waiter of the first round is slow, and the second round has begun: each is woken by its own.
#[test]
fn loom_waitgroup_reused() {
    model(3, || {
        let wg = WaitGroup::new();
        let cell = Arc::new(UnsafeCell::new(0));
        wg.add(1);
        let first = {
            let wg = wg.clone();
            thread::spawn(move || wg.wait())
        };
        wg.done();
        wg.add(1);
        let worker = {
            let (wg, cell) = (wg.clone(), cell.clone());
            thread::spawn(move || {
                bump(&cell);
                wg.done();
            })
        };
        wg.wait();
        assert_eq!(read(&cell), 1);
        worker.join().unwrap();
        first.join().unwrap();
    });
}

#[test]
fn loom_waitgroup_with_deadlines() {
    model(3, || {
        let wg = WaitGroup::new();
        let cell = Arc::new(UnsafeCell::new(0));
        wg.add(1);
        let timed = {
            let (wg, cell) = (wg.clone(), cell.clone());
            thread::spawn(move || {
                if wg.wait_timeout(SOON) {
                    assert_eq!(read(&cell), 1);
                }
            })
        };
        let patient = {
            let (wg, cell) = (wg.clone(), cell.clone());
            thread::spawn(move || {
                wg.wait();
                assert_eq!(read(&cell), 1);
            })
        };
        bump(&cell);
        wg.done();
        timed.join().unwrap();
        patient.join().unwrap();
        assert!(wg.at_rest());
    });
}

/// The last to wait has given up: the next step to zero, or the next to wait, is not misled.
#[test]
fn loom_waitgroup_last_waiter_gives_up() {
    model(3, || {
        let wg = WaitGroup::new();
        wg.add(1);
        let timed = {
            let wg = wg.clone();
            thread::spawn(move || wg.wait_timeout(SOON))
        };
        assert!(!timed.join().unwrap());
        wg.add(1);
        wg.done();
        let patient = {
            let wg = wg.clone();
            thread::spawn(move || wg.wait())
        };
        wg.done();
        patient.join().unwrap();
        assert!(wg.at_rest());
    });
}

/// The function runs once, and whoever returns sees what it did.
#[test]
fn loom_once() {
    model(3, || {
        let once = Arc::new((Once::new(), UnsafeCell::new(0)));
        let call = |once: &(Once, UnsafeCell<u32>)| {
            once.0.call_once(|| bump(&once.1));
            assert_eq!(read(&once.1), 1);
        };
        let other = {
            let once = once.clone();
            thread::spawn(move || call(&once))
        };
        call(&once);
        other.join().unwrap();
        assert!(once.0.is_completed());
    });
}

/// A change announced is a change seen, with or without the lock held.
#[test]
fn loom_cond() {
    for locked in [true, false] {
        model(3, move || {
            let shared = Arc::new((Mutex::new(false), Cond::new()));
            let waiter = {
                let shared = shared.clone();
                thread::spawn(move || {
                    let mut ready = shared.0.lock();
                    shared.1.wait_while(&mut ready, |ready| !ready);
                })
            };
            let mut ready = shared.0.lock();
            *ready = true;
            if locked {
                shared.1.notify_one();
            }
            drop(ready);
            if !locked {
                shared.1.notify_one();
            }
            waiter.join().unwrap();
        });
    }
}

/// Of two that wait, one with a deadline, one is notified: either it says so, or the notification
/// went to the other.
#[test]
fn loom_cond_passes_over_who_gave_up() {
    model(3, || {
        let shared = Arc::new((Mutex::new(0), Cond::new()));
        let wait = |timed: bool| {
            let shared = shared.clone();
            thread::spawn(move || {
                let mut tokens = shared.0.lock();
                if timed {
                    if shared
                        .1
                        .wait_timeout_while(&mut tokens, SOON, |&tokens| tokens == 0)
                    {
                        *tokens -= 1;
                        return true;
                    }
                    return false;
                }
                shared.1.wait_while(&mut tokens, |&tokens| tokens == 0);
                *tokens -= 1;
                true
            })
        };
        let (timed, patient) = (wait(true), wait(false));
        *shared.0.lock() += 1;
        shared.1.notify_one();
        if timed.join().unwrap() {
            *shared.0.lock() += 1;
            shared.1.notify_one();
        }
        assert!(patient.join().unwrap());
    });
}

/// A big one and small ones: all get through, never more than there is.
#[test]
fn loom_semaphore() {
    model(3, || {
        let sem = Arc::new((Semaphore::new(2), AtomicUsize::new(0)));
        let run = |sem: &(Semaphore, AtomicUsize), n: usize| {
            sem.0.acquire(n);
            assert!(sem.1.fetch_add(n, Ordering::Relaxed) + n <= 2);
            sem.1.fetch_sub(n, Ordering::Relaxed);
            sem.0.release(n);
        };
        let others = [1, 2].map(|n| {
            let sem = sem.clone();
            thread::spawn(move || run(&sem, n))
        });
        run(&sem, 1);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(sem.0.available(), 2);
    });
}

/// A big one at the head of the line gives up: the small one behind it goes on, though nobody
/// releases any more.
#[test]
fn loom_semaphore_head_gives_up() {
    let passed = std::sync::Arc::new(Plain::new(0));
    let seen = passed.clone();
    model(3, move || {
        let sem = Arc::new(Semaphore::new(2));
        sem.acquire(1);
        let big = {
            let sem = sem.clone();
            thread::spawn(move || sem.acquire_timeout(2, SOON))
        };
        let small = {
            let sem = sem.clone();
            thread::spawn(move || sem.acquire(1))
        };
        assert!(!big.join().unwrap());
        small.join().unwrap();
        assert_eq!(sem.available(), 0);
        seen.fetch_add(1, Relaxed);
    });
    assert!(passed.load(Relaxed) > 1);
}

#[test]
fn loom_barrier() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let twice = |barrier: &Barrier| [0, 1].map(|_| barrier.wait().is_leader());
        let other = {
            let barrier = barrier.clone();
            thread::spawn(move || twice(&barrier))
        };
        let mine = twice(&barrier);
        let theirs = other.join().unwrap();
        assert!((0..2).all(|round| mine[round] != theirs[round]));
    });
}
