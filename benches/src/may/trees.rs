//! Structures of coroutines that grow while they work: the prime sieve's chain, skynet's tree.

use std::time::{Duration, Instant};

use gort_bench::{PRIMES, check, sum_below};
use may::go;
use may::sync::{mpsc, spsc};

pub(crate) fn sieve() -> (usize, Duration) {
    let (primes, the_last) = PRIMES;
    let start = Instant::now();
    let (tx, mut last) = spsc::channel();
    go!(move || {
        for i in 2..=the_last {
            if tx.send(i).is_err() {
                break;
            }
        }
    });
    let mut prime = 0;
    for _ in 0..primes {
        prime = last.recv().expect("a prime");
        let (tx, rx) = spsc::channel();
        let input = std::mem::replace(&mut last, rx);
        go!(move || {
            for i in input {
                if i % prime != 0 && tx.send(i).is_err() {
                    break;
                }
            }
        });
    }
    let took = start.elapsed();
    check(prime == the_last);
    (primes, took)
}

pub(crate) fn skynet(leaves: usize) -> (usize, Duration) {
    let start = Instant::now();
    let (tx, root) = mpsc::channel();
    go!(move || node(tx, 0, leaves));
    let sum = root.recv().expect("the sum");
    let took = start.elapsed();
    check(sum == sum_below(leaves));
    (leaves, took)
}

fn node(parent: mpsc::Sender<usize>, number: usize, leaves: usize) {
    if leaves == 1 {
        check(parent.send(number).is_ok());
        return;
    }
    let (tx, children) = mpsc::channel();
    for i in 0..10 {
        let tx = tx.clone();
        go!(move || node(tx, number + i * (leaves / 10), leaves / 10));
    }
    let mut sum = 0;
    for _ in 0..10 {
        sum += children.recv().expect("a child's sum");
    }
    check(parent.send(sum).is_ok());
}
