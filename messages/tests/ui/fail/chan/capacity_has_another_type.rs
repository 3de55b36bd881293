//! A capacity of another integer type.

use gort::prelude::*;

fn main() {
    let n: i32 = 3;
    let ch = chan!(u64, n);
}
