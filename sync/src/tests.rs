//! Whose turn it is: tests that look into the queues, so that they know who waits before they let
//! go.

use std::sync::Arc;
use std::time::Duration;

use gort::runtime::gosched;
use gort::{JoinHandle, chan, go, run};

use crate::{Cond, Mutex, RwLock, RwLockWriteGuard, Semaphore};

const LONG: Duration = Duration::from_secs(60);

fn wait_for(mut condition: impl FnMut() -> bool) {
    while !condition() {
        gosched();
    }
}

/// Starts a goroutine that locks, and returns when it is in line. It adds its name to `log` while
/// it holds the lock.
fn in_line(
    lock: &Arc<RwLock<()>>,
    log: &Arc<Mutex<Vec<&'static str>>>,
    name: &'static str,
) -> JoinHandle<()> {
    let before = lock.waiting().len();
    let handle = go!([lock, log] {
        if name.starts_with('w') {
            let _guard = lock.write();
            log.lock().push(name);
        } else {
            let _guard = lock.read();
            log.lock().push(name);
        }
    });
    wait_for(|| lock.waiting().len() == before + 1);
    handle
}

fn join(all: Vec<JoinHandle<()>>) {
    all.into_iter().for_each(|one| one.join().unwrap());
}

/// GS-110: a waiting writer keeps newcomers off; when a writer leaves, all readers that wait go
/// before the next writer.
#[test]
fn turns_of_a_read_write_lock() {
    run(|| {
        let (lock, log) = (Arc::new(RwLock::new(())), Arc::new(Mutex::new(Vec::new())));
        let reading = lock.read();
        let all: Vec<_> = ["w1", "r1", "w2", "r2"]
            .map(|name| in_line(&lock, &log, name))
            .into_iter()
            .collect();
        // The second writer is not in line yet: it waits for the first one to be through.
        assert_eq!(lock.waiting(), [true, false, false, true]);
        assert!(lock.try_read().is_none());
        assert!(log.lock().is_empty());
        drop(reading);
        join(all);
        let mut log = std::mem::take(&mut *log.lock());
        log[1..3].sort_unstable();
        assert_eq!(log, ["w1", "r1", "r2", "w2"]);
    });
}

/// Writers that wait to get in line give up, and keep nobody off. The writer in line gives up, and
/// lets in the reader behind it.
#[test]
fn writers_give_up() {
    run(|| {
        let (lock, log) = (Arc::new(RwLock::new(())), Arc::new(Mutex::new(Vec::new())));
        let reading = lock.read();
        let stops = [chan!(()), chan!(())];
        let [first, second] = stops.clone();
        let first = go!([lock, first] { lock.write_or(&first).is_none() });
        wait_for(|| lock.waiting().len() == 1);
        let r1 = in_line(&lock, &log, "r1");
        let second = go!([lock, second] { lock.write_or(&second).is_none() });
        wait_for(|| lock.waiting().len() == 3);
        stops[1].close();
        assert!(second.join().unwrap());
        assert_eq!(lock.waiting(), [true, false]);
        assert!(log.lock().is_empty() && lock.try_read().is_none());
        stops[0].close();
        r1.join().unwrap();
        assert!(first.join().unwrap());
        assert_eq!((lock.waiting(), lock.try_read().is_some()), (vec![], true));
        drop(reading);
        assert!(lock.try_write().is_some());
    });
}

/// A reader waits behind a writer that gives up, and another writer waits to get in line: the
/// reader goes first.
#[test]
fn a_reader_stands_between_writers() {
    run(|| {
        let (lock, log) = (Arc::new(RwLock::new(())), Arc::new(Mutex::new(Vec::new())));
        let reading = lock.read();
        let stop = chan!(());
        let gone = go!([lock, stop] { lock.write_or(&stop).is_none() });
        wait_for(|| lock.waiting().len() == 1);
        let all = vec![in_line(&lock, &log, "r1"), in_line(&lock, &log, "w2")];
        stop.close();
        assert!(gone.join().unwrap());
        wait_for(|| log.lock().len() == 1 && lock.waiting() == [true]);
        drop(reading);
        join(all);
        assert_eq!(*log.lock(), ["r1", "w2"]);
        assert!(lock.try_write().is_some());
    });
}

/// Downgrading lets in the readers that wait, and keeps off the writer.
#[test]
fn downgrade() {
    run(|| {
        let (lock, log) = (Arc::new(RwLock::new(())), Arc::new(Mutex::new(Vec::new())));
        let writing = lock.write();
        let (writer, reader) = (in_line(&lock, &log, "w"), in_line(&lock, &log, "r"));
        let reading = RwLockWriteGuard::downgrade(writing);
        reader.join().unwrap();
        // It has its turn among the writers, and gets in line again.
        wait_for(|| lock.waiting() == [true]);
        assert!(!writer.is_finished());
        drop(reading);
        writer.join().unwrap();
        assert_eq!(*log.lock(), ["r", "w"]);
    });
}

/// GS-153: first come, first served, whatever they ask for.
#[test]
fn line_of_a_semaphore() {
    run(|| {
        let sem = Arc::new(Semaphore::new(4));
        let log = Arc::new(Mutex::new(Vec::new()));
        sem.acquire(3);
        let mut asked = Vec::new();
        let mut all = Vec::new();
        for n in [2, 1, 4, 3] {
            all.push(go!([sem, log] {
                let _permit = sem.permit(n);
                log.lock().push(n);
            }));
            asked.push(n);
            wait_for(|| sem.waiting() == asked);
        }
        assert!(!sem.try_acquire(1), "one is free, but others wait for it");
        assert!(!sem.try_acquire(0), "nothing is to be had before those who wait");
        sem.release(1);
        wait_for(|| log.lock().len() == 1 && sem.waiting() == [4, 3] || log.lock().len() >= 2);
        sem.release(2);
        join(all);
        let mut order = log.lock();
        // The first two had enough room together.
        order[..2].sort_unstable();
        assert_eq!(*order, [1, 2, 4, 3]);
        assert_eq!(sem.available(), 4);
    });
}

/// GS-116: the one that waits longest, also past one that has given up.
#[test]
fn line_of_a_cond() {
    run(|| {
        let shared = Arc::new((Mutex::new(Vec::new()), Cond::new()));
        let stop = chan!(());
        let mut all = Vec::new();
        for i in 0..4 {
            all.push(go!([shared, stop] {
                let mut log = shared.0.lock();
                let notified = match i {
                    1 => shared.1.wait_or(&mut log, &stop),
                    2 => shared.1.wait_timeout(&mut log, LONG),
                    _ => { shared.1.wait(&mut log); true }
                };
                if notified {
                    log.push(i);
                }
            }));
            wait_for(|| shared.1.waiting() == i + 1);
        }
        stop.close();
        wait_for(|| shared.1.waiting() == 3);
        for n in 1..=3 {
            shared.1.notify_one();
            wait_for(|| shared.0.lock().len() == n);
        }
        join(all);
        assert_eq!(*shared.0.lock(), [0, 2, 3]);
    });
}
