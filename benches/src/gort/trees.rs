//! Structures of goroutines that grow while they work: the prime sieve's chain, skynet's tree.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort_bench::{PRIMES, check, sum_below};

pub(crate) fn sieve() -> (usize, Duration) {
    let (primes, the_last) = PRIMES;
    let start = Instant::now();
    let (tx, mut last) = gort::channel(0);
    go! {
        for i in 2.. {
            chan!(tx <- i); // ends here once the first filter is gone
        }
    };
    let mut prime = 0;
    for _ in 0..primes {
        prime = chan!(<-last).expect("a prime");
        let (tx, rx) = gort::channel(0);
        let input = std::mem::replace(&mut last, rx);
        go! {
            for i in input {
                if i % prime != 0 {
                    chan!(tx <- i);
                }
            }
        };
    }
    let took = start.elapsed();
    check(prime == the_last);
    (primes, took)
}

pub(crate) fn skynet(leaves: usize) -> (usize, Duration) {
    let start = Instant::now();
    let root = chan!(usize);
    go!(node(root.tx(), 0, leaves));
    let sum = chan!(<-root).expect("the sum");
    let took = start.elapsed();
    check(sum == sum_below(leaves));
    (leaves, took)
}

fn node(parent: Sender<usize>, number: usize, leaves: usize) {
    if leaves == 1 {
        chan!(parent <- number);
        return;
    }
    let children = chan!(usize);
    for i in 0..10 {
        go!(node(children.tx(), number + i * (leaves / 10), leaves / 10));
    }
    let mut sum = 0;
    for _ in 0..10 {
        sum += chan!(<-children).expect("a child's sum");
    }
    chan!(parent <- sum);
}
