//! Port of sync/waitgroup_test.go: TestWaitGroup, TestWaitGroupMisuse, TestWaitGroupRace,
//! TestWaitGroupGo, TestIssue76126 (GS-78, GS-112, GS-113).
//!
//! Go's "WaitGroup is reused before previous Wait has returned" and "Add called concurrently with
//! Wait" (GS-79) cannot happen: the step to zero takes off everybody who waits for it, and nobody
//! else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::prelude::*;
use gort::sync::WaitGroup;

use crate::support::child::Child;
use crate::support::{panic_message, rounds};

fn released_together(one: &WaitGroup, two: &WaitGroup) {
    const N: usize = 16;
    one.add(N);
    two.add(N);
    let exited = chan!(bool, N);
    for _ in 0..N {
        go!([one, two, exited] {
            one.done();
            two.wait();
            chan!(exited <- true);
        });
    }
    one.wait();
    for _ in 0..N {
        select! {
            <-exited => panic!("WaitGroup released group too soon"),
            default => {}
        }
        two.done();
    }
    (0..N).for_each(|_| assert_eq!(chan!(<-exited), Some(true)));
}

/// With the same two groups over and over.
#[gort::test]
fn waitgroup() {
    let (one, two) = (WaitGroup::new(), WaitGroup::new());
    (0..8).for_each(|_| released_together(&one, &two));
}

#[gort::test]
fn misuse() {
    let wg = WaitGroup::new();
    wg.add(1);
    wg.done();
    assert_eq!(panic_message(|| wg.done()), "sync: negative WaitGroup counter");
    assert_eq!(
        panic_message(|| wg.add(1 << 31)),
        "sync: WaitGroup counter overflow"
    );
    wg.wait();
}

/// What was done before `done` is seen after `wait`.
#[gort::test]
fn race() {
    for _ in 0..rounds(1000) {
        let (wg, n) = (WaitGroup::new(), Arc::new(AtomicU32::new(0)));
        for _ in 0..2 {
            wg.add(1);
            go!([wg, n] {
                n.fetch_add(1, Ordering::Relaxed);
                wg.done();
            });
        }
        wg.wait();
        assert_eq!(n.load(Ordering::Relaxed), 2, "spurious wakeup from wait");
    }
}

#[gort::test]
fn go() {
    let (wg, n) = (WaitGroup::new(), Arc::new(AtomicU32::new(0)));
    let count = n.clone();
    wg.go(move || count.fetch_add(1, Ordering::Relaxed));
    wg.wait();
    assert_eq!(n.load(Ordering::Relaxed), 1);
    // goexit lowers the counter as well.
    wg.go(|| -> () { gort::runtime::goexit() });
    wg.wait();
}

/// A panic in `go` ends the process, and nobody who waits goes on before (TestIssue76126).
#[test]
fn panic_in_go() {
    for procs in [1, 4] {
        let program = || {
            gort::run(|| {
                let wg = WaitGroup::new();
                wg.go(|| panic!("test"));
                wg.wait();
                println!("not reached");
            });
        };
        Child::default()
            .env("GOMAXPROCS", procs)
            .run(program)
            .expect_code(2)
            .expect_stderr(&["panic: test\n\ngoroutine ", " [running]:"])
            .expect_stdout("");
    }
}

/// Waiters of two rounds at once: each is woken by its own (what Go calls misuse).
#[gort::test]
fn rounds_do_not_mix() {
    for _ in 0..rounds(500) {
        let wg = WaitGroup::new();
        wg.add(1);
        let early = go!([wg] { wg.wait() });
        wg.done();
        let n = Arc::new(AtomicU32::new(0));
        wg.add(1);
        let late = go!([wg, n] {
            wg.wait();
            n.load(Ordering::Relaxed)
        });
        gort::runtime::gosched();
        n.store(1, Ordering::Relaxed);
        wg.done();
        assert_eq!(late.join().unwrap(), 1);
        early.join().unwrap();
    }
}

/// Threads wait as well.
#[test]
fn threads_wait() {
    let wg = WaitGroup::new();
    let n = Arc::new(AtomicU32::new(0));
    for _ in 0..4 {
        let n = n.clone();
        wg.go(move || n.fetch_add(1, Ordering::Relaxed));
    }
    wg.wait();
    assert_eq!(n.load(Ordering::Relaxed), 4);
}
