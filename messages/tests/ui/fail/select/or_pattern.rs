//! Alternatives.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        Some(0 | 1) = <-a => println!("bit"),
        Some(_) | None = <-b => println!("anything"),
    }
}
