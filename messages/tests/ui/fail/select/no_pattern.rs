//! Nothing on the left of `=`.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        = <-a => println!("received"),
    }
}
