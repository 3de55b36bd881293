//! Values that go from one goroutine to another.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::sync::WaitGroup;
use gort_bench::{check, share, sum_below};

pub(crate) fn pingpong(pairs: usize, n: usize) -> (usize, Duration) {
    let each = share(n, pairs);
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..pairs {
        let (ping, pong) = (chan!(usize), chan!(usize));
        go!([ping, pong] {
            for v in ping.rx() {
                chan!(pong <- v);
            }
        });
        wg.go(move || {
            for i in 0..each {
                chan!(ping <- i);
                check(chan!(<-pong) == Some(i));
            }
            ping.close();
        });
    }
    wg.wait();
    (each * pairs, start.elapsed())
}

pub(crate) fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, rx) = gort::channel(128);
    let start = Instant::now();
    go! {
        for i in 0..n {
            chan!(tx <- i);
        }
    };
    let mut sum = 0;
    for v in rx {
        sum += v;
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

pub(crate) fn eight_to_eight(capacity: usize, n: usize) -> (usize, Duration) {
    let each = share(n, 8);
    let (tx, rx) = gort::channel(capacity);
    let start = Instant::now();
    for _ in 0..8 {
        let tx = tx.clone();
        go! {
            for i in 0..each {
                chan!(tx <- i);
            }
        };
    }
    drop(tx);
    let receivers = [(); 8].map(|()| {
        let rx = rx.clone();
        go!(move || rx.into_iter().sum::<usize>())
    });
    let sum: usize = receivers
        .into_iter()
        .map(|receiver| receiver.join().expect("a sum"))
        .sum();
    let took = start.elapsed();
    check(sum == 8 * sum_below(each));
    (each * 8, took)
}

pub(crate) fn ring(nodes: usize, n: usize) -> (usize, Duration) {
    let rounds = share(n, nodes);
    let (first, mut last) = gort::channel(0);
    for _ in 1..nodes {
        let (tx, rx) = gort::channel(0);
        let input = std::mem::replace(&mut last, rx);
        go! {
            for v in input {
                chan!(tx <- v + 1);
            }
        };
    }
    let round = |token: usize| {
        chan!(first <- token);
        chan!(<-last).expect("the token") + 1
    };
    check(round(0) == nodes); // now all are there
    let start = Instant::now();
    let token = (0..rounds).fold(0, |token, _| round(token));
    let took = start.elapsed();
    check(token == rounds * nodes);
    (token, took)
}
