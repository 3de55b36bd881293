//! A receive as the value of a send.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        b <- <-a => println!("sent"),
        b <- (1 + <-a) => println!("sent"),
    }
}
