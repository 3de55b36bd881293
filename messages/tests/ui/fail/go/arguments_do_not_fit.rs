//! Too many arguments, an argument of another type.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(work(1, 2));
    go!(work("one"));
}
