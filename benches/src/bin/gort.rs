//! The workloads on gort.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::{Cond, Mutex, RwLock, WaitGroup};
use gort_bench::{WORKERS, Workload, check, share, sum_below};

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
    Workload {
        name: "mutex16",
        run: mutex16,
    },
    Workload {
        name: "rwlock16",
        run: rwlock16,
    },
    Workload {
        name: "waitgroup16",
        run: waitgroup16,
    },
    Workload {
        name: "cond",
        run: cond,
    },
    Workload {
        name: "parked-1e4",
        run: |_| parked(10_000),
    },
    Workload {
        name: "parked-1e5",
        run: |_| parked(100_000),
    },
    Workload {
        name: "parked-1e6",
        run: |_| parked(1_000_000),
    },
];

#[gort::main]
fn main() -> ExitCode {
    gort::runtime::set_max_procs(std::env::var("P").ok().and_then(|p| p.parse().ok()).unwrap_or(WORKERS));
    gort_bench::main(WORKLOADS)
}

fn spawn(n: usize) -> (usize, Duration) {
    const BATCH: usize = 1000;
    let batches = share(n, BATCH);
    let start = Instant::now();
    for _ in 0..batches {
        let wg = WaitGroup::new();
        for _ in 0..BATCH {
            wg.go(|| {});
        }
        wg.wait();
    }
    (batches * BATCH, start.elapsed())
}

fn yields(goroutines: usize, n: usize) -> (usize, Duration) {
    let each = share(n, goroutines);
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..goroutines {
        wg.go(move || {
            for _ in 0..each {
                gosched();
            }
        });
    }
    wg.wait();
    (each * goroutines, start.elapsed())
}

fn pingpong(n: usize) -> (usize, Duration) {
    let (ping, pong) = (chan!(usize), chan!(usize));
    go!([ping, pong] {
        for v in ping.rx() {
            chan!(pong <- v);
        }
    });
    let start = Instant::now();
    for i in 0..n {
        chan!(ping <- i);
        check(chan!(<-pong) == Some(i));
    }
    let took = start.elapsed();
    ping.close();
    (n, took)
}

fn buffered1x1(n: usize) -> (usize, Duration) {
    let (tx, rx) = gort::channel(128);
    let start = Instant::now();
    go! {
        for i in 0..n {
            chan!(tx <- i);
        }
    };
    let mut sum = 0;
    for v in rx {
        sum += v;
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

fn select4(n: usize) -> (usize, Duration) {
    let each = share(n, 4);
    let start = Instant::now();
    let [a, b, c, d] = [(); 4].map(|()| {
        let (tx, rx) = gort::channel(0);
        go! {
            for i in 0..each {
                chan!(tx <- i);
            }
        };
        rx
    });
    let mut sum = 0;
    for _ in 0..each * 4 {
        sum += select! {
            Some(v) = <-a => v,
            Some(v) = <-b => v,
            Some(v) = <-c => v,
            Some(v) = <-d => v,
        };
    }
    let took = start.elapsed();
    check(sum == 4 * sum_below(each));
    (each * 4, took)
}

fn ring(n: usize) -> (usize, Duration) {
    const NODES: usize = 1000;
    let rounds = share(n, NODES);
    let (first, mut last) = gort::channel(0);
    for _ in 1..NODES {
        let (tx, rx) = gort::channel(0);
        let input = std::mem::replace(&mut last, rx);
        go! {
            for v in input {
                chan!(tx <- v + 1);
            }
        };
    }
    let start = Instant::now();
    let mut token = 0;
    for _ in 0..rounds {
        chan!(first <- token);
        token = chan!(<-last).expect("the token") + 1;
    }
    let took = start.elapsed();
    check(token == rounds * NODES);
    (token, took)
}

fn sieve() -> (usize, Duration) {
    const PRIMES: usize = 4000;
    let start = Instant::now();
    let (tx, mut last) = gort::channel(0);
    go! {
        for i in 2.. {
            chan!(tx <- i); // ends here once the first filter is gone
        }
    };
    let mut prime = 0;
    for _ in 0..PRIMES {
        prime = chan!(<-last).expect("a prime");
        let (tx, rx) = gort::channel(0);
        let input = std::mem::replace(&mut last, rx);
        go! {
            for i in input {
                if i % prime != 0 {
                    chan!(tx <- i);
                }
            }
        };
    }
    let took = start.elapsed();
    check(prime == 37_813);
    (PRIMES, took)
}

/// Runs `each` rounds of `round` on 16 goroutines, each with its number.
fn sixteen(n: usize, round: impl Fn(usize) + Send + Sync) -> (usize, Duration) {
    let each = share(n, 16);
    let start = Instant::now();
    gort::scope(|s| {
        for _ in 0..16 {
            s.spawn(|| (0..each).for_each(&round));
        }
    });
    (each * 16, start.elapsed())
}

fn mutex16(n: usize) -> (usize, Duration) {
    let count = Mutex::new(0);
    let result = sixteen(n, |_| *count.lock() += 1);
    check(count.into_inner() == result.0);
    result
}

fn rwlock16(n: usize) -> (usize, Duration) {
    let count = RwLock::new(0);
    let result = sixteen(n, |i| {
        if i % 10 == 0 {
            *count.write() += 1;
        } else {
            check(*count.read() < usize::MAX);
        }
    });
    check(count.into_inner() == 16 * share(result.0 / 16, 10));
    result
}

fn waitgroup16(n: usize) -> (usize, Duration) {
    let wg = WaitGroup::new();
    let result = sixteen(n, |_| {
        wg.add(1);
        wg.done();
    });
    wg.wait();
    result
}

fn cond(n: usize) -> (usize, Duration) {
    let shared = Arc::new((Mutex::new(None), Cond::new(), Cond::new()));
    let producer = Arc::clone(&shared);
    let start = Instant::now();
    go! {
        let (slot, filled, emptied) = &*producer;
        for i in 0..n {
            let mut slot = slot.lock();
            while slot.is_some() {
                emptied.wait(&mut slot);
            }
            *slot = Some(i);
            filled.notify_one();
        }
    };
    let (slot, filled, emptied) = &*shared;
    let mut sum = 0;
    for _ in 0..n {
        let mut slot = slot.lock();
        sum += loop {
            match slot.take() {
                Some(i) => break i,
                None => filled.wait(&mut slot),
            }
        };
        emptied.notify_one();
    }
    let took = start.elapsed();
    check(sum == sum_below(n));
    (n, took)
}

/// Starts goroutines that all wait for one channel, then closes it. Says on stderr what each took while it waited.
fn parked(goroutines: usize) -> (usize, Duration) {
    let before = resident();
    let (tx, rx) = gort::channel::<()>(0);
    let waiting = Arc::new(AtomicUsize::new(0));
    let wg = WaitGroup::new();
    let start = Instant::now();
    for _ in 0..goroutines {
        let (rx, waiting) = (rx.clone(), Arc::clone(&waiting));
        wg.go(move || {
            waiting.fetch_add(1, Ordering::Relaxed);
            check(chan!(<-rx).is_none());
        });
    }
    while waiting.load(Ordering::Relaxed) < goroutines {
        gosched();
    }
    let spawned = start.elapsed();
    let each = resident().saturating_sub(before) / goroutines;
    let woken = Instant::now();
    tx.close();
    wg.wait();
    let took = spawned + woken.elapsed();
    eprintln!(
        "{goroutines} parked: {each} B each; {spawned:?} to start, {:?} to wake",
        took - spawned
    );
    (goroutines, took)
}

/// Resident bytes of this process, where Linux says.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok())
        .map_or(0, |kib: usize| kib * 1024)
}
