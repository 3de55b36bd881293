//! The workloads on tokio: tasks and `tokio::sync::mpsc`.
//!
//! Stand-ins: tokio has no unbuffered channel, so a capacity of 1 (the smallest it takes) stands in for it. The body of
//! a workload is itself a task, because the thread that calls `block_on` is not a worker.

use std::future::Future;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use gort_bench::{WORKERS, Workload, check, share, sum_below};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::yield_now;

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "spawn",
        run: |n| on_a_worker(spawn(n)),
    },
    Workload {
        name: "yield",
        run: |n| on_a_worker(yields(4, n)),
    },
    Workload {
        name: "yield-alone",
        run: |n| on_a_worker(yields(1, n)),
    },
    Workload {
        name: "pingpong",
        run: |n| on_a_worker(pingpong(n)),
    },
    Workload {
        name: "buffered1x1",
        run: |n| on_a_worker(buffered1x1(n)),
    },
    Workload {
        name: "select4",
        run: |n| on_a_worker(select4(n)),
    },
    Workload {
        name: "ring",
        run: |n| on_a_worker(ring(n)),
    },
    Workload {
        name: "sieve",
        run: |_| on_a_worker(sieve()),
    },
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .build()
        .expect("a tokio runtime")
});

fn on_a_worker<T: Send + 'static>(body: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.block_on(RUNTIME.spawn(body)).expect("the workload")
}

fn main() -> ExitCode {
    gort_bench::main(WORKLOADS)
}

async fn spawn(n: usize) -> (usize, Duration) {
    const BATCH: usize = 1000;
    let batches = share(n, BATCH);
    let mut tasks = Vec::with_capacity(BATCH);
    let start = Instant::now();
    for _ in 0..batches {
        tasks.extend((0..BATCH).map(|_| tokio::spawn(async {})));
        for task in tasks.drain(..) {
            task.await.expect("an empty task");
        }
    }
    (batches * BATCH, start.elapsed())
}

async fn yields(tasks: usize, n: usize) -> (usize, Duration) {
    let each = share(n, tasks);
    let start = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..each {
                    yield_now().await;
                }
            })
        })
        .collect();
    let ops = each * tasks.len();
    for task in tasks {
        task.await.expect("a yielding task");
    }
    (ops, start.elapsed())
}

async fn pingpong(n: usize) -> (usize, Duration) {
    let (ping_tx, mut ping) = mpsc::channel(1);
    let (pong_tx, mut pong) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(v) = ping.recv().await {
            if pong_tx.send(v).await.is_err() {
                break;
            }
        }
    });
    let start = Instant::now();
    for i in 0..n {
        check(ping_tx.send(i).await.is_ok());
        check(pong.recv().await == Some(i));
    }
    (n, start.elapsed())
}

async fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, mut rx) = mpsc::channel(128);
    let start = Instant::now();
    tokio::spawn(async move {
        for i in 0..n {
            check(tx.send(i).await.is_ok());
        }
    });
    let mut sum = 0;
    while let Some(v) = rx.recv().await {
        sum += v;
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

async fn select4(n: usize) -> (usize, Duration) {
    let each = share(n, 4);
    let start = Instant::now();
    let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| {
        let (tx, rx) = mpsc::channel(1);
        tokio::spawn(async move {
            for i in 0..each {
                check(tx.send(i).await.is_ok());
            }
        });
        rx
    });
    let mut sum = 0;
    for _ in 0..each * 4 {
        sum += tokio::select! {
            Some(v) = a.recv() => v,
            Some(v) = b.recv() => v,
            Some(v) = c.recv() => v,
            Some(v) = d.recv() => v,
            else => unreachable!("values are missing"),
        };
    }
    let took = start.elapsed();
    check(sum == 4 * sum_below(each));
    (each * 4, took)
}

async fn ring(n: usize) -> (usize, Duration) {
    const NODES: usize = 1000;
    let rounds = share(n, NODES);
    let (first, mut last) = mpsc::channel(1);
    for _ in 1..NODES {
        let (tx, rx) = mpsc::channel(1);
        let mut input = std::mem::replace(&mut last, rx);
        tokio::spawn(async move {
            while let Some(v) = input.recv().await {
                if tx.send(v + 1).await.is_err() {
                    break;
                }
            }
        });
    }
    let start = Instant::now();
    let mut token = 0;
    for _ in 0..rounds {
        check(first.send(token).await.is_ok());
        token = last.recv().await.expect("the token") + 1;
    }
    let took = start.elapsed();
    check(token == rounds * NODES);
    (token, took)
}

async fn sieve() -> (usize, Duration) {
    const PRIMES: usize = 4000;
    let start = Instant::now();
    let (tx, mut last) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut i = 2;
        while tx.send(i).await.is_ok() {
            i += 1;
        }
    });
    let mut prime = 0;
    for _ in 0..PRIMES {
        prime = last.recv().await.expect("a prime");
        let (tx, rx) = mpsc::channel(1);
        let mut input = std::mem::replace(&mut last, rx);
        tokio::spawn(async move {
            while let Some(i) = input.recv().await {
                if i % prime != 0 && tx.send(i).await.is_err() {
                    break;
                }
            }
        });
    }
    let took = start.elapsed();
    check(prime == 37_813);
    (PRIMES, took)
}
