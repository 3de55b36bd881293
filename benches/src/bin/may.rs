//! The workloads on `may`: stackful coroutines.
//!
//! Stand-ins: may's channels are unbounded, so `spsc`, its fastest, stands in for unbuffered and for bounded ones; the
//! producers never wait for anybody, which is to may's advantage. Its sieve therefore generates just the numbers that
//! are needed. It has no `select` over channels that loses nothing, so `cqueue` with four arms stands in for it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use gort_bench::{WORKERS, Workload, check, share, sum_below};
use may::coroutine::yield_now;
use may::sync::{WaitGroup, spsc};
use may::{cqueue, cqueue_add, go};

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "spawn",
        run: spawn,
    },
    Workload {
        name: "yield",
        run: |n| yields(4, n),
    },
    Workload {
        name: "yield-alone",
        run: |n| yields(1, n),
    },
    Workload {
        name: "pingpong",
        run: pingpong,
    },
    Workload {
        name: "buffered1x1",
        run: buffered1x1,
    },
    Workload {
        name: "select4",
        run: select4,
    },
    Workload {
        name: "ring",
        run: ring,
    },
    Workload {
        name: "sieve",
        run: |_| sieve(),
    },
];

fn main() -> ExitCode {
    // The pool of idle coroutines holds a whole batch of `spawn` (its default is 100).
    may::config().set_workers(WORKERS).set_pool_capacity(2000);
    go!(|| gort_bench::main(WORKLOADS)).join().expect("the workload")
}

fn spawn(n: usize) -> (usize, Duration) {
    const BATCH: usize = 1000;
    let batches = share(n, BATCH);
    let start = Instant::now();
    for _ in 0..batches {
        let all = WaitGroup::new();
        for _ in 0..BATCH {
            let one = all.clone();
            go!(move || drop(one));
        }
        all.wait();
    }
    (batches * BATCH, start.elapsed())
}

fn yields(coroutines: usize, n: usize) -> (usize, Duration) {
    let each = share(n, coroutines);
    let all = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..coroutines {
        let one = all.clone();
        go!(move || {
            for _ in 0..each {
                yield_now();
            }
            drop(one);
        });
    }
    all.wait();
    (each * coroutines, start.elapsed())
}

fn pingpong(n: usize) -> (usize, Duration) {
    let (ping_tx, ping) = spsc::channel();
    let (pong_tx, pong) = spsc::channel();
    go!(move || {
        for v in ping {
            if pong_tx.send(v).is_err() {
                break;
            }
        }
    });
    let start = Instant::now();
    for i in 0..n {
        check(ping_tx.send(i).is_ok());
        check(pong.recv() == Ok(i));
    }
    (n, start.elapsed())
}

fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, rx) = spsc::channel();
    let start = Instant::now();
    go!(move || {
        for i in 0..n {
            check(tx.send(i).is_ok());
        }
    });
    let sum: usize = rx.iter().sum();
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

fn select4(n: usize) -> (usize, Duration) {
    let each = share(n, 4);
    let start = Instant::now();
    let [a, b, c, d] = [(); 4].map(|()| {
        let (tx, rx) = spsc::channel();
        go!(move || {
            for i in 0..each {
                check(tx.send(i).is_ok());
            }
        });
        rx
    });
    let sum = std::sync::atomic::AtomicUsize::new(0);
    let add = |v: usize| sum.fetch_add(v, std::sync::atomic::Ordering::Relaxed);
    cqueue::scope(|arms| {
        cqueue_add!(arms, 0, v = a.recv().unwrap_or(0) => { add(v); });
        cqueue_add!(arms, 1, v = b.recv().unwrap_or(0) => { add(v); });
        cqueue_add!(arms, 2, v = c.recv().unwrap_or(0) => { add(v); });
        cqueue_add!(arms, 3, v = d.recv().unwrap_or(0) => { add(v); });
        let mut left = [each; 4];
        while left.iter().any(|&n| n > 0) {
            let event = arms.poll(None).expect("an event");
            left[event.token] = left[event.token].saturating_sub(1);
        }
    });
    let took = start.elapsed();
    check(sum.into_inner() == 4 * sum_below(each));
    (each * 4, took)
}

fn ring(n: usize) -> (usize, Duration) {
    const NODES: usize = 1000;
    let rounds = share(n, NODES);
    let (first, mut last) = spsc::channel();
    for _ in 1..NODES {
        let (tx, rx) = spsc::channel();
        let input = std::mem::replace(&mut last, rx);
        go!(move || {
            for v in input {
                if tx.send(v + 1).is_err() {
                    break;
                }
            }
        });
    }
    let start = Instant::now();
    let mut token = 0;
    for _ in 0..rounds {
        check(first.send(token).is_ok());
        token = last.recv().expect("the token") + 1;
    }
    let took = start.elapsed();
    check(token == rounds * NODES);
    (token, took)
}

fn sieve() -> (usize, Duration) {
    const PRIMES: usize = 4000;
    let start = Instant::now();
    let (tx, mut last) = spsc::channel();
    go!(move || {
        for i in 2..=37_813 {
            if tx.send(i).is_err() {
                break;
            }
        }
    });
    let mut prime = 0;
    for _ in 0..PRIMES {
        prime = last.recv().expect("a prime");
        let (tx, rx) = spsc::channel();
        let input = std::mem::replace(&mut last, rx);
        go!(move || {
            for i in input {
                if i % prime != 0 && tx.send(i).is_err() {
                    break;
                }
            }
        });
    }
    let took = start.elapsed();
    check(prime == 37_813);
    (PRIMES, took)
}
