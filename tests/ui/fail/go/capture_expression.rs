//! Expressions in a capture list.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    let tx = chan!(u64, 1).tx();
    go!([tx.clone()] { drop(tx) });
    go!([out = tx.clone()] { drop(out) });
    go!([work(1)] { work(2) });
}
