//! Port of test/chan/doubleselect.go: two arms of one select must not both run (GS-62).

use std::collections::HashSet;

use gort::prelude::*;

use crate::support::{self, MaxProcs};

/// Sends a counter to one of four channels. If two arms of a select both ran, one value would come
/// out of two channels.
fn sender(n: usize, [c1, c2, c3, c4]: [Sender<usize>; 4]) {
    for i in 0..n {
        select! {
            c1 <- i => {}
            c2 <- i => {}
            c3 <- i => {}
            c4 <- i => {}
        }
    }
}

/// Forwards what `sender` sends. (Four arms on one channel would be simpler, and would not show the
/// bug.)
fn mux(out: Sender<usize>, input: Receiver<usize>) {
    for v in input {
        chan!(out <- v);
    }
}

#[gort::test]
fn no_value_comes_twice() {
    let _procs = MaxProcs::set(2);
    let n = support::rounds(100_000);
    let chans: [Chan<usize>; 4] = std::array::from_fn(|_| chan!(usize));
    let merged = chan!(usize);

    go!(sender(n, chans.each_ref().map(Chan::tx)));
    for ch in chans {
        go!(mux(merged.tx(), ch.rx()));
    }

    // `merged` closes once the last mux, and with it the last sender, is gone.
    let (_, merged) = merged.split();
    let mut seen = HashSet::new();
    for v in merged {
        assert!(seen.insert(v), "got duplicate value: {v}");
    }
    assert_eq!(seen.len(), n);
}
