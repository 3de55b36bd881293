//! Go's two-value receive.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(v, ok = <-ch);
}
