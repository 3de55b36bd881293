//! Structures of tasks that grow while they work: the prime sieve's chain, skynet's tree.

use std::pin::Pin;
use std::time::{Duration, Instant};

use gort_bench::{PRIMES, check, sum_below};
use tokio::sync::mpsc;

pub(crate) async fn sieve() -> (usize, Duration) {
    let (primes, the_last) = PRIMES;
    let start = Instant::now();
    let (tx, mut last) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut i = 2;
        while tx.send(i).await.is_ok() {
            i += 1;
        }
    });
    let mut prime = 0;
    for _ in 0..primes {
        prime = last.recv().await.expect("a prime");
        let (tx, rx) = mpsc::channel(1);
        let mut input = std::mem::replace(&mut last, rx);
        tokio::spawn(async move {
            while let Some(i) = input.recv().await {
                if i % prime != 0 && tx.send(i).await.is_err() {
                    break;
                }
            }
        });
    }
    let took = start.elapsed();
    check(prime == the_last);
    (primes, took)
}

pub(crate) async fn skynet(leaves: usize) -> (usize, Duration) {
    let start = Instant::now();
    let (tx, mut root) = mpsc::channel(1);
    tokio::spawn(node(tx, 0, leaves));
    let sum = root.recv().await.expect("the sum");
    let took = start.elapsed();
    check(sum == sum_below(leaves));
    (leaves, took)
}

/// Boxed, since its type would contain itself.
fn node(
    parent: mpsc::Sender<usize>,
    number: usize,
    leaves: usize,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if leaves == 1 {
            check(parent.send(number).await.is_ok());
            return;
        }
        let (tx, mut children) = mpsc::channel(1);
        for i in 0..10 {
            tokio::spawn(node(tx.clone(), number + i * (leaves / 10), leaves / 10));
        }
        let mut sum = 0;
        for _ in 0..10 {
            sum += children.recv().await.expect("a child's sum");
        }
        check(parent.send(sum).await.is_ok());
    })
}
