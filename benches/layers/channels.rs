//! The paths on which nobody waits, and the shortest one on which somebody does.

use std::time::{Duration, Instant};

use criterion::Criterion;
use gort::prelude::*;
use gort::sync::{Mutex, RwLock};

pub(crate) fn all(c: &mut Criterion) {
    let mut group = crate::group(c, "channels");
    let (tx, rx) = gort::channel::<usize>(128);
    crate::step(&mut group, "try_send and try_recv, buffered", 1, || {
        let sent = tx.try_send(1);
        (sent, rx.try_recv())
    });
    crate::step(&mut group, "send and receive, buffered", 1, || {
        chan!(tx <- 1);
        chan!(<-rx)
    });
    crate::step(&mut group, "len", 1, || tx.len());
    crate::step(&mut group, "try_recv, empty", 1, || rx.try_recv());
    let other = chan!(usize);
    crate::step(&mut group, "select of two, one ready, with its send", 1, || {
        chan!(tx <- 1);
        select! {
            v = <-rx => v,
            v = <-other => v,
        }
    });
    crate::step(&mut group, "select of two, default", 1, || {
        select! {
            v = <-rx => v,
            v = <-other => v,
            default => None,
        }
    });
    crate::timed(&mut group, "round trip, unbuffered, one worker", 1, round_trips);
    crate::timed(&mut group, "round trip, unbuffered, two workers", 2, round_trips);
    group.finish();

    let mut group = crate::group(c, "locks");
    let (mutex, rwlock) = (Mutex::new(0), RwLock::new(0));
    crate::step(&mut group, "Mutex, lock and unlock", 1, || *mutex.lock() += 1);
    crate::step(&mut group, "RwLock, read", 1, || *rwlock.read());
    crate::step(&mut group, "RwLock, write", 1, || *rwlock.write() += 1);
}

fn round_trips(times: u64) -> Duration {
    let (ping, pong) = (chan!(u64), chan!(u64));
    go!([ping, pong] {
        for v in ping.rx() {
            chan!(pong <- v);
        }
    });
    let start = Instant::now();
    for i in 0..times {
        chan!(ping <- i);
        assert_eq!(chan!(<-pong), Some(i));
    }
    let took = start.elapsed();
    ping.close();
    took
}
