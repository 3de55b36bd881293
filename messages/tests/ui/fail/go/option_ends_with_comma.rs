//! No semicolon after the options.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    go!(name = "a", work(1));
    go!(name = "a" { work(1) });
}
