//! generate → square (twice) → merge (the Go blog, "Go Concurrency Patterns: Pipelines and cancellation").
//!
//! The Go idiom: a stage is a function from a receiving channel to a receiving channel, with its goroutines inside. Where
//! Go's stages say `close(out)`, and `merge` counts its goroutines to know when, here the last sender that goes away
//! closes the channel.

use gort::prelude::*;

#[gort::main]
fn main() {
    let numbers = generate([2, 3, 5, 7]);
    // Two goroutines share the numbers: fan out, then fan in.
    for n in merge([square(numbers.clone()), square(numbers)]) {
        println!("{n}");
    }
}

fn generate<const N: usize>(numbers: [u64; N]) -> Receiver<u64> {
    let (tx, rx) = gort::channel(0);
    go! {
        for n in numbers {
            chan!(tx <- n);
        }
    };
    rx
}

fn square(numbers: Receiver<u64>) -> Receiver<u64> {
    let (tx, rx) = gort::channel(0);
    go! {
        for n in numbers {
            chan!(tx <- n * n);
        }
    };
    rx
}

fn merge<const N: usize>(inputs: [Receiver<u64>; N]) -> Receiver<u64> {
    let (tx, rx) = gort::channel(0);
    for input in inputs {
        go!([tx] {
            for n in input {
                chan!(tx <- n);
            }
        });
    }
    rx
}
