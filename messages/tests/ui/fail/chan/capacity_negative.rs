//! A negative capacity.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, -1);
}
