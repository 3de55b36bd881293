//! A comma too many.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = <-a => println!("{v:?}"),,
        b <- 1 => println!("sent"),
    }
}
