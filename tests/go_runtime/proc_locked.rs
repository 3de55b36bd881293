//! Port of runtime/proc_test.go: TestYieldLockedProgress, TestYieldLocked, TestBlockLocked,
//! TestNumGoroutine, TestLockOSThreadNesting (GS-93, GS-98).

use std::thread::{self, ThreadId};
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::{gosched, lock_os_thread, num_goroutine, unlock_os_thread};

use crate::support::{child, eventually};

#[gort::test]
fn test_yield_locked_progress() {
    let (c, ack) = (chan!(bool), chan!(bool));
    go!([c, ack] {
        lock_os_thread();
        loop {
            select! {
                <-c => return chan!(ack <- true),
                default => gosched(),
            }
        }
    });
    gort::time::sleep(Duration::from_millis(10));
    chan!(c <- true);
    assert_eq!(chan!(<-ack), Some(true));
}

/// A locked goroutine stays on its thread over every kind of park, and may end while locked.
#[gort::test]
fn test_yield_locked() {
    let goroutine = go!(|| {
        lock_os_thread();
        let home = thread::current().id();
        for _ in 0..10 {
            gosched();
            assert_eq!(thread::current().id(), home);
            gort::time::sleep(Duration::from_millis(1));
            assert_eq!(thread::current().id(), home);
        }
    });
    goroutine.join().unwrap();
}

#[gort::test]
fn test_block_locked() {
    const N: usize = 10;
    let c = chan!(ThreadId);
    go!([c] {
        lock_os_thread();
        for _ in 0..N {
            chan!(c <- thread::current().id());
        }
        unlock_os_thread();
    });
    let first = chan!(<-c).unwrap();
    for _ in 1..N {
        assert_eq!(chan!(<-c), Some(first));
    }
}

/// Locks nest: the goroutine is bound until as many unlocks as locks were made.
#[gort::test]
fn test_lock_os_thread_nesting() {
    let goroutine = go!(|| {
        lock_os_thread();
        lock_os_thread();
        let home = thread::current().id();
        unlock_os_thread();
        for _ in 0..100 {
            gosched();
            assert_eq!(thread::current().id(), home);
        }
        unlock_os_thread();
    });
    goroutine.join().unwrap();
}

/// The count is of user goroutines, the main one and blocked ones included; timers add none. In a
/// process of its own.
#[test]
fn test_num_goroutine() {
    child::run(|| {
        gort::run(|| {
            assert_eq!(num_goroutine(), 1);
            let stop = chan!(());
            for _ in 0..10 {
                let rx = stop.rx();
                go!({
                    chan!(<-rx);
                });
            }
            assert_eq!(num_goroutine(), 11);
            let timer = gort::time::after(Duration::from_secs(1000));
            assert_eq!(num_goroutine(), 11);
            drop((stop, timer));
            eventually("all others end", Duration::from_secs(60), || num_goroutine() == 1);
        })
    })
    .expect_code(0);
}
