//! A load balancer: every request goes to the worker with the least to do (Rob Pike, "Concurrency is not Parallelism",
//! 2012).
//!
//! The Go idiom: requests carry the channel for their answer, so results never come back through the balancer, and the
//! balancer, one goroutine, keeps its accounts without a lock. Go sets `requests` to nil once it is closed so that the
//! `select` waits for the rest; here the arm drops out, and so does the other when the last worker is gone.

use gort::prelude::*;

const WORKERS: usize = 4;
const REQUESTERS: u64 = 20;
const EACH: u64 = 25;

struct Request {
    n: u64,
    resp: Sender<u64>,
}

#[gort::main]
fn main() {
    let (requests, incoming) = gort::channel(0);
    let requesters: Vec<_> = (0..REQUESTERS)
        .map(|id| go!([requests] request_all(id * EACH..(id + 1) * EACH, requests)))
        .collect();
    drop(requests);

    let balancer = go!(balance(incoming));
    let sums = requesters
        .into_iter()
        .map(|requester| requester.join().expect("a sum"));
    println!("sum of squares: {}", sums.sum::<u64>());
    let workers = balancer.join().expect("the balancer ends with the requests");
    println!("served: {}", workers.iter().map(|w| w.served).sum::<u64>());
    println!("all idle: {}", workers.iter().all(|w| w.pending == 0));
}

fn request_all(numbers: std::ops::Range<u64>, requests: Sender<Request>) -> u64 {
    let ask = |n| {
        let (resp, answer) = gort::channel(0);
        chan!(requests <- Request { n, resp });
        chan!(<-answer).expect("every request is answered")
    };
    numbers.map(ask).sum()
}

/// What the balancer knows of a worker.
struct Worker {
    /// `None` when no more will come: then the worker goes home.
    requests: Option<Sender<Request>>,
    pending: usize,
    served: u64,
}

/// Go's original keeps the workers in a heap; for a handful, looking at them all is as fast.
fn balance(requests: Receiver<Request>) -> Vec<Worker> {
    let (done, finished) = gort::channel(WORKERS);
    let mut workers: Vec<Worker> = (0..WORKERS)
        .map(|id| {
            let (requests, incoming) = gort::channel(REQUESTERS as usize);
            go!([done] work(id, incoming, done));
            Worker {
                requests: Some(requests),
                pending: 0,
                served: 0,
            }
        })
        .collect();
    drop(done);
    let mut open = true;
    loop {
        select! {
            request = <-open.then_some(&requests) => match request {
                Some(request) => {
                    let least = workers.iter_mut().min_by_key(|w| w.pending).expect("some worker");
                    chan!(least.requests <- request);
                    least.pending += 1;
                }
                None => {
                    open = false;
                    workers.iter_mut().for_each(|w| w.requests = None);
                }
            },
            Some(id) = <-finished => {
                let worker: &mut Worker = &mut workers[id];
                worker.pending -= 1;
                worker.served += 1;
            }
            else => return workers,
        }
    }
}

fn work(id: usize, requests: Receiver<Request>, done: Sender<usize>) {
    for Request { n, resp } in requests {
        chan!(resp <- n * n);
        chan!(done <- id);
    }
}
