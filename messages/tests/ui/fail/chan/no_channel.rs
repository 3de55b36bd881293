//! A receive without a channel.

use gort::prelude::*;

fn main() {
    let v = chan!(<-);
}
