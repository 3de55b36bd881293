//! A send without a value.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        b <- => println!("sent"),
    }
}
