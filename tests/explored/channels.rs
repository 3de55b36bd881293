//! Channels and select.

use std::sync::Arc;

use gort::prelude::*;
use gort::sync::Mutex;

use super::holds;

#[test]
fn values_come_in_order_and_once() {
    for capacity in [0, 1, 2] {
        let program: fn() = match capacity {
            0 => || in_order(0),
            1 => || in_order(1),
            _ => || in_order(2),
        };
        holds(program);
    }
}

fn in_order(capacity: usize) {
    let (tx, rx) = gort::channel(capacity);
    for sender in 0..2_u32 {
        go!([tx] {
            for i in 0..2 {
                chan!(tx <- (sender, i));
            }
        });
    }
    drop(tx);
    let mut next = [0, 0];
    for (sender, i) in rx {
        assert_eq!(next[sender as usize], i, "first in, first out");
        next[sender as usize] += 1;
    }
    assert_eq!(next, [2, 2], "none is lost");
}

#[test]
fn a_close_reaches_all_who_wait() {
    holds(|| {
        let ch = chan!(u32);
        let waiters: Vec<_> = (0..3).map(|_| go!([rx = ch.rx()] { chan!(<-rx) })).collect();
        ch.close();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), None);
        }
    });
}

#[test]
fn an_unsent_value_comes_back() {
    holds(|| {
        let (tx, rx) = gort::channel::<Box<u32>>(0);
        let sender = go!(move || tx.send(Box::new(7)).err().map(|error| *error.into_inner()));
        let closer = go!(move || drop(rx));
        closer.join().unwrap();
        assert_eq!(sender.join().unwrap(), Some(7));
    });
}

#[test]
fn a_select_performs_one_arm() {
    holds(|| {
        let (a, b) = (chan!(u32, 1), chan!(u32, 1));
        let sender = go!([a, b] {
            select! {
                a <- 1 => {}
                b <- 2 => {}
            }
        });
        let got = select! {
            Some(v) = <-a => v,
            Some(v) = <-b => v,
        };
        sender.join().unwrap();
        assert!(got == 1 || got == 2);
        assert!(a.is_empty() && b.is_empty(), "the other one had no effect");
    });
}

#[test]
fn two_selects_meet() {
    holds(|| {
        let (a, b) = (chan!(u32), chan!(u32));
        let other = go!([a, b] {
            select! {
                a <- 1 => 1,
                v = <-b => v.unwrap(),
            }
        });
        let mine = select! {
            v = <-a => v.unwrap(),
            b <- 2 => 2,
        };
        assert_eq!(mine, other.join().unwrap(), "both took the same way");
    });
}

#[test]
fn a_default_is_taken_only_if_nothing_is_ready() {
    holds(|| {
        let ch = chan!(u32, 1);
        let sent = Arc::new(Mutex::new(false));
        let sender = go!([ch, sent] {
            let mut sent = sent.lock();
            chan!(ch <- 1);
            *sent = true;
        });
        let was_sent = *sent.lock();
        let got = select! {
            <-ch => true,
            default => false,
        };
        assert!(got || !was_sent, "it was there");
        sender.join().unwrap();
    });
}

#[test]
fn the_last_sender_closes() {
    holds(|| {
        let (tx, rx) = gort::channel::<u32>(4);
        let second = tx.clone();
        go!(move || {
            chan!(tx <- 1);
        });
        go!(move || {
            chan!(second <- 2);
        });
        assert_eq!(rx.into_iter().sum::<u32>(), 3);
    });
}
