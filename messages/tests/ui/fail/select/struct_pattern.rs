//! A struct pattern without `Some`.

use gort::prelude::*;

struct Point {
    x: u64,
}

fn main() {
    let points = chan!(Point, 1);
    select! {
        Point { x } = <-points => println!("{x}"),
    }
}
