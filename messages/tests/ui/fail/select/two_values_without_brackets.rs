//! The two-value form without parentheses.

use gort::prelude::*;

fn main() {
    let (a, b) = (chan!(u64, 1), chan!(u64, 1));
    select! {
        v, ok = <-a => println!("{v} {ok}"),
    }
}
