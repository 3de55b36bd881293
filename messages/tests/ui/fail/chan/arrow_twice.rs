//! A receive as the value of a send.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch <- <-ch);
    chan!(ch <- 1 + <-ch);
}
