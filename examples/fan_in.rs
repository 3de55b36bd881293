//! Two boring talkers, one listener (Rob Pike, "Go Concurrency Patterns", 2012).
//!
//! The Go idiom: one goroutine selects over both inputs and takes whoever is ready. Go sets a channel that was closed to
//! nil so that its case is never chosen again; here `Some(…) = <-ch` drops out by itself, and `else` runs when all have.

use std::time::Duration;

use gort::prelude::*;
use gort::time::sleep;

#[gort::main]
fn main() {
    let joe = boring("Joe", Duration::from_millis(3));
    let ann = boring("Ann", Duration::from_millis(5));
    for line in fan_in(joe, ann) {
        println!("{line}");
    }
    println!("You're both boring; I'm leaving.");
}

fn boring(name: &'static str, pause: Duration) -> Receiver<String> {
    let (tx, rx) = gort::channel(0);
    go! {
        for i in 0..4 {
            chan!(tx <- format!("{name} {i}"));
            sleep(pause);
        }
    };
    rx
}

fn fan_in(a: Receiver<String>, b: Receiver<String>) -> Receiver<String> {
    let (tx, rx) = gort::channel(0);
    go! {
        loop {
            select! {
                Some(line) = <-a => chan!(tx <- line),
                Some(line) = <-b => chan!(tx <- line),
                else => break,
            }
        }
    };
    rx
}
