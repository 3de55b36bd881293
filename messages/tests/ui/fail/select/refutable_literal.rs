//! Patterns that would swallow the other values.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        Some(0) = <-a => println!("zero"),
        Some(1..=9) = <-b => println!("digit"),
        (v, true) = <-a => println!("{v}"),
    }
}
