//! A value of another type than the channel's.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(ch <- "one");
    let ch = chan!(String, 1);
    chan!(ch <- "one");
}
