//! A variant of an enum: rustc sees it.

use gort::prelude::*;

enum Shape {
    Square { side: u64 },
    Circle,
}

fn main() {
    let shapes = chan!(Shape, 1);
    chan!(shapes <- Shape::Circle);
    chan!(shapes <- Shape::Square { side: 1 });
    select! {
        Some(Shape::Square { side }) = <-shapes => println!("{side}"),
    }
}
