//! A channel where a half of it is wanted: `c.rx()`, `c.tx()`, or the `.into()` that rustc offers.

use gort::prelude::*;

fn worker(id: u32, jobs: Receiver<u64>) {
    for job in jobs {
        println!("{id} {job}");
    }
}

struct Pool;

impl Pool {
    fn fill(&self, jobs: Sender<u64>) {
        chan!(jobs <- 1);
    }
}

fn main() {
    let jobs = chan!(u64, 1);
    go!(worker(1, jobs.clone()));
    go!(Pool.fill(jobs.clone()));
    go!(worker(2, jobs));
    let (tx, _rx) = gort::channel(1);
    go!(worker(3, tx));
}
