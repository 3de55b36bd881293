//! Two values in one send.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch <- 1, 2);
}
