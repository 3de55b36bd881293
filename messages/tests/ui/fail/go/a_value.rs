//! Values that nobody can run.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(5);
    go!((work(1), work(2)));
    go!(1 + work(1));
}
