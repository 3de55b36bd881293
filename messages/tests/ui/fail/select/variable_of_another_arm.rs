//! A variable of one arm in the body of another.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = <-a => println!("{v:?}"),
        b <- 1 => println!("{v:?}"),
    }
}
