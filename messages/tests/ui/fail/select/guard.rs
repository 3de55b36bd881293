//! A condition after an arm.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = <-a if a.len() > 1 => println!("{v:?}"),
        b <- 1 if true => println!("sent"),
        default if true => println!("none"),
    }
}
