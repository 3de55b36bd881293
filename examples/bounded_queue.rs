//! A queue with room for four, built from a mutex and two condition variables (what a buffered channel is inside; the
//! classic use of `sync.Cond`).
//!
//! The Go idiom: wait in a loop, since the condition may have changed again; `Signal` for one more item, `Broadcast` for the
//! end. Where Go's conditions know their mutex, `wait` here takes its guard.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use gort::prelude::*;
use gort::sync::{Cond, Mutex};

const CAPACITY: usize = 4;
const PRODUCERS: u64 = 5;
const CONSUMERS: u64 = 3;
const EACH: u64 = 1000;

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    not_empty: Cond,
    not_full: Cond,
}

#[derive(Default)]
struct State {
    items: VecDeque<u64>,
    longest: usize,
    closed: bool,
}

impl Queue {
    fn put(&self, item: u64) {
        let mut state = self.state.lock();
        while state.items.len() == CAPACITY {
            self.not_full.wait(&mut state);
        }
        state.items.push_back(item);
        state.longest = state.longest.max(state.items.len());
        self.not_empty.notify_one();
    }

    /// `None` once the queue is closed and empty.
    fn get(&self) -> Option<u64> {
        let mut state = self.state.lock();
        self.not_empty
            .wait_while(&mut state, |state| state.items.is_empty() && !state.closed);
        let item = state.items.pop_front()?;
        self.not_full.notify_one();
        Some(item)
    }

    fn close(&self) {
        self.state.lock().closed = true;
        self.not_empty.notify_all();
    }
}

#[gort::main]
fn main() {
    let queue = Queue::default();
    let [count, sum] = [const { AtomicU64::new(0) }; 2];
    gort::scope(|s| {
        for _ in 0..CONSUMERS {
            go!(s => || {
                while let Some(item) = queue.get() {
                    count.fetch_add(1, Ordering::Relaxed);
                    sum.fetch_add(item, Ordering::Relaxed);
                }
            });
        }
        gort::scope(|s| {
            let queue = &queue;
            for id in 0..PRODUCERS {
                go!(s => move || (id * EACH..(id + 1) * EACH).for_each(|item| queue.put(item)));
            }
        });
        queue.close();
    });
    println!("items: {}", count.into_inner());
    println!("sum: {}", sum.into_inner());
    let longest = queue.state.into_inner().longest;
    println!("never longer than {CAPACITY} items: {}", longest <= CAPACITY);
}
