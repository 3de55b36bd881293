//! Select is fair: of 2, 3 or 8 arms that are always ready, each is chosen equally often, within
//! ten standard deviations over a million rounds (GS-58, GS-60). TestSelectFairness in Go's runtime
//! asks the same of two arms and 10,000 rounds.
//!
//! In debug a round takes microseconds, so that only 100,000 are run there; `GORT_TEST_FULL` asks
//! for all.

use crate::support;
use std::sync::atomic::{AtomicUsize, Ordering};

use gort::prelude::*;

#[track_caller]
fn assert_fair<const N: usize>(what: &str, mut round: impl FnMut() -> usize) {
    let rounds = support::rounds(1_000_000);
    let mut count = [0usize; N];
    for _ in 0..rounds {
        count[round()] += 1;
    }
    let p = 1.0 / N as f64;
    let mean = rounds as f64 * p;
    let deviation = (rounds as f64 * p * (1.0 - p)).sqrt();
    for share in count {
        let off = (share as f64 - mean).abs() / deviation;
        assert!(
            off <= 10.0,
            "{what}: a share is {off:.1} standard deviations off: {count:?} of {rounds}"
        );
    }
}

/// A closed channel is always ready to receive from.
fn closed<const N: usize>() -> [Receiver<()>; N] {
    std::array::from_fn(|_| gort::channel(0).1)
}

#[gort::test]
fn two_receives() {
    let [a, b] = closed();
    assert_fair::<2>("two receives", || {
        select! {
            <-a => 0,
            <-b => 1,
        }
    });
}

#[gort::test]
fn three_arms_receiving_sending_and_receiving() {
    let [a] = closed();
    let (b, c) = (chan!(u8, 1), chan!(u8, 1));
    chan!(c <- 1);
    assert_fair::<3>("three arms", || {
        let chosen = select! {
            <-a => 0,
            b <- 1 => 1,
            v = <-c => 1 + usize::from(v.unwrap()),
        };
        // Whatever was sent or taken is put right, so that all arms stay ready.
        match chosen {
            1 => assert_eq!(chan!(<-b), Some(1)),
            2 => chan!(c <- 1),
            _ => {}
        }
        chosen
    });
}

#[gort::test]
fn eight_receives() {
    let [a, b, c, d, e, f, g, h] = closed();
    assert_fair::<8>("eight receives", || {
        select! {
            <-a => 0,
            <-b => 1,
            <-c => 2,
            <-d => 3,
            <-e => 4,
            <-f => 5,
            <-g => 6,
            <-h => 7,
        }
    });
}

/// Several arms on one channel have a share each.
#[gort::test]
fn three_arms_on_one_channel() {
    let [a] = closed();
    assert_fair::<3>("one channel", || {
        select! {
            <-a => 0,
            <-a => 1,
            <-a => 2,
        }
    });
}

/// Arms that are not ready take nothing from the shares of those that are.
#[gort::test]
fn unready_neighbours_do_not_count() {
    let [a, b] = closed();
    let (nil, empty) = (None::<Receiver<()>>, chan!(()));
    assert_fair::<2>("unready neighbours", || {
        select! {
            <-a => 0,
            <-nil => panic!("nil"),
            <-empty => panic!("empty"),
            <-b => 1,
            default => panic!("something is ready"),
        }
    });
}

/// With `biased;` the first ready arm in source order is chosen, each time.
#[gort::test]
fn biased_takes_the_first() {
    let [a, b] = closed();
    let empty = chan!(());
    for _ in 0..1000 {
        let chosen = select! {
            biased;
            <-empty => 0,
            <-a => 1,
            <-b => 2,
        };
        assert_eq!(chosen, 1);
    }
}

/// The same among goroutines that wait: which of four senders' channels a waking select takes from
/// is even as well.
#[gort::test]
fn blocked_senders_have_even_chances() {
    let (a, b) = (chan!(usize), chan!(usize));
    let begun = std::sync::Arc::new([const { AtomicUsize::new(0) }; 2]);
    for (value, ch) in [(0, a.tx()), (0, a.tx()), (1, b.tx()), (1, b.tx())] {
        go!([begun] {
            loop {
                begun[value].fetch_add(1, Ordering::SeqCst);
                chan!(ch <- value);
            }
        });
    }
    // Until each channel has a sender that has begun and was not served yet, however far away its
    // worker is, and then some.
    let settle = |served: &[usize; 2]| {
        while (0..2).any(|side| begun[side].load(Ordering::SeqCst) <= served[side]) {
            gort::runtime::gosched();
        }
        for _ in 0..8 {
            gort::runtime::gosched();
        }
    };
    let rounds = support::rounds(20_000);
    let mut count = [0usize; 2];
    for _ in 0..rounds {
        settle(&count);
        let v = select! {
            v = <-a => v.unwrap(),
            v = <-b => v.unwrap(),
        };
        count[v] += 1;
    }
    // Not a fair coin any more, as one pair may lag behind; but neither side may starve.
    assert!(count.iter().all(|&n| n > rounds / 10), "{count:?}");
}
