//! A bare send as a body.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v = <-a => b <- 1,
        default => {}
    }
}
