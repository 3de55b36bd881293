//! `Barrier`, which Go does not have: the tests of std's, on goroutines and threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gort::prelude::*;
use gort::sync::Barrier;

#[gort::test]
fn nobody_goes_on_before_all_have_come() {
    const N: usize = 10;
    let barrier = Arc::new(Barrier::new(N));
    let leaders = chan!(bool, N);
    for _ in 0..N - 1 {
        go!([barrier, leaders] {
            let leads = barrier.wait().is_leader();
            chan!(leaders <- leads);
        });
    }
    assert!(leaders.try_recv().is_err());
    let mut number = usize::from(barrier.wait().is_leader());
    for _ in 0..N - 1 {
        number += usize::from(chan!(<-leaders).unwrap());
    }
    assert_eq!(number, 1);
}

/// Round after round, with goroutines and threads mixed, nobody is a round ahead.
#[test]
fn rounds_do_not_mix() {
    const ROUNDS: usize = 100;
    let shared = Arc::new((Barrier::new(6), AtomicUsize::new(0)));
    let run = |shared: &(Barrier, AtomicUsize)| {
        (0..ROUNDS)
            .filter(|round| {
                shared.1.fetch_add(1, Ordering::Relaxed);
                let leads = shared.0.wait().is_leader();
                assert_eq!(shared.1.load(Ordering::Relaxed), 6 * (round + 1));
                shared.0.wait();
                leads
            })
            .count()
    };
    let goroutines: Vec<_> = (0..4).map(|_| go!([shared] { run(&shared) })).collect();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let shared = shared.clone();
            std::thread::spawn(move || run(&shared))
        })
        .collect();
    let led: usize = goroutines.into_iter().map(|g| g.join().unwrap()).sum::<usize>()
        + threads.into_iter().map(|t| t.join().unwrap()).sum::<usize>();
    assert_eq!(led, ROUNDS);
}

#[test]
fn one_is_enough_for_none_and_one() {
    assert!(Barrier::new(0).wait().is_leader());
    assert!(Barrier::new(1).wait().is_leader());
}
