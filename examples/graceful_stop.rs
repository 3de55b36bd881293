//! Workers that run until they are told to stop, and clean up then (the `done` channel of the Go blog's "Pipelines and
//! cancellation").
//!
//! The Go idiom: closing a channel that nobody sends on tells everybody at once; `defer` cleans up on every way out.

use gort::prelude::*;
use gort::sync::WaitGroup;

const WORKERS: usize = 3;

#[gort::main]
fn main() {
    let jobs = chan!(u32);
    let done = chan!(());
    let finished = chan!(String, WORKERS);
    let wg = WaitGroup::new();
    for id in 1..=WORKERS {
        go!(wg => worker(id, jobs.rx(), done.rx(), finished.tx()));
    }
    for job in 0..30 {
        chan!(jobs <- job);
    }
    println!("stopping");
    done.close();
    wg.wait();
    finished.close();
    for line in finished {
        println!("{line}");
    }
    println!("stopped");
}

fn worker(id: usize, jobs: Receiver<u32>, done: Receiver<()>, finished: Sender<String>) {
    defer! {
        chan!(finished <- format!("worker {id} cleaned up"));
    }
    loop {
        select! {
            <-jobs => {} // a job is done in no time here
            <-done => return,
        }
    }
}
