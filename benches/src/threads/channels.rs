//! Values that go from one thread to another.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use gort_bench::{check, share, sum_below};

pub(crate) fn pingpong(pairs: usize, n: usize) -> (usize, Duration) {
    let each = share(n, pairs);
    let start = Instant::now();
    thread::scope(|s| {
        for _ in 0..pairs {
            let (ping_tx, ping) = bounded(0);
            let (pong_tx, pong) = bounded(0);
            s.spawn(move || {
                for v in ping {
                    check(pong_tx.send(v).is_ok());
                }
            });
            s.spawn(move || {
                for i in 0..each {
                    check(ping_tx.send(i).is_ok());
                    check(pong.recv() == Ok(i));
                }
            });
        }
    });
    (each * pairs, start.elapsed())
}

pub(crate) fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, rx) = bounded(128);
    let start = Instant::now();
    thread::spawn(move || {
        for i in 0..n {
            check(tx.send(i).is_ok());
        }
    });
    let sum: usize = rx.iter().sum();
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

pub(crate) fn eight_to_eight(capacity: usize, n: usize) -> (usize, Duration) {
    let each = share(n, 8);
    let (tx, rx) = bounded(capacity);
    let start = Instant::now();
    for _ in 0..8 {
        let tx = tx.clone();
        thread::spawn(move || {
            for i in 0..each {
                check(tx.send(i).is_ok());
            }
        });
    }
    drop(tx);
    let receivers = [(); 8].map(|()| {
        let rx = rx.clone();
        thread::spawn(move || rx.iter().sum::<usize>())
    });
    let sum: usize = receivers
        .into_iter()
        .map(|receiver| receiver.join().expect("a sum"))
        .sum();
    let took = start.elapsed();
    check(sum == 8 * sum_below(each));
    (each * 8, took)
}
