//! A type in an arm.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v: Option<u64> = <-a => println!("{v:?}"),
    }
}
