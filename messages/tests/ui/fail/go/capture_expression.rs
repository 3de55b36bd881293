//! Expressions without a name in a capture list, and names without an expression.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    let tx = chan!(u64, 1).tx();
    go!([tx.clone()] { drop(tx) });
    go!([out =] { drop(out) });
    go!([work(1)] { work(2) });
    go!([n = work(1) 2] { work(n) });
}
