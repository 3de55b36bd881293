//! The last arm has no `=>`.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        b <- 1 => println!("sent"),
        v = <-a
    }
}
