//! `biased` without its semicolon.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        biased,
        v = <-a => println!("{v:?}"),
    }
}
