//! Requests at a steady pace, and a burst that is allowed (Go by Example, "Rate Limiting").
//!
//! The Go idiom: whoever wants to go on receives from a ticker first; a buffered channel of ticks, filled beforehand,
//! lets so many through at once.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::time::tick;

const TICK: Duration = Duration::from_millis(20);

#[gort::main]
fn main() {
    let start = Instant::now();
    let limiter = tick(TICK);
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
    let ticks = bursty.tx();
    go! {
        for at in tick(TICK) {
            chan!(ticks <- at);
        }
    };
    for request in 1..=5 {
        chan!(<-bursty);
        println!("bursty request {request}");
    }
    println!("paced after the burst: {}", start.elapsed() >= 2 * TICK);
}
