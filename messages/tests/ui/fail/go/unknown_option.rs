//! Options that do not exist.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(nmae = "worker"; work(1));
    go!(stack_size = 1 << 20; work(1));
}
