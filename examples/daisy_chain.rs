//! Chinese whispers among 100,000 goroutines (Rob Pike, "Go Concurrency Patterns", 2012).
//!
//! The Go idiom: goroutines are so cheap that nobody counts them. All of them wait at the same time here; each adds one to
//! what it hears from the right and passes it on to the left.

use gort::prelude::*;

const GOPHERS: u64 = 100_000;

#[gort::main]
fn main() {
    let (first, leftmost) = gort::channel(0);
    let mut left = first;
    for _ in 0..GOPHERS {
        let (tx, right) = gort::channel(0);
        go!(whisper(left, right));
        left = tx;
    }
    chan!(left <- 1);
    println!("{}", chan!(<-leftmost).unwrap_or_default());
}

fn whisper(left: Sender<u64>, right: Receiver<u64>) {
    if let Some(heard) = chan!(<-right) {
        chan!(left <- heard + 1);
    }
}
