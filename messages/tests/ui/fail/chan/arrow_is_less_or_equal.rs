//! Mistyped arrows.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch <= 1);
    chan!(ch << 1);
}
