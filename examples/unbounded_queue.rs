//! A queue without a bound between two goroutines: a goroutine that always takes what comes, and offers what it has.
//!
//! The Go idiom is `select { case v, ok := <-in: …; case out <- first(): … }` with a slice in between, where `out` is nil while the slice
//! is empty. In Go the value that was offered and not sent is still in the slice, since it was copied; `take` does the same here:
//! it puts the value back where it was when the other arm is chosen. (`out <- queue.pop_front().unwrap()` would lose it.)

use std::collections::VecDeque;

use gort::prelude::*;

const VALUES: u64 = 1000;

/// Passes on what comes, in order, until there is nothing more. Gives the most that it had to hold.
fn unbounded<T>(input: Receiver<T>, out: Sender<T>) -> usize {
    let mut queue = VecDeque::new();
    let mut most = 0;
    let mut input = Some(input);
    while input.is_some() || !queue.is_empty() {
        select! {
            v = <-input => match v {
                Some(v) => {
                    queue.push_back(v);
                    most = most.max(queue.len());
                }
                None => input = None, // closed: a nil channel from now on
            },
            out <- take queue => {} // empty: this arm is out
        }
    }
    most
}

#[gort::main]
fn main() {
    let (input, queued) = gort::channel(0);
    let (out, results) = gort::channel(0);
    let queue = go!(unbounded(queued, out));

    // Nobody receives yet, and still no send waits for long.
    for value in 0..VALUES {
        chan!(input <- value);
    }
    println!("sent {VALUES} values");
    drop(input);

    let (mut count, mut sum, mut in_order) = (0, 0, true);
    for value in results {
        in_order &= value == count;
        count += 1;
        sum += value;
    }
    println!("received {count} values, their sum is {sum}, in order: {in_order}");
    println!("the queue held up to {}", queue.join().expect("no panic"));
}
