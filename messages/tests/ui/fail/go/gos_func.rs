//! Go's function literal.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(func() { work(1) }());
    go!(go work(1));
}
