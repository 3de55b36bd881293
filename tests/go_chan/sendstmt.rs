//! Port of test/chan/sendstmt.go: what the two sides of a send may be (GS-15, GS-56).
#![allow(clippy::overly_complex_bool_expr, clippy::nonminimal_bool)] // The Go original is written so.

use gort::prelude::*;

/// The channel of a send may itself be received from a channel.
#[gort::test]
fn chan_of_chan() {
    let cc = chan!(Chan<i32>, 1);
    let c = chan!(i32, 1);
    chan!(cc <- c.clone());
    select! {
        chan!(<-cc) <- 2 => {}
        default => panic!("nonblock"),
    }
    assert_eq!(chan!(<-c), Some(2));
}

/// `c <- a || b` sends `a || b`.
#[gort::test]
fn send_precedence() {
    let c = chan!(bool, 1);
    chan!(c <- false || true);
    assert_eq!(chan!(<-c), Some(true), "sent false");
}
