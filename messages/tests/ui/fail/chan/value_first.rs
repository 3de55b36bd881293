//! Capacity and type exchanged.

use gort::prelude::*;

fn main() {
    let ch = chan!(100, u64);
}
