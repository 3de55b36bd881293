//! Go's way to make a channel.

use gort::prelude::*;

fn main() {
    let a = chan!(make(chan u64));
    let b = chan!(chan u64);
    let c = chan!(chan u64, 3);
}
