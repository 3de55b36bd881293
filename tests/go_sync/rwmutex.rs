//! Port of sync/rwmutex_test.go: TestParallelReaders, TestRWMutex, TestRLocker (GS-110, GS-111).
//! The order of turns is tested beside the code, where the queue is to be seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use gort::prelude::*;
use gort::sync::{MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::support::{MaxProcs, rounds};

fn parallel_readers(readers: usize, procs: usize) {
    let _procs = MaxProcs::set(procs);
    let m = Arc::new(RwLock::new(()));
    let (locked, unlock, done) = (chan!(bool), chan!(bool), chan!(bool));
    for _ in 0..readers {
        go!([m, locked, unlock, done] {
            let guard = m.read();
            chan!(locked <- true);
            chan!(<-unlock);
            drop(guard);
            chan!(done <- true);
        });
    }
    // All are in at the same time.
    (0..readers).for_each(|_| assert_eq!(chan!(<-locked), Some(true)));
    (0..readers).for_each(|_| chan!(unlock <- true));
    (0..readers).for_each(|_| assert_eq!(chan!(<-done), Some(true)));
}

/// As in Go, the test that changes GOMAXPROCS has no neighbour that does.
#[gort::test]
fn rwmutex_and_parallel_readers() {
    parallel_readers(1, 4);
    parallel_readers(3, 4);
    parallel_readers(4, 2);

    let n = rounds(1000);
    for procs in [1, 4, 10] {
        for readers in [1, 3, 10] {
            hammer(procs, readers, n);
        }
    }
    hammer(10, 5, n);
}

const WRITING: i32 = 10000;

fn reader(m: &RwLock<()>, n: usize, activity: &AtomicI32) {
    for _ in 0..n {
        let _guard = m.read();
        let now = activity.fetch_add(1, Ordering::Relaxed) + 1;
        assert!((1..WRITING).contains(&now), "reader sees {now}");
        (0..100).for_each(|_| std::hint::spin_loop());
        activity.fetch_sub(1, Ordering::Relaxed);
    }
}

fn writer(m: &RwLock<()>, n: usize, activity: &AtomicI32) {
    for _ in 0..n {
        let _guard = m.write();
        let now = activity.fetch_add(WRITING, Ordering::Relaxed) + WRITING;
        assert_eq!(now, WRITING, "writer sees {now}");
        (0..100).for_each(|_| std::hint::spin_loop());
        activity.fetch_sub(WRITING, Ordering::Relaxed);
    }
}

fn hammer(procs: usize, readers: usize, n: usize) {
    let _procs = MaxProcs::set(procs);
    let shared = Arc::new((RwLock::new(()), AtomicI32::new(0)));
    let mut all = vec![go!([shared] { writer(&shared.0, n, &shared.1) })];
    let half = readers / 2;
    all.extend((0..half).map(|_| go!([shared] { reader(&shared.0, n, &shared.1) })));
    all.push(go!([shared] { writer(&shared.0, n, &shared.1) }));
    all.extend((half..readers).map(|_| go!([shared] { reader(&shared.0, n, &shared.1) })));
    all.into_iter().for_each(|one| one.join().unwrap());
}

#[gort::test]
fn try_locks() {
    let m = RwLock::new(());
    let writing = m.write();
    assert!(m.try_write().is_none(), "try_write succeeded while write-locked");
    assert!(m.try_read().is_none(), "try_read succeeded while write-locked");
    drop(writing);
    assert!(m.try_write().is_some(), "try_write failed while unlocked");
    let one = m.try_read().expect("unlocked");
    let two = m.try_read().expect("only read-locked");
    assert!(m.try_write().is_none(), "try_write succeeded while read-locked");
    drop((one, two));
    assert!(m.try_write().is_some());
}

/// TestRLocker: what it locks for reading keeps a writer out, twice over, and the other way round.
#[gort::test]
fn rlocker() {
    const N: usize = 10;
    let m: &'static RwLock<()> = Box::leak(Box::new(RwLock::new(())));
    let reading = chan!([RwLockReadGuard<'static, ()>; 2], 1);
    let writing = chan!(RwLockWriteGuard<'static, ()>, 1);
    go!([reading, writing] {
        for _ in 0..N {
            let guards = [m.read(), m.read()];
            chan!(reading <- guards);
            let guard = m.write();
            chan!(writing <- guard);
        }
    });
    for _ in 0..N {
        let [one, two] = chan!(<-reading).unwrap();
        drop(one);
        select! {
            <-writing => panic!("a read lock did not keep the writer out"),
            default => {}
        }
        drop(two);
        let guard = chan!(<-writing).unwrap();
        select! {
            <-reading => panic!("a write lock did not keep readers out"),
            default => {}
        }
        drop(guard);
    }
}

/// Downgrading lets waiting readers in, but no writer.
#[gort::test]
fn downgrade_lets_readers_in() {
    let lock = Arc::new(RwLock::new(0));
    let mut writing = lock.write();
    *writing = 1;
    let reader = go!([lock] { *lock.read() });
    let writer = go!([lock] { *lock.write() += 1 });
    let reading = RwLockWriteGuard::downgrade(writing);
    assert_eq!(
        (*reading, reader.is_finished() && writer.is_finished()),
        (1, false)
    );
    drop(reading);
    let seen = reader.join().unwrap();
    writer.join().unwrap();
    assert!((1..=2).contains(&seen));
    assert_eq!(*lock.read(), 2);
}

#[gort::test]
fn mapped_guards_hold_the_lock() {
    let lock = RwLock::new((1, "text".to_string()));
    let mut part: MappedRwLockWriteGuard<'_, String> =
        RwLockWriteGuard::map(lock.write(), |pair| &mut pair.1);
    part.push('!');
    assert!(lock.try_read().is_none());
    drop(part);
    let part = RwLockReadGuard::map(lock.read(), |pair| pair.1.as_str());
    assert_eq!(&*part, "text!");
    assert!(lock.try_write().is_none());
    assert!(lock.try_read().is_some());
    drop(part);
    assert_eq!(format!("{:?}", RwLock::new(3)), "RwLock(3)");
    assert_eq!(lock.into_inner(), (1, "text!".to_string()));
}

/// A panic unlocks and does not poison.
#[gort::test]
fn a_panic_unlocks() {
    let lock = RwLock::new(0);
    crate::support::panic_message(|| {
        *lock.write() = 1;
        let _reading = lock.read();
        panic!("while reading");
    });
    assert_eq!(*lock.try_write().expect("unlocked"), 1);
}
