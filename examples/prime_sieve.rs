//! The concurrent prime sieve: a filter goroutine for every prime found (Doug McIlroy's, as on the Go playground).
//!
//! The Go idiom: a daisy chain that grows while it runs. In Go its goroutines are left hanging at the end; here the
//! filters end one after the other once the last receiver is gone.

use gort::prelude::*;

#[gort::main]
fn main() {
    let mut numbers = generate();
    for _ in 0..100 {
        let Some(prime) = chan!(<-numbers) else { break };
        println!("{prime}");
        numbers = filter(numbers, prime);
    }
}

/// 2, 3, 4, …
fn generate() -> Receiver<u64> {
    let (tx, rx) = gort::channel(0);
    go! {
        for n in 2.. {
            chan!(tx <- n);
        }
    };
    rx
}

/// What `prime` does not divide.
fn filter(numbers: Receiver<u64>, prime: u64) -> Receiver<u64> {
    let (tx, rx) = gort::channel(0);
    go! {
        for n in numbers {
            if n % prime != 0 {
                chan!(tx <- n);
            }
        }
    };
    rx
}
