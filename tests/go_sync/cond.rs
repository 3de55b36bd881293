//! Port of sync/cond_test.go: TestCondSignal, TestCondSignalGenerations, TestCondBroadcast,
//! TestRace, TestCondSignalStealing (GS-116); and waiting with the guards of an `RwLock`.

use std::sync::Arc;

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::{Cond, Mutex, RwLock};

use crate::support::rounds;

#[gort::test]
fn signal() {
    const N: usize = 2;
    let c = Arc::new((Mutex::new(()), Cond::new()));
    let (running, awake) = (chan!(bool, N), chan!(bool, N));
    for _ in 0..N {
        go!([c, running, awake] {
            let mut guard = c.0.lock();
            chan!(running <- true);
            c.1.wait(&mut guard);
            chan!(awake <- true);
        });
    }
    (0..N).for_each(|_| assert_eq!(chan!(<-running), Some(true)));
    for _ in 0..N {
        select! {
            <-awake => panic!("goroutine not asleep"),
            default => {}
        }
        let guard = c.0.lock();
        c.1.notify_one();
        drop(guard);
        chan!(<-awake);
        select! {
            <-awake => panic!("too many goroutines awake"),
            default => {}
        }
    }
    c.1.notify_one();
}

/// The one that waits longest is woken.
#[gort::test]
fn signal_generations() {
    const N: usize = 100;
    let c = Arc::new((Mutex::new(()), Cond::new()));
    let (running, awake) = (chan!(bool, N), chan!(usize, N));
    for i in 0..N {
        go!([c, running, awake] {
            let mut guard = c.0.lock();
            chan!(running <- true);
            c.1.wait(&mut guard);
            chan!(awake <- i);
        });
        if i > 0 {
            assert_eq!(chan!(<-awake), Some(i - 1), "wrong goroutine woke up");
        }
        chan!(<-running);
        let _guard = c.0.lock();
        c.1.notify_one();
    }
}

#[gort::test]
fn broadcast() {
    let n = rounds(200);
    let c = Arc::new((Mutex::new(false), Cond::new()));
    let (running, awake) = (chan!(usize, n), chan!(usize, n));
    for g in 0..n {
        go!([c, running, awake] {
            let mut exit = c.0.lock();
            while !*exit {
                chan!(running <- g);
                c.1.wait(&mut exit);
                chan!(awake <- g);
            }
        });
    }
    for i in 0..n {
        (0..n).for_each(|_| assert!(chan!(<-running).is_some()));
        if i == n - 1 {
            *c.0.lock() = true;
        }
        select! {
            <-awake => panic!("goroutine not asleep"),
            default => {}
        }
        let guard = c.0.lock();
        c.1.notify_all();
        drop(guard);
        let mut seen = vec![false; n];
        for _ in 0..n {
            let g = chan!(<-awake).unwrap();
            assert!(!seen[g], "goroutine woke up twice");
            seen[g] = true;
        }
    }
    select! {
        <-running => panic!("goroutine did not exit"),
        default => {}
    }
    c.1.notify_all();
}

#[gort::test]
fn race() {
    let c = Arc::new((Mutex::new(0), Cond::new()));
    let one = go!([c] {
        let mut x = c.0.lock();
        *x = 1;
        c.1.wait(&mut x);
        assert_eq!(*x, 2);
        *x = 3;
        c.1.notify_one();
    });
    let two = go!([c] {
        loop {
            let mut x = c.0.lock();
            if *x == 1 {
                *x = 2;
                c.1.notify_one();
                return;
            }
            drop(x);
            gosched();
        }
    });
    let three = go!([c] {
        loop {
            let mut x = c.0.lock();
            if *x == 2 {
                c.1.wait(&mut x);
                assert_eq!(*x, 3);
                return;
            }
            if *x == 3 {
                return;
            }
            drop(x);
            gosched();
        }
    });
    for handle in [one, two, three] {
        handle.join().unwrap();
    }
}

/// A newcomer does not steal the broadcast of one that waits already.
#[gort::test]
fn signal_stealing() {
    for _ in 0..rounds(1000) {
        let c = Arc::new((Mutex::new(false), Cond::new()));
        let ch = chan!(());
        go!([c, ch] {
            let mut guard = c.0.lock();
            chan!(ch <- ());
            c.1.wait(&mut guard);
            drop(guard);
            chan!(ch <- ());
        });
        chan!(<-ch);
        // It holds the lock until it waits.
        drop(c.0.lock());
        go!([c] { c.1.notify_all() });
        let second = go!([c] {
            let mut done = c.0.lock();
            while !*done {
                c.1.wait(&mut done);
            }
        });
        chan!(<-ch);
        *c.0.lock() = true;
        c.1.notify_all();
        second.join().unwrap();
    }
}

/// Go's Cond takes any Locker: here also the guards of a read-write lock, writing and reading
/// (GS-111, GS-116).
#[gort::test]
fn waits_with_a_read_write_lock() {
    let c = Arc::new((RwLock::new(0), Cond::new()));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            go!([c] {
                let mut n = c.0.read();
                c.1.wait_while(&mut n, |&n| n < 2);
                *n
            })
        })
        .collect();
    let writer = go!([c] {
        let mut n = c.0.write();
        c.1.wait_while(&mut n, |&n| n < 1);
        *n += 1;
        c.1.notify_all();
    });
    *c.0.write() += 1;
    c.1.notify_all();
    writer.join().unwrap();
    for reader in readers {
        assert_eq!(reader.join().unwrap(), 2);
    }
}

/// A notification that finds nobody waiting is lost.
#[gort::test]
fn nobody_waits() {
    let c = (Mutex::new(()), Cond::new());
    c.1.notify_one();
    c.1.notify_all();
    assert!(!c.1.wait_timeout(&mut c.0.lock(), std::time::Duration::from_millis(1)));
    assert!(c.0.try_lock().is_some());
}
