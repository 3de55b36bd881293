//! A map that one goroutine owns and 110 others use (Go by Example, "Stateful Goroutines").
//!
//! The Go idiom: do not communicate by sharing memory; share memory by communicating. A request carries the channel
//! for its answer. Here the owner also ends: its `else` runs once every client has dropped its sender.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use gort::prelude::*;

const KEYS: usize = 5;
const READERS: usize = 100;
const WRITERS: usize = 10;
const EACH: usize = 200;

struct Read {
    key: usize,
    resp: Sender<u64>,
}

struct Write {
    key: usize,
    value: u64,
    resp: Sender<u64>,
}

#[gort::main]
fn main() {
    let (reads, read_requests) = gort::channel(0);
    let (writes, write_requests) = gort::channel(0);
    let owner = go!(own(read_requests, write_requests));

    let [read_ops, write_ops, backwards] = [const { AtomicU64::new(0) }; 3];
    gort::scope(|s| {
        for id in 0..READERS {
            let (reads, read_ops, backwards) = (&reads, &read_ops, &backwards);
            go!(s => {
                let mut last = 0;
                for _ in 0..EACH {
                    let value = read(reads, id % KEYS);
                    if value < last {
                        backwards.fetch_add(1, Ordering::Relaxed);
                    }
                    last = value;
                    read_ops.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for id in 0..WRITERS {
            let (writes, write_ops) = (&writes, &write_ops);
            go!(s => {
                for _ in 0..EACH {
                    write(writes, id % KEYS, 1);
                    write_ops.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("reads: {}", read_ops.into_inner());
    println!("writes: {}", write_ops.into_inner());
    println!("a value that went backwards: {}", backwards.into_inner());
    for key in 0..KEYS {
        println!("state[{key}] = {}", read(&reads, key));
    }
    drop((reads, writes));
    owner.join().expect("the owner returns when nobody asks any more");
}

fn own(reads: Receiver<Read>, writes: Receiver<Write>) {
    let mut state = HashMap::new();
    loop {
        select! {
            Some(read) = <-reads => {
                let Read { key, resp } = read;
                chan!(resp <- state.get(&key).copied().unwrap_or(0));
            }
            Some(write) = <-writes => {
                let Write { key, value, resp } = write;
                let slot = state.entry(key).or_insert(0);
                *slot += value;
                chan!(resp <- *slot);
            }
            else => return,
        }
    }
}

fn read(reads: &Sender<Read>, key: usize) -> u64 {
    let (resp, answer) = gort::channel(0);
    chan!(reads <- Read { key, resp });
    chan!(<-answer).expect("the owner answers")
}

fn write(writes: &Sender<Write>, key: usize, value: u64) -> u64 {
    let (resp, answer) = gort::channel(0);
    chan!(writes <- Write { key, value, resp });
    chan!(<-answer).expect("the owner answers")
}
