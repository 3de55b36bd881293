//! As many goroutines as there is work, four of them at a time (golang.org/x/sync/semaphore, its "worker pool" example).
//!
//! The Go idiom: take a permit before the `go` statement, so that the loop itself waits, and give it back in a `defer`;
//! taking all permits waits for the last. In Go a buffered channel of empty structs does the same. Here the permit is a
//! guard that travels into the goroutine.

use std::sync::atomic::{AtomicUsize, Ordering};

use gort::prelude::*;
use gort::sync::Semaphore;

const WORKERS: usize = 4;

#[gort::main]
fn main() {
    let permits = Semaphore::new(WORKERS);
    let [running, most] = [const { AtomicUsize::new(0) }; 2];
    let mut out = [0; 32];
    gort::scope(|s| {
        let (running, most) = (&running, &most);
        for (n, slot) in (1..).zip(&mut out) {
            let permit = permits.permit(1);
            go!(s => {
                let _permit = permit;
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                *slot = steps(n);
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    println!("[{}]", out.map(|steps| steps.to_string()).join(" "));
    println!(
        "never more than {WORKERS} at once: {}",
        most.into_inner() <= WORKERS
    );
}

/// How many steps of "halve it if even, else triple it and add one" lead to 1.
fn steps(mut n: u64) -> usize {
    let mut count = 0;
    while n != 1 {
        n = if n.is_multiple_of(2) { n / 2 } else { 3 * n + 1 };
        count += 1;
    }
    count
}
