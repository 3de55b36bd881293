//! Values that go from one coroutine to another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_bench::{check, share, sum_below};
use may::coroutine::park;
use may::sync::{WaitGroup, mpmc, spsc};
use may::{cqueue, cqueue_add, go};

pub(crate) fn pingpong(pairs: usize, n: usize) -> (usize, Duration) {
    let each = share(n, pairs);
    let all = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..pairs {
        let (ping_tx, ping) = spsc::channel();
        let (pong_tx, pong) = spsc::channel();
        go!(move || {
            for v in ping {
                check(pong_tx.send(v).is_ok());
            }
        });
        let one = all.clone();
        go!(move || {
            for i in 0..each {
                check(ping_tx.send(i).is_ok());
                check(pong.recv() == Ok(i));
            }
            drop(one);
        });
    }
    all.wait();
    (each * pairs, start.elapsed())
}

pub(crate) fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, rx) = spsc::channel();
    let start = Instant::now();
    go!(move || {
        for i in 0..n {
            check(tx.send(i).is_ok());
        }
    });
    let sum: usize = rx.iter().sum();
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

pub(crate) fn eight_to_eight(n: usize) -> (usize, Duration) {
    let each = share(n, 8);
    let (tx, rx) = mpmc::channel();
    let start = Instant::now();
    for _ in 0..8 {
        let tx = tx.clone();
        go!(move || {
            for i in 0..each {
                check(tx.send(i).is_ok());
            }
        });
    }
    drop(tx);
    let receivers = [(); 8].map(|()| {
        let rx = rx.clone();
        go!(move || rx.iter().sum::<usize>())
    });
    let sum: usize = receivers
        .into_iter()
        .map(|receiver| receiver.join().expect("a sum"))
        .sum();
    let took = start.elapsed();
    check(sum == 8 * sum_below(each));
    (each * 8, took)
}

pub(crate) fn select<const PRODUCERS: usize>(n: usize) -> (usize, Duration) {
    let each = share(n, PRODUCERS);
    let start = Instant::now();
    let receivers = [(); PRODUCERS].map(|()| {
        let (tx, rx) = spsc::channel();
        go!(move || {
            for i in 0..each {
                check(tx.send(i).is_ok());
            }
        });
        rx
    });
    let sum = AtomicUsize::new(0);
    let next = |rx: &spsc::Receiver<usize>| match rx.recv() {
        Ok(v) => v,
        // Closed: else this arm would be ready for ever, and the others would starve.
        Err(_) => loop {
            park();
        },
    };
    cqueue::scope(|arms| {
        for (i, rx) in receivers.iter().enumerate() {
            cqueue_add!(arms, i, v = next(rx) => { sum.fetch_add(v, Ordering::Relaxed); });
        }
        for _ in 0..each * PRODUCERS {
            arms.poll(None).expect("an event");
        }
    });
    let took = start.elapsed();
    check(sum.into_inner() == PRODUCERS * sum_below(each));
    (each * PRODUCERS, took)
}

pub(crate) fn ring(nodes: usize, n: usize) -> (usize, Duration) {
    let rounds = share(n, nodes);
    let (first, mut last) = spsc::channel();
    for _ in 1..nodes {
        let (tx, rx) = spsc::channel();
        let input = std::mem::replace(&mut last, rx);
        go!(move || {
            for v in input {
                if tx.send(v + 1).is_err() {
                    break;
                }
            }
        });
    }
    let round = |token: usize| {
        check(first.send(token).is_ok());
        last.recv().expect("the token") + 1
    };
    check(round(0) == nodes); // now all are there
    let start = Instant::now();
    let token = (0..rounds).fold(0, |token, _| round(token));
    let took = start.elapsed();
    check(token == rounds * nodes);
    (token, took)
}
