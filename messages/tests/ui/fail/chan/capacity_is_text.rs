//! A capacity that is no number of values.

use gort::prelude::*;

fn main() {
    let a = chan!(u64, "3");
    let b = chan!(u64, 1.5);
    let c = chan!(u64, cap = 3);
}
