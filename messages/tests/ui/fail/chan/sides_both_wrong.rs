//! Both sides of one send are wrong.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch ch <- 1 2);
}
