//! A value of another type than the channel's.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        a <- "one" => println!("sent"),
    }
}
