//! Go's declaration inside the macro.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(v := <-ch);
}
