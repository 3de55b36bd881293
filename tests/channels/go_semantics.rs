//! Behaviours of Go that no port of a Go test shows: small programs of our own, one for each row of
//! docs/GO_COMPATIBILITY.md that names this file.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort::Select;
use gort::prelude::*;
use gort::runtime::{max_procs, set_max_procs};

use crate::support::child::Child;

/// GS-4
#[gort::test]
fn a_child_outlives_its_parent() {
    let (gate, result) = (chan!(()), chan!(u32));
    go!([gate, result] {
        go!([gate, result] {
            chan!(<-gate);
            chan!(result <- 7);
        });
    })
    .join()
    .unwrap();
    gate.close();
    assert_eq!(chan!(<-result), Some(7));
}

/// GS-8: nothing is promised but that all of them start.
#[gort::test]
fn all_start_in_some_order() {
    let started = chan!(u32, 100);
    for i in 0..100 {
        go!([started] { chan!(started <- i) });
    }
    let all: HashSet<u32> = (0..100).filter_map(|_| chan!(<-started)).collect();
    assert_eq!(all.len(), 100);
}

/// GS-11
#[gort::test]
fn loop_variables_are_captured_by_iteration() {
    let squares = chan!(u32, 10);
    for i in 0..10 {
        go!([squares] { chan!(squares <- i * i) });
    }
    assert_eq!((0..10).filter_map(|_| chan!(<-squares)).sum::<u32>(), 285);
}

/// GS-12: the runtime starts itself; the goroutine goes on when main begins.
#[test]
fn goroutines_may_start_before_main() {
    let numbers = chan!(u32);
    let early = go!([numbers] { chan!(<-numbers) });
    gort::run(move || chan!(numbers <- 3));
    assert_eq!(early.join().unwrap(), Some(3));
}

/// GS-40: the write needs no other synchronisation.
#[gort::test]
fn a_close_happens_before_its_receive() {
    for round in 0..1000 {
        let (done, written) = (chan!(()), Arc::new(AtomicUsize::new(0)));
        let writer = go!([done, written] {
            written.store(round, Ordering::Relaxed);
            done.close();
        });
        assert_eq!(chan!(<-done), None);
        assert_eq!(written.load(Ordering::Relaxed), round);
        writer.join().unwrap();
    }
}

/// GS-51
#[gort::test]
fn handles_of_one_channel_are_equal() {
    let (a, b) = (chan!(()), chan!(()));
    assert!(a.rx() == a.rx() && a.tx() == a.tx() && a == a.clone());
    assert!(a != b && a.rx() != b.rx(), "two channels without size");
    let set: HashSet<_> = [a.rx(), a.rx(), b.rx()].into_iter().collect();
    assert_eq!(set.len(), 2);
}

/// GS-52
#[gort::test]
fn a_copy_is_the_same_channel() {
    let ch = chan!(u32, 1);
    let copy = ch.clone();
    go!(move || chan!(copy <- 5)).join().unwrap();
    assert_eq!((ch.len(), chan!(<-ch)), (1, Some(5)));
}

/// GS-70
#[gort::test]
fn a_select_of_a_thousand_arms() {
    let channels: Vec<Chan<usize>> = (0..1000).map(|_| chan!(usize, 1)).collect();
    for next in [0, 999, 500] {
        chan!(channels[next] <- next);
        let mut set = Select::new();
        for channel in &channels {
            set.recv(channel);
        }
        let chosen = set.select().unwrap();
        let index = chosen.index();
        assert_eq!((index, chosen.recv(&channels[index])), (next, Some(next)));
    }
}

/// GS-94
#[test]
fn max_procs_gives_the_previous_value() {
    Child::default()
        .env("GOMAXPROCS", 3)
        .run(|| {
            assert_eq!((max_procs(), set_max_procs(0)), (3, 3));
            assert_eq!((set_max_procs(5), max_procs()), (3, 5));
            assert_eq!(set_max_procs(0), 5);
        })
        .expect_code(0);
}

/// GS-96: one worker, and a goroutine that blocks it without saying so.
#[test]
fn a_system_call_blocks_nobody() {
    Child::default()
        .env("GOMAXPROCS", 1)
        .env("GORT_MIGRATION", "stealing")
        .run(|| {
            gort::run(|| {
                let (from, to) = std::io::pipe().unwrap();
                let reader = go!(move || std::io::read_to_string(from).unwrap());
                gort::runtime::gosched();
                // Only if this goroutine goes on does the read end.
                drop(to);
                assert_eq!(reader.join().unwrap(), "");
            });
        })
        .expect_code(0);
}

/// GS-147: deadlines are `Instant`s.
#[gort::test]
fn time_is_monotonic() {
    let start = Instant::now();
    let fired = chan!(<-gort::time::after(Duration::from_millis(2))).unwrap();
    assert!(fired >= start + Duration::from_millis(2) && fired <= Instant::now());
}
