//! `Some` holds one pattern.

use gort::prelude::*;

fn main() {
    let points = chan!((u64, u64), 1);
    select! {
        Some(x, y) = <-points => println!("{x} {y}"),
    }
}
