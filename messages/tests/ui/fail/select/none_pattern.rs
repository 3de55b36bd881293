//! Waiting for the end only.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        None = <-a => println!("closed"),
    }
}
