//! Go's programs about locked threads (runtime/testdata/testprog/lockosthread.go, of Go 1.27.3):
//! LockOSThreadMain, LockOSThreadAlt, LockOSThreadAvoidsStatePropagation,
//! LockOSThreadTemplateThreadRace; GS-98.
//!
//! The originals are Copyright 2017 The Go Authors; use of their source code is governed by a
//! BSD-style license, found in Go's LICENSE file. In Go the main goroutine starts on the process's
//! first thread and locks it in an `init` function; here it runs on a worker, as all do. Nothing in
//! the mode `pinned`: there a goroutine keeps its thread alive, whoever has locked it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{Sema, SemaPlace, WaitReason};

use crate::{Case, case};

const ONE: &[(&str, &str)] = &[("GOMAXPROCS", "1"), ("GORT_MIGRATION", "stealing")];
const ONE_ALWAYS: &[(&str, &str)] = &[("GOMAXPROCS", "1"), ("GORT_MIGRATION", "always")];
const MANY: &[(&str, &str)] = &[("GORT_MIGRATION", "stealing")];
const MANY_ALWAYS: &[(&str, &str)] = &[("GORT_MIGRATION", "always")];

/// The race needs a first lock, so a process.
const TRIES: u32 = 10;

pub(crate) const CASES: &[Case] = &[
    case("main_leaves_a_locked_thread", ONE, leaves),
    case("main_leaves_a_locked_thread_always", ONE_ALWAYS, leaves),
    case("a_locked_thread_ends_beside_main", MANY, ends_beside),
    case(
        "a_locked_thread_ends_beside_main_always",
        MANY_ALWAYS,
        ends_beside,
    ),
    case("what_a_thread_was_given_ends_with_it", ONE, state_ends),
    case(
        "what_a_thread_was_given_ends_with_it_always",
        ONE_ALWAYS,
        state_ends,
    ),
    Case {
        times: TRIES,
        ..case("two_first_locks_at_once", MANY, first_locks)
    },
    Case {
        times: TRIES,
        ..case("two_first_locks_at_once_always", MANY_ALWAYS, first_locks)
    },
];

fn thread() -> i32 {
    // SAFETY: takes nothing and always succeeds.
    unsafe { libc::gettid() }
}

fn acquire(sema: &Sema) {
    sema.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
}

fn nap() {
    rt::sleep_until(Instant::now() + Duration::from_millis(1));
}

/// Waits until the kernel has taken a thread away, and stays off it.
fn await_end(theirs: i32) {
    while Path::new(&format!("/proc/self/task/{theirs}")).exists() {
        assert_ne!(thread(), theirs, "on a thread that was locked to its end");
        nap();
    }
}

/// A goroutine that locks the thread it gets, tells which, and ends.
fn locks_to_its_end(told: Arc<Sema>) -> rt::JoinHandle<i32> {
    rt::go(move || {
        rt::lock_os_thread();
        told.release();
        thread()
    })
}

/// With one worker both begin on the same thread (unless the machine is so busy that another one
/// stands in): the main goroutine has to go on elsewhere.
fn leaves() {
    rt::run(|| {
        let ready = Arc::new(Sema::new(0));
        let locked = locks_to_its_end(Arc::clone(&ready));
        acquire(&ready);
        nap();
        let theirs = locked.join().unwrap();
        assert_ne!(thread(), theirs, "main runs on the locked thread");
        await_end(theirs);
    });
}

/// While main has its own thread locked the other one gets a new thread, which nobody gets
/// afterwards.
fn ends_beside() {
    rt::run(|| {
        rt::lock_os_thread();
        let mine = thread();
        let ready = Arc::new(Sema::new(0));
        let locked = locks_to_its_end(Arc::clone(&ready));
        acquire(&ready);
        assert_eq!(thread(), mine);
        rt::unlock_os_thread();
        let theirs = locked.join().unwrap();
        assert_ne!(theirs, mine, "on main's thread");
        await_end(theirs);
    });
}

/// A thread's own working directory is not handed on to another thread, neither by using it again
/// nor by starting one from it.
fn state_ends() {
    std::env::set_current_dir("/").unwrap();
    rt::run(|| {
        rt::lock_os_thread();
        let ready = Arc::new(Sema::new(0));
        let told = Arc::clone(&ready);
        let tainted = rt::go(move || {
            rt::lock_os_thread();
            // SAFETY: it touches the calling thread's attributes only.
            if unsafe { libc::unshare(libc::CLONE_FS) } != 0 {
                let error = io::Error::last_os_error();
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
                eprintln!("unshare is not permitted");
                std::process::exit(0);
            }
            std::env::set_current_dir(std::env::temp_dir()).unwrap();
            told.release();
        });
        acquire(&ready);
        let (seen, leave) = (Arc::new(Sema::new(0)), Arc::new(Sema::new(0)));
        let (tell, wait) = (Arc::clone(&seen), Arc::clone(&leave));
        let other = rt::go(move || {
            rt::lock_os_thread();
            assert_eq!(
                std::env::current_dir().unwrap(),
                Path::new("/"),
                "of the tainted thread"
            );
            tell.release();
            acquire(&wait);
            rt::unlock_os_thread();
        });
        // Goroutines that nobody has locked, and calls, need threads as well.
        for _ in 0..20 {
            let here = rt::go(|| std::env::current_dir().unwrap()).join().unwrap();
            let call = rt::go(|| rt::blocking(|| std::env::current_dir().unwrap()));
            assert_eq!(
                (here.as_path(), call.join().unwrap().as_path()),
                (Path::new("/"), Path::new("/"))
            );
        }
        acquire(&seen);
        leave.release();
        rt::unlock_os_thread();
        other.join().unwrap();
        tainted.join().unwrap();
    });
}

/// Both want the template thread to be started, while the number of workers changes all the time.
/// (Go stops the world meanwhile.)
fn first_locks() {
    rt::run(|| {
        rt::set_max_procs(4);
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let changing = rt::go(move || {
            for procs in (2..=4).cycle() {
                if until.load(Ordering::Relaxed) {
                    return;
                }
                rt::set_max_procs(procs);
                rt::gosched();
            }
        });
        let start = Instant::now() + Duration::from_millis(10);
        let both = [(); 2].map(|()| {
            rt::go(move || {
                while Instant::now() < start {
                    std::hint::spin_loop();
                }
                // Work that another worker should come for.
                drop(rt::go(|| ()));
                rt::lock_os_thread();
                let mine = thread();
                rt::gosched();
                assert_eq!(thread(), mine);
                mine
            })
        });
        let [one, two] = both.map(|one| one.join().unwrap());
        assert_ne!(one, two, "two on one thread");
        over.store(true, Ordering::Relaxed);
        changing.join().unwrap();
    });
}
