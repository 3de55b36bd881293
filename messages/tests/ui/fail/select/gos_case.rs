//! Go's `case`.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        case v = <-a => println!("{v:?}"),
        case b <- 1 => println!("sent"),
        default: println!("none"),
    }
}
