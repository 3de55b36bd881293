//! Three workers share five jobs (Go by Example, "Worker Pools").
//!
//! The Go idiom: many goroutines range over one channel; closing it sends them all home.

use std::time::Duration;

use gort::prelude::*;
use gort::time::sleep;

#[gort::main]
fn main() {
    const JOBS: usize = 5;
    let jobs = chan!(usize, JOBS);
    let results = chan!(usize, JOBS);
    for id in 1..=3 {
        go!(worker(id, jobs.rx(), results.tx()));
    }
    for j in 1..=JOBS {
        chan!(jobs <- j);
    }
    jobs.close();
    let sum: usize = results.iter().take(JOBS).sum();
    println!("sum of results: {sum}");
}

fn worker(id: u32, jobs: Receiver<usize>, results: Sender<usize>) {
    for j in jobs {
        println!("worker {id} started job {j}");
        sleep(Duration::from_millis(20));
        println!("worker {id} finished job {j}");
        chan!(results <- j * 2);
    }
}
