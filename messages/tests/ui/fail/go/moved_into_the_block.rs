//! What a block uses is moved into it, and a number is copied: `n += 1` changes the goroutine's own.

#![deny(unused_assignments)]

use gort::prelude::*;

fn main() {
    let (tx, rx) = gort::channel(1);
    for i in 0..3 {
        go!({ chan!(tx <- i) });
    }
    let text = String::from("text");
    go!({ println!("{text}") });
    println!("{text} {:?}", chan!(<-rx));
}

fn count() -> u32 {
    let mut n = 0;
    go!({ n += 1 });
    n
}
