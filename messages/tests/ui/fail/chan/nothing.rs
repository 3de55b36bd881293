//! An empty `chan!`.

use gort::prelude::*;

fn main() {
    let ch = chan!();
}
