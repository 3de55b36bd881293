//! Values of the wrong type.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(name = 5; work(1));
    go!(stack = "1 MiB"; work(1));
    let big: i64 = 1 << 20;
    go!(stack = big; work(1));
}
