//! Bodies of different types.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    let v: Option<u64> = select! {
        v = <-a => v,
        default => "none",
    };
    println!("{v:?}");
}
