//! `move` before a block.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(move { work(1) });
}
