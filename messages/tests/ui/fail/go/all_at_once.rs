//! Every mistake is reported at once.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(nmae = "a", stack = 1, stack = 2; [f(x), n] async { work(n) });
}
