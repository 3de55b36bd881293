//! Port of test/chancap.go: length and capacity of channels (GS-16, GS-24, GS-47).
//!
//! A negative capacity is a `usize` that cannot be written; the two too big ones panic as in Go.

use gort::prelude::*;

use crate::support::panic_message;

#[gort::test]
fn len_and_capacity() {
    let c = chan!(i32, 10);
    assert_eq!((c.len(), c.capacity()), (0, 10));
    for i in 0..3 {
        chan!(c <- i);
    }
    assert_eq!((c.len(), c.capacity()), (3, 10));
    let (tx, rx) = c.split();
    assert_eq!((tx.len(), tx.capacity()), (3, 10));
    assert_eq!((rx.len(), rx.capacity()), (3, 10));

    let c = chan!(i32);
    assert_eq!((c.len(), c.capacity()), (0, 0));
}

/// Blocked senders do not count.
#[gort::test]
fn unbuffered_len_stays_zero() {
    let c = chan!(i32);
    let sender = go!([c] { chan!(c <- 1) });
    gort::time::sleep(std::time::Duration::from_millis(2));
    assert_eq!((c.len(), c.capacity()), (0, 0));
    assert_eq!(chan!(<-c), Some(1));
    sender.join().unwrap();
}

#[gort::test]
fn a_size_out_of_range_panics() {
    for n in [1 << 59, (1 << 63) - 1, usize::MAX] {
        let message = panic_message(|| drop(chan!(i64, n)));
        assert!(
            message.contains("makechan: size out of range"),
            "got panic {message:?} for {n}"
        );
    }
}
