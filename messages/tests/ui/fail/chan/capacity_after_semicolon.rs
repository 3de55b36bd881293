//! A capacity as in an array type, or without a comma, or two of them.

use gort::prelude::*;

fn main() {
    let a = chan!(u64; 3);
    let b = chan!(u64 3);
    let c = chan!(u64, 3, 4);
}
