//! An option that is given twice.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(name = "a", stack = 1 << 20, name = "b"; work(1));
}
