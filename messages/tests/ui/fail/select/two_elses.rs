//! More than one `else`.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        Some(v) = <-a => println!("{v:?}"),
        else => println!("one"),
        else => println!("two"),
    }
}
