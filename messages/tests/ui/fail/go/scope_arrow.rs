//! The wrong arrow after the scope, and no scope.

use gort::prelude::*;

fn work(n: u64) -> u64 {
    n
}

fn main() {
    gort::scope(|s| {
        go!(s -> work(1));
        go!(=> work(1));
    });
}
