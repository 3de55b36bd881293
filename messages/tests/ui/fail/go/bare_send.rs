//! A bare send.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    go!(ch <- 1);
}
