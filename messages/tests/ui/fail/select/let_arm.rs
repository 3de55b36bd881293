//! `let` in an arm.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        let v = <-a => println!("{v:?}"),
    }
}
