//! A colon instead of `=`.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(name: "a"; work(1));
}
