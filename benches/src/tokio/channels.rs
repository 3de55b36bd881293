//! Values that go from one task to another.

use std::time::{Duration, Instant};

use gort_bench::{check, share, sum_below};
use tokio::sync::mpsc;

pub(crate) async fn pingpong(pairs: usize, n: usize) -> (usize, Duration) {
    let each = share(n, pairs);
    let start = Instant::now();
    let callers: Vec<_> = (0..pairs).map(|_| tokio::spawn(pair(each))).collect();
    for caller in callers {
        caller.await.expect("a caller");
    }
    (each * pairs, start.elapsed())
}

async fn pair(each: usize) {
    let (ping_tx, mut ping) = mpsc::channel(1);
    let (pong_tx, mut pong) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(v) = ping.recv().await {
            if pong_tx.send(v).await.is_err() {
                break;
            }
        }
    });
    for i in 0..each {
        check(ping_tx.send(i).await.is_ok());
        check(pong.recv().await == Some(i));
    }
}

pub(crate) async fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, mut rx) = mpsc::channel(128);
    let start = Instant::now();
    tokio::spawn(async move {
        for i in 0..n {
            check(tx.send(i).await.is_ok());
        }
    });
    let mut sum = 0;
    while let Some(v) = rx.recv().await {
        sum += v;
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

/// On `async-channel`, as tokio's own have one receiver.
pub(crate) async fn eight_to_eight(capacity: usize, n: usize) -> (usize, Duration) {
    let each = share(n, 8);
    let (tx, rx) = async_channel::bounded(capacity);
    let start = Instant::now();
    for _ in 0..8 {
        let tx = tx.clone();
        tokio::spawn(async move {
            for i in 0..each {
                check(tx.send(i).await.is_ok());
            }
        });
    }
    drop(tx);
    let receivers = [(); 8].map(|()| {
        let rx = rx.clone();
        tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(v) = rx.recv().await {
                sum += v;
            }
            sum
        })
    });
    let mut sum = 0;
    for receiver in receivers {
        sum += receiver.await.expect("a sum");
    }
    let took = start.elapsed();
    check(sum == 8 * sum_below(each));
    (each * 8, took)
}

pub(crate) async fn ring(nodes: usize, n: usize) -> (usize, Duration) {
    let rounds = share(n, nodes);
    let (first, mut last) = mpsc::channel(1);
    for _ in 1..nodes {
        let (tx, rx) = mpsc::channel(1);
        let mut input = std::mem::replace(&mut last, rx);
        tokio::spawn(async move {
            while let Some(v) = input.recv().await {
                if tx.send(v + 1).await.is_err() {
                    break;
                }
            }
        });
    }
    let mut round = async |token: usize| {
        check(first.send(token).await.is_ok());
        last.recv().await.expect("the token") + 1
    };
    check(round(0).await == nodes); // now all are there
    let start = Instant::now();
    let mut token = 0;
    for _ in 0..rounds {
        token = round(token).await;
    }
    let took = start.elapsed();
    check(token == rounds * nodes);
    (token, took)
}
