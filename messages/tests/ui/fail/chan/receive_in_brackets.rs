//! A receive inside an expression.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch <- (1 + <-ch));
    chan!(ch <- max(1, <-ch));
}
