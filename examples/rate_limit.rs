//! Requests at a steady pace, and a burst that is allowed (Go by Example, "Rate Limiting").
//!
//! The Go idiom: whoever wants to go on receives from a ticker first; a buffered channel of ticks, filled beforehand,
//! lets so many through at once.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::time::sleep;

const TICK: Duration = Duration::from_millis(20);

#[gort::main]
fn main() {
    let start = Instant::now();
    let limiter = chan!(Instant);
    go!(tick(limiter.tx()));
    for request in 1..=5 {
        chan!(<-limiter);
        println!("request {request}");
    }
    println!("paced: {}", start.elapsed() >= 5 * TICK);

    let start = Instant::now();
    let bursty = chan!(Instant, 3);
    for _ in 0..3 {
        chan!(bursty <- Instant::now());
    }
    go!(tick(bursty.tx()));
    for request in 1..=5 {
        chan!(<-bursty);
        println!("bursty request {request}");
    }
    println!("paced after the burst: {}", start.elapsed() >= 2 * TICK);
}

/// Sends a tick at every beat, until nobody can receive any more. A beat is counted from the start, so that a late one
/// does not delay those after it.
fn tick(ticks: Sender<Instant>) {
    let mut next = Instant::now();
    loop {
        next += TICK;
        sleep(next.saturating_duration_since(Instant::now()));
        chan!(ticks <- Instant::now());
    }
}
