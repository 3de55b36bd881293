//! A closure that takes arguments.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(move |n| work(n));
}
