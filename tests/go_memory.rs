//! Ports of the two Go programs that measure memory, test/chan/select2.go and
//! test/fixedbugs/issue9110.go: selects must not consume undue memory, nor leak the records of
//! their waiting arms (GS-26, GS-63).
//!
//! The originals are Copyright 2010 and 2014 The Go Authors; use of their source code is governed
//! by a BSD-style license, found in Go's LICENSE file. Go reads its collector's statistics; here a
//! global allocator counts what is live. Each test runs in a process of its own, so that nothing
//! else is counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use gort::prelude::*;

use crate::support::{MaxProcs, child, rounds};

#[path = "support/mod.rs"]
mod support;

/// The system's allocator, counting live blocks and bytes.
struct Counting;

static BLOCKS: AtomicIsize = AtomicIsize::new(0);
static BYTES: AtomicIsize = AtomicIsize::new(0);

fn count(blocks: isize, bytes: isize) {
    BLOCKS.fetch_add(blocks, Ordering::Relaxed);
    BYTES.fetch_add(bytes, Ordering::Relaxed);
}

// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract;
// counting touches atomics only, and neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's promise about `layout` is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-1, -(layout.size() as isize));
        // SAFETY: `block` came from `alloc` or `realloc` above, which is to say from `System`, with
        // this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(0, size as isize - layout.size() as isize);
        // SAFETY: as in `dealloc`; the caller's promise about `size` is handed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the warm-up below has to pay once: worker threads, pooled goroutines, thread-locals.
fn live() -> (isize, isize) {
    (BLOCKS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed))
}

/// Port of test/chan/select2.go.
#[test]
fn selects_do_not_grow() {
    child::run(|| {
        gort::run(|| {
            let n = rounds(100_000);
            let c = chan!(i32);
            let dummy = chan!(i32);
            let pass = || {
                let sender = go!([c] {
                    for _ in 0..n {
                        chan!(c <- 1);
                    }
                });
                for _ in 0..n {
                    select! {
                        <-c => {}
                        <-dummy => panic!("dummy"),
                    }
                }
                sender.join().unwrap();
            };
            pass();
            // As Go allows: a worker that starts meanwhile brings its caches. One leaked record
            // each would be far more, every time.
            let growths = [(); 5].map(|()| {
                let (_, before) = live();
                pass();
                live().1 - before
            });
            assert!(
                growths.iter().any(|&growth| growth < 110_000),
                "too much memory for {n} selects: {growths:?} bytes"
            );
        })
    })
    .expect_code(0);
}

/// Port of test/fixedbugs/issue9110.go: goroutines that wait three times on one channel, woken by a
/// close in between other waits. Go's condition variables are a wait group here: any other kind of
/// wait that uses the same records.
#[test]
fn select_does_not_leak_waiters() {
    child::run(|| {
        gort::run(|| {
            let _procs = MaxProcs::set(1);
            let round = || {
                let c = chan!(i32);
                let selects: Vec<_> = (0..10)
                    .map(|_| {
                        go!([c] {
                            select! {
                                <-c => {}
                                <-c => {}
                                <-c => {}
                            }
                        })
                    })
                    .collect();
                gort::time::sleep(std::time::Duration::from_millis(1));
                let wg = gort::sync::WaitGroup::new();
                wg.add(1);
                let waiters = [0, 1].map(|_| go!([wg] { wg.wait() }));
                gort::time::sleep(std::time::Duration::from_millis(1));
                c.close();
                for select in selects {
                    select.join().unwrap();
                }
                wg.done();
                for waiter in waiters {
                    waiter.join().unwrap();
                }
            };
            (0..10).for_each(|_| round());
            let growths = [(); 5].map(|()| {
                let (before, _) = live();
                (0..10).for_each(|_| round());
                live().0 - before
            });
            // Usually at most one or two, and more when a worker starts; it was 300 with the leak
            // in Go, every time.
            assert!(
                growths.iter().any(|&growth| growth <= 20),
                "object leak: {growths:?}"
            );
        })
    })
    .expect_code(0);
}

/// What gort adds: values in a dropped channel, and the channel itself, are given back.
#[test]
fn dropped_channels_are_given_back() {
    child::run(|| {
        gort::run(|| {
            let round = || {
                for capacity in 1..100 {
                    let c = chan!(Box<usize>, capacity);
                    for i in 0..capacity {
                        chan!(c <- Box::new(i));
                    }
                    drop(chan!(<-c));
                    select! {
                        c <- Box::new(0) => {}
                        <-None::<Receiver<()>> => panic!("nil"),
                    }
                    select! {
                        c <- Box::new(0) => panic!("full"),
                        default => {}
                    }
                }
            };
            // A leak shows in every round; what the runtime allocates once (a longer queue, another
            // worker) does not.
            let clean = (0..1000).any(|_| {
                let before = live();
                round();
                live() == before
            });
            assert!(clean, "every round left something behind: {:?}", live());
        })
    })
    .expect_code(0);
}
