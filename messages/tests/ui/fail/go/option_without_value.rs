//! An option without a value.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(name = ; work(1));
    go!(name = , stack = 1 << 20; work(1));
}
