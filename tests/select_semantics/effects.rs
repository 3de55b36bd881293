//! What becomes of values: an arm that is not chosen has no effect, and an unsent value is dropped
//! exactly once.
#![allow(clippy::unnecessary_literal_unwrap)] // An operand that panics is what is tested.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::prelude::*;

use crate::support::panic_message;
use crate::{NIL, closed, deaf};

/// Counts how often it is dropped.
#[derive(Clone, Debug, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn value(&self) -> Counted {
        Counted(self.0.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Every arm out and no `else`: nothing can ever come, and the goroutine ends quietly. In a main
/// goroutine it is a panic.
#[gort::test]
fn all_arms_out_end_the_goroutine() {
    let drops = Drops::default();
    let value = drops.value();
    let handle = go!(move || {
        let _value = value;
        let gone = closed();
        select! {
            Some(_) = <-gone => {}
            deaf() <- 1 => {}
        }
    });
    assert!(!handle.join().unwrap_err().is_panic());
    assert_eq!(drops.count(), 1);
}

#[gort::test]
fn a_send_on_a_closed_channel_panics_if_chosen() {
    let (gone, nothing) = (closed(), chan!(u32));
    for _ in 0..20 {
        let message = panic_message(|| {
            select! {
                gone <- 1 => {}
                <-nothing => {}
            }
        });
        assert_eq!(message, "send on closed channel");
    }
    // Against another ready arm it is a matter of chance.
    let (mut panics, mut values) = (0, 0);
    let gone_rx = gone.rx();
    for _ in 0..1000 {
        let result = gort::recover(|| {
            select! {
                gone <- 1 => {}
                <-gone_rx => {}
            }
        });
        *if result.is_err() { &mut panics } else { &mut values } += 1;
    }
    assert!(panics > 300 && values > 300, "{panics} panics, {values} values");
}

#[gort::test]
fn a_blocked_send_panics_when_the_channel_closes() {
    let ch = chan!(u32);
    let handle = go!([ch] {
        let caught = gort::recover(|| {
            select! {
                ch <- 1 => {}
                <-NIL => {}
            }
        });
        caught.unwrap_err().to_string()
    });
    gort::time::sleep(Duration::from_millis(2));
    ch.close();
    assert_eq!(handle.join().unwrap(), "send on closed channel");
}

#[gort::test]
fn an_unsent_value_is_dropped_once_and_a_sent_one_is_not() {
    let drops = Drops::default();
    let (full, free) = (chan!(Counted, 1), chan!(Counted, 1));
    chan!(full <- drops.value());
    select! {
        full <- drops.value() => panic!("full"),
        free <- drops.value() => assert_eq!(drops.count(), 1, "the losing value goes before the body runs"),
    }
    assert_eq!(drops.count(), 1);
    select! {
        full <- drops.value() => panic!("full"),
        default => assert_eq!(drops.count(), 2),
    }
    drop((full, free));
    assert_eq!(drops.count(), 4);

    // Handed over while waiting, given up while waiting, and refused because of the close.
    let drops = Drops::default();
    let (a, b, stop) = (chan!(Counted), chan!(Counted), chan!(()));
    let sender = go!([a, b, drops] {
        select! {
            a <- drops.value() => {}
            b <- drops.value() => {}
        }
    });
    let got = chan!(<-b).unwrap();
    sender.join().unwrap();
    assert_eq!(drops.count(), 1);
    drop(got);
    assert_eq!(drops.count(), 2);
    let sender = go!([a, stop, drops] {
        select! {
            a <- drops.value() => panic!("nobody receives"),
            <-stop => {}
        }
    });
    chan!(stop <- ());
    sender.join().unwrap();
    assert_eq!(drops.count(), 3);
    let sender = go!([a, drops] {
        gort::recover(|| {
            select! {
                a <- drops.value() => {}
                <-NIL => {}
            }
        })
        .is_err()
    });
    gort::time::sleep(Duration::from_millis(2));
    a.close();
    assert!(sender.join().unwrap());
    assert_eq!(drops.count(), 4);
}

#[gort::test]
fn a_panic_in_an_operand_leaves_nothing_behind() {
    let drops = Drops::default();
    let ch = chan!(Counted, 1);
    let message = panic_message(|| {
        select! {
            ch <- drops.value() => {}
            <-None::<Option<Receiver<u32>>>.expect("a channel") => {}
        }
    });
    assert_eq!(message, "a channel");
    assert_eq!((drops.count(), ch.len()), (1, 0));
}

/// What an arm receives goes to one place only: the losers' channels keep all they have.
#[gort::test]
fn losers_lose_nothing() {
    let (a, b) = (chan!(u32, 100), chan!(u32, 100));
    for i in 0..100 {
        chan!(a <- i);
        chan!(b <- i);
    }
    let (mut from_a, mut from_b) = (0..100, 0..100);
    for round in 0..200 {
        select! {
            Some(v) = <-a => assert_eq!(Some(v), from_a.next()),
            Some(v) = <-b => assert_eq!(Some(v), from_b.next()),
        }
        assert_eq!(a.len() + b.len(), 199 - round);
    }
}
