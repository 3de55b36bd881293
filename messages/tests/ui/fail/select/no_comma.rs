//! No comma after a body that is no block.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = <-a => println!("{v:?}")
        b <- 1 => println!("sent")
        <-a => println!("received")
    }
}
