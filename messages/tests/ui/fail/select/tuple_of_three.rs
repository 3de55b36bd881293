//! A tuple that is not the two-value form.

use gort::prelude::*;

fn main() {
    let points = chan!((u64, u64, u64), 1);
    select! {
        (x, y, z) = <-points => println!("{x} {y} {z}"),
    }
}
