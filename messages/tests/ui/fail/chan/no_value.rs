//! A send without a value.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch <-);
}
