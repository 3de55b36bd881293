//! Counters that many goroutines share (Go by Example, "Atomic Counters" and "Mutexes").
//!
//! The Go idiom: where a number is all there is to share, an atomic or a mutex is simpler than a channel. Rust's mutex
//! holds what it guards, so nobody can forget to lock; goroutines of a `scope` borrow both.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use gort::prelude::*;
use gort::sync::Mutex;

#[gort::main]
fn main() {
    let ops = AtomicU64::new(0);
    gort::scope(|s| {
        for _ in 0..50 {
            go!(s => || {
                for _ in 0..1000 {
                    ops.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("ops: {}", ops.into_inner());

    let counts = Mutex::new(BTreeMap::new());
    gort::scope(|s| {
        for (name, times) in [("a", 10_000), ("a", 10_000), ("b", 10_000)] {
            go!(s => count(&counts, name, times));
        }
    });
    for (name, count) in counts.into_inner() {
        println!("{name}: {count}");
    }
}

fn count(counts: &Mutex<BTreeMap<&'static str, u32>>, name: &'static str, times: u32) {
    for _ in 0..times {
        *counts.lock().entry(name).or_default() += 1;
    }
}
