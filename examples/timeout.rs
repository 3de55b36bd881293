//! An answer, or enough of waiting (Go by Example, "Timeouts").
//!
//! The Go idiom: select between the answer and `time.After`. The answer's channel is buffered, so that in Go a goroutine
//! nobody waits for any more does not leak; here it would not leak either way.

use std::time::Duration;

use gort::prelude::*;
use gort::time::{after, sleep};

#[gort::main]
fn main() {
    select! {
        answer = <-slow("result 1", Duration::from_secs(2)) => println!("{}", answer.unwrap_or_default()),
        <-after(Duration::from_millis(50)) => println!("timeout 1"),
    }
    select! {
        answer = <-slow("result 2", Duration::from_millis(50)) => println!("{}", answer.unwrap_or_default()),
        <-after(Duration::from_secs(10)) => println!("timeout 2"),
    }
}

fn slow(answer: &'static str, takes: Duration) -> Receiver<&'static str> {
    let (tx, rx) = gort::channel(1);
    go! {
        sleep(takes);
        chan!(tx <- answer);
    };
    rx
}
