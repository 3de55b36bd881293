//! A receive without a channel.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = <- => println!("{v:?}"),
    }
}
