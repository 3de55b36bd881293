//! Five philosophers, five forks (Dijkstra's problem, as Go programs solve it: a fork is a channel).
//!
//! The Go idiom: a channel of capacity 1 is a lock that can be passed around. The last philosopher takes the right fork first,
//! which breaks the circle in which everybody would hold one fork and wait for the next.

use std::time::Duration;

use gort::prelude::*;
use gort::time::sleep;

struct Fork;

#[gort::main]
fn main() {
    let names = ["Aristotle", "Kant", "Spinoza", "Marx", "Russell"];
    let forks = names.map(|_| {
        let place = chan!(Fork, 1);
        chan!(place <- Fork);
        place
    });
    let (log_tx, log) = gort::channel(0);
    for (i, name) in names.into_iter().enumerate() {
        let (left, right) = (forks[i].clone(), forks[(i + 1) % forks.len()].clone());
        let (first, second) = if i + 1 == names.len() {
            (right, left)
        } else {
            (left, right)
        };
        go!(dine(name, first, second, log_tx.clone()));
    }
    drop(log_tx);
    for line in log {
        println!("{line}");
    }
    println!("the table is empty");
}

fn dine(name: &str, first: Chan<Fork>, second: Chan<Fork>, log: Sender<String>) {
    for _ in 0..3 {
        let (Some(one), Some(other)) = (chan!(<-first), chan!(<-second)) else {
            return;
        };
        chan!(log <- format!("{name} eats"));
        sleep(Duration::from_millis(1));
        chan!(second <- other);
        chan!(first <- one);
        chan!(log <- format!("{name} thinks"));
    }
    chan!(log <- format!("{name} is full"));
}
