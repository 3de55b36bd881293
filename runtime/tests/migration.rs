//! No thread-local of the library is read stale after a goroutine has changed threads, and
//! goroutines that must stay do stay.
//!
//! With `GORT_MIGRATION=always` a goroutine changes its worker at every switch. What the library
//! then says about the thread is compared with what the kernel says. Several reads and switches
//! stand in one function, so that the optimiser could merge the reads if it were allowed to: run it
//! with `--release`, too.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{Sema, SemaPlace, Task, WaitReason};

mod support;

/// Runs the test `name` of this file again, as a child with these settings.
fn in_child(name: &str, migration: &str, procs: &str) {
    let variables = [
        ("GORT_MIGRATION", migration),
        ("GOMAXPROCS", procs),
        ("GORT_MIGRATION_CHILD", "1"),
    ];
    support::again(name, &variables, Duration::from_secs(120));
}

fn is_child() -> bool {
    std::env::var_os("GORT_MIGRATION_CHILD").is_some()
}

/// The kernel's number of this thread, which nothing can cache.
fn thread() -> i64 {
    // SAFETY: gettid has no arguments and touches no memory.
    unsafe { libc::syscall(libc::SYS_gettid) }
}

/// Which worker runs on which thread: must be one to one for ever.
static SEEN: Mutex<Option<HashMap<i64, usize>>> = Mutex::new(None);

fn note(thread: i64, worker: usize) {
    let mut seen = SEEN.lock().unwrap();
    let before = *seen.get_or_insert_default().entry(thread).or_insert(worker);
    assert_eq!(before, worker, "thread {thread} read another worker's number");
}

fn worker() -> usize {
    rt::worker_index().expect("a goroutine runs on a worker")
}

#[test]
fn nothing_is_read_stale_after_a_move() {
    if !is_child() {
        for procs in ["2", "3", "8"] {
            in_child("nothing_is_read_stale_after_a_move", "always", procs);
        }
        return;
    }
    rt::run(|| {
        rt::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    let me = format!("{:?}", Task::current());
                    assert!(me.contains("Goroutine"), "{me}");
                    for round in 0..300 {
                        let first = (rt::worker_index(), thread());
                        rt::gosched();
                        let second = (rt::worker_index(), thread());
                        rt::sleep_until(Instant::now() + Duration::from_micros(round % 3 * 20));
                        let third = (rt::worker_index(), thread());
                        rt::blocking(|| ());
                        let fourth = (rt::worker_index(), thread());
                        assert_ne!(first.1, second.1, "it moves at every switch");
                        assert_ne!(third.1, fourth.1, "it moves at every switch");
                        for (worker, thread) in [first, second, third, fourth] {
                            note(thread, worker.expect("on a worker"));
                        }
                        assert_eq!(format!("{:?}", Task::current()), me);
                        // Spawns from the worker's caches, of which a stale reader would take
                        // another worker's.
                        assert_eq!(rt::go(move || round).join().unwrap(), round);
                        assert_eq!(format!("{:?}", Task::current()), me);
                        let _ = rt::random_u32();
                    }
                });
            }
        });
    });
}

#[test]
fn whoever_must_stay_stays() {
    if !is_child() {
        for (migration, procs) in [
            ("always", "2"),
            ("always", "4"),
            ("stealing", "4"),
            ("pinned", "4"),
        ] {
            in_child("whoever_must_stay_stays", migration, procs);
        }
        return;
    }
    let pinned = std::env::var("GORT_MIGRATION").as_deref() == Ok("pinned");
    rt::run(|| {
        rt::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    for _ in 0..50 {
                        let free = thread();
                        rt::gosched();
                        assert!(!pinned || thread() == free, "pinned to its thread");
                        rt::lock_os_thread();
                        rt::lock_os_thread();
                        let (home, number) = (thread(), worker());
                        rt::gosched();
                        rt::unlock_os_thread();
                        rt::blocking(|| ());
                        rt::sleep_until(Instant::now() + Duration::from_micros(10));
                        assert_eq!((thread(), worker()), (home, number), "locked");
                        rt::unlock_os_thread();
                        rt::unlock_os_thread();
                    }
                });
                s.spawn(|| {
                    // Not: below GOMAXPROCS. A stand-in may have started it, and has it to keep.
                    let home = thread();
                    for _ in 0..50 {
                        let caught = rt::recover(|| {
                            let _waits = WaitsInDrop;
                            panic!("on the way");
                        });
                        assert_eq!(caught.unwrap_err().message(), "on the way");
                        assert!(!pinned || thread() == home, "pinned to its thread");
                    }
                });
            }
        });
    });
}

/// Waits in all sorts of ways while its goroutine unwinds.
struct WaitsInDrop;

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        rt::gosched();
        assert!(std::thread::panicking());
        rt::sleep_until(Instant::now() + Duration::from_micros(30));
        assert!(std::thread::panicking());
        let sema = std::sync::Arc::new(Sema::new(0));
        let other = std::sync::Arc::clone(&sema);
        drop(rt::go(move || {
            assert!(!std::thread::panicking(), "only the other one panics");
            other.release();
        }));
        sema.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
        assert!(std::thread::panicking());
    }
}
