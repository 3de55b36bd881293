//! `lock_os_thread`: the thread belongs to one goroutine, in every migration mode (GS-98).
#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{Sema, SemaPlace, WaitReason};

/// In this mode those that have started on a thread stay there, whoever locks it.
fn pinned() -> bool {
    std::env::var("GORT_MIGRATION").is_ok_and(|mode| mode == "pinned")
}

/// One test at a time: another one's goroutines may lock the thread that this one looks at.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn thread() -> i32 {
    // SAFETY: takes nothing and always succeeds.
    unsafe { libc::gettid() }
}

fn acquire(sema: &Sema) {
    sema.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
}

fn nap(length: Duration) {
    rt::sleep_until(Instant::now() + length);
}

/// A guard of std belongs to a thread and blocks one. Whoever holds it across a wait has to come
/// back.
#[test]
fn a_std_guard_across_a_wait() {
    let _alone = alone();
    for _ in 0..20 {
        rt::run(|| {
            let shared = Arc::new(Mutex::new(0));
            let held = Arc::new(Sema::new(0));
            let holder = rt::go({
                let (shared, held) = (Arc::clone(&shared), Arc::clone(&held));
                move || {
                    rt::lock_os_thread();
                    let mut guard = shared.lock().unwrap();
                    held.release();
                    nap(Duration::from_millis(2));
                    *guard += 1;
                }
            });
            acquire(&held);
            let others: Vec<_> = (0..20)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    rt::go(move || *shared.lock().unwrap() += 1)
                })
                .collect();
            others.into_iter().for_each(|one| one.join().unwrap());
            holder.join().unwrap();
            assert_eq!(*shared.lock().unwrap(), 21);
        });
    }
}

/// Fresh goroutines, and those that started elsewhere, never run on a thread that is locked.
#[test]
fn nobody_else_runs_there() {
    let _alone = alone();
    rt::run(|| {
        let owned = Arc::new(Mutex::new(HashSet::new()));
        let over = Arc::new(AtomicBool::new(false));
        // Several may have started on one thread and stay there.
        let count = if pinned() { 1 } else { 4 };
        let lockers: Vec<_> = (0..count)
            .map(|_| {
                let (owned, over) = (Arc::clone(&owned), Arc::clone(&over));
                rt::go(move || {
                    rt::lock_os_thread();
                    let mine = thread();
                    assert!(owned.lock().unwrap().insert(mine), "two on one thread");
                    while !over.load(Ordering::Relaxed) {
                        nap(Duration::from_micros(100));
                        assert_eq!(thread(), mine);
                        rt::gosched();
                        assert_eq!(thread(), mine);
                        // What it starts runs elsewhere.
                        rt::go(move || assert_ne!(thread(), mine)).join().unwrap();
                    }
                    owned.lock().unwrap().remove(&mine);
                    rt::unlock_os_thread();
                })
            })
            .collect();
        while owned.lock().unwrap().len() < count {
            rt::gosched();
        }
        let seen = Arc::new(AtomicUsize::new(0));
        for _ in 0..200 {
            let others: Vec<_> = (0..10)
                .map(|_| {
                    let (owned, seen) = (Arc::clone(&owned), Arc::clone(&seen));
                    rt::go(move || {
                        for _ in 0..3 {
                            let here = thread();
                            assert!(!owned.lock().unwrap().contains(&here));
                            seen.fetch_add(1, Ordering::Relaxed);
                            rt::gosched();
                        }
                    })
                })
                .collect();
            others.into_iter().for_each(|one| one.join().unwrap());
        }
        over.store(true, Ordering::Relaxed);
        lockers.into_iter().for_each(|one| one.join().unwrap());
        assert_eq!(seen.load(Ordering::Relaxed), 200 * 10 * 3);
    });
}

fn exists(thread: i32) -> bool {
    Path::new(&format!("/proc/self/task/{thread}")).exists()
}

/// Waits until the kernel has taken a thread away.
fn await_end(thread: i32) {
    while exists(thread) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a goroutine has done to its thread ends with it: the thread goes, and nothing was started
/// from it.
#[test]
fn the_thread_ends_with_a_goroutine_that_did_not_unlock() {
    let _alone = alone();
    if pinned() {
        // The main goroutine may have started on that thread: it stays there, and the thread lives
        // as long.
        return;
    }
    let home = std::env::current_dir().unwrap();
    for _ in 0..10 {
        let spoiled = rt::run(|| {
            let spoiled = Arc::new(AtomicUsize::new(0));
            let ready = Arc::new(Sema::new(0));
            let leave = Arc::new(Sema::new(0));
            let wanderer = rt::go({
                let (spoiled, ready, leave) = (Arc::clone(&spoiled), Arc::clone(&ready), Arc::clone(&leave));
                move || {
                    rt::lock_os_thread();
                    // SAFETY: it touches the calling thread's attributes only.
                    assert_eq!(unsafe { libc::unshare(libc::CLONE_FS) }, 0);
                    std::env::set_current_dir("/").unwrap();
                    spoiled.store(thread() as usize, Ordering::Relaxed);
                    ready.release();
                    acquire(&leave);
                    assert_eq!(std::env::current_dir().unwrap(), Path::new("/"), "its own");
                    // A call that blocks sees what the goroutine did.
                    let seen = rt::blocking(|| std::env::current_dir().unwrap());
                    assert_eq!(seen, Path::new("/"));
                }
            });
            acquire(&ready);
            let everywhere = |when: &str| {
                let all: Vec<_> = (0..100)
                    .map(|index| {
                        rt::go(move || {
                            let look = || std::env::current_dir().unwrap();
                            if index % 2 == 0 {
                                look()
                            } else {
                                rt::blocking(look)
                            }
                        })
                    })
                    .collect();
                for one in all {
                    assert_eq!(one.join().unwrap(), home, "{when}");
                }
            };
            everywhere("while it lives");
            leave.release();
            wanderer.join().unwrap();
            everywhere("after it has ended");
            spoiled.load(Ordering::Relaxed) as i32
        });
        await_end(spoiled);
    }
}

/// Who unlocks leaves the thread to the others.
#[test]
fn an_unlocked_thread_goes_on() {
    let _alone = alone();
    rt::run(|| {
        let one = rt::go(|| {
            rt::lock_os_thread();
            rt::lock_os_thread();
            let mine = thread();
            rt::unlock_os_thread();
            for _ in 0..10 {
                rt::gosched();
                assert_eq!(thread(), mine, "locked twice");
            }
            rt::unlock_os_thread();
            rt::unlock_os_thread();
            mine
        });
        let thread = one.join().unwrap();
        for _ in 0..10 {
            rt::gosched();
        }
        assert!(exists(thread));
    });
}

/// Many at once, with waits of all sorts between them: each gets a thread, and gives it back.
#[test]
fn many_lock_and_unlock() {
    let _alone = alone();
    rt::run(|| {
        let turn = Arc::new(Sema::new(1));
        let all: Vec<_> = (0..30)
            .map(|index| {
                let turn = Arc::clone(&turn);
                rt::go(move || {
                    for _ in 0..20 {
                        rt::lock_os_thread();
                        let mine = thread();
                        acquire(&turn);
                        assert_eq!(thread(), mine);
                        turn.release();
                        if index % 3 == 0 {
                            nap(Duration::from_micros(20));
                        }
                        assert_eq!(thread(), mine);
                        rt::unlock_os_thread();
                        rt::gosched();
                    }
                    if index % 5 == 0 {
                        rt::lock_os_thread();
                    }
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

/// Many that wake one another all the time keep so many threads on their way that one is always
/// about to run. None of these may take what is for all, so it must not be left to them.
#[test]
fn many_that_wake_each_other_keep_nobody_asleep() {
    let _alone = alone();
    rt::run(|| {
        let over = Arc::new(AtomicBool::new(false));
        let (gathered, all_here) = (Arc::new(AtomicUsize::new(0)), Arc::new(Sema::new(0)));
        let mut all = Vec::new();
        for _ in 0..50 {
            let gates = Arc::new([Sema::new(1), Sema::new(0)]);
            for me in 0..2 {
                let (gates, over) = (Arc::clone(&gates), Arc::clone(&over));
                let (gathered, all_here) = (Arc::clone(&gathered), Arc::clone(&all_here));
                all.push(rt::go(move || {
                    rt::lock_os_thread();
                    if gathered.fetch_add(1, Ordering::SeqCst) == 99 {
                        all_here.release();
                    }
                    loop {
                        acquire(&gates[me]);
                        // Asked while it has the turn: the other one sees it in its own.
                        let last = over.load(Ordering::Relaxed);
                        gates[1 - me].release();
                        if last {
                            break;
                        }
                    }
                }));
            }
        }
        acquire(&all_here);
        // From now on nobody but those who are asked runs anything that is not locked.
        rt::lock_os_thread();
        for round in 0..100 {
            assert_eq!(rt::go(move || round).join().unwrap(), round);
        }
        rt::unlock_os_thread();
        over.store(true, Ordering::Relaxed);
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}
