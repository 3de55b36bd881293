//! Port of runtime/proc_test.go: TestStopTheWorldDeadlock, TestYieldProgress,
//! TestGoroutineParallelism, TestGoroutineParallelism2, TestTimerFairness, TestTimerFairness2,
//! TestPreemption, TestPingPongHog (GS-71, GS-89, GS-95, GS-105, GS-106).
//!
//! Each test here runs in a process of its own: they set the worker count, spin, and would only
//! measure each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::gosched;

use crate::support::{self, CpuTime, MaxProcs, child};

#[test]
fn test_yield_progress() {
    child::run(|| {
        gort::run(|| {
            let (c, ack) = (chan!(bool), chan!(bool));
            go!([c, ack] {
                loop {
                    select! {
                        <-c => return chan!(ack <- true),
                        default => gosched(),
                    }
                }
            });
            gort::time::sleep(Duration::from_millis(10));
            chan!(c <- true);
            chan!(<-ack);
        })
    })
    .expect_code(0);
}

/// All goroutines are scheduled at the same time: each waits, spinning, for its turn.
fn in_lock_step(x: &AtomicU32, p: u32, all: u32) {
    for i in 0..3 {
        let expected = all * i + p;
        while x.load(Ordering::Acquire) != expected {
            std::hint::spin_loop();
        }
        x.store(expected + 1, Ordering::Release);
    }
}

#[test]
fn test_goroutine_parallelism() {
    child::run(|| {
        gort::run(|| {
            const P: u32 = 3;
            let _procs = MaxProcs::set(P as usize);
            for _ in 0..3 {
                let x = Arc::new(AtomicU32::new(0));
                let goroutines: Vec<_> = (0..P).map(|p| go!([x] { in_lock_step(&x, p, P) })).collect();
                for goroutine in goroutines {
                    goroutine.join().unwrap();
                }
            }
        })
    })
    .expect_code(0);
}

#[test]
fn test_goroutine_parallelism_2() {
    child::run(|| {
        gort::run(|| {
            const P: u32 = 4;
            let _procs = MaxProcs::set(P as usize);
            for load in [false, true, false] {
                if load {
                    // Goroutines on all workers, so that workers are going to sleep when the test
                    // itself begins.
                    let x = Arc::new(AtomicU32::new(0));
                    let all: Vec<_> = (0..P)
                        .map(|_| {
                            go!([x] {
                                x.fetch_add(1, Ordering::Relaxed);
                                while x.load(Ordering::Relaxed) != P {
                                    std::hint::spin_loop();
                                }
                            })
                        })
                        .collect();
                    for goroutine in all {
                        goroutine.join().unwrap();
                    }
                }
                let done = chan!(());
                let x = Arc::new(AtomicU32::new(0));
                for p in 0..P / 2 {
                    go!([done, x] {
                        for p2 in 0..2 {
                            go!([done, x] {
                                in_lock_step(&x, p * 2 + p2, P);
                                chan!(done <- ());
                            });
                        }
                    });
                }
                for _ in 0..P {
                    chan!(<-done);
                }
            }
        })
    })
    .expect_code(0);
}

/// A timer fires while goroutines keep all workers busy.
#[test]
fn test_timer_fairness() {
    child::run(|| {
        gort::run(|| {
            let (done, c) = (chan!(bool), chan!(bool));
            for _ in 0..2 {
                go!([done, c] {
                    loop {
                        select! {
                            c <- true => {}
                            <-done => return,
                        }
                    }
                });
            }
            let timer = gort::time::after(Duration::from_millis(20));
            loop {
                select! {
                    <-c => {}
                    <-timer => return done.close(),
                }
            }
        })
    })
    .expect_code(0);
}

#[test]
fn test_timer_fairness_2() {
    child::run(|| {
        gort::run(|| {
            let c = chan!(bool);
            let goroutines = [(); 2].map(|()| {
                go!([c] {
                    let timer = gort::time::after(Duration::from_millis(20));
                    loop {
                        gort::blocking(|| {});
                        select! {
                            c <- true => {}
                            <-c => {}
                            <-timer => return,
                        }
                    }
                })
            });
            for goroutine in goroutines {
                goroutine.join().unwrap();
            }
        })
    })
    .expect_code(0);
}

/// Two goroutines that never yield take turns, each on a worker of its own.
fn take_turns(turns: usize) {
    gort::run(move || {
        let x = Arc::new(AtomicUsize::new(0));
        let goroutines = [0, 1].map(|g| {
            go!([x] {
                for _ in 0..turns {
                    while x.load(Ordering::Relaxed) != g {
                        std::hint::spin_loop();
                    }
                    x.store(1 - g, Ordering::Relaxed);
                }
            })
        });
        for goroutine in goroutines {
            goroutine.join().unwrap();
        }
    });
}

#[test]
fn test_preemption() {
    child::Child::default()
        .env("GOMAXPROCS", 2)
        .run(|| take_turns(5))
        .expect_code(0);
}

#[test]
fn test_preemption_on_one_worker() {
    child::Child::default()
        .env("GOMAXPROCS", 1)
        .run(|| take_turns(5))
        .expect_code(0);
}

/// Two goroutines that wake each other in turn, and count between two hand-offs, until `done` is
/// closed. Returns what they count.
fn ping_pong(done: &Chan<()>, limit: usize) -> Arc<AtomicUsize> {
    let (count, wake) = (Arc::new(AtomicUsize::new(0)), chan!(bool));
    for _ in 0..2 {
        go!([done, count, wake] {
            loop {
                select! {
                    <-done => return,
                    <-wake => {
                        for _ in 0..limit {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        select! {
                            wake <- true => {}
                            <-done => return,
                        }
                    }
                }
            }
        });
    }
    chan!(wake <- true);
    count
}

/// How far the pairs with these limits count side by side, for each second of this process's
/// processor time.
fn rates<const N: usize>(limits: [usize; N]) -> [f64; N] {
    const ENOUGH: Duration = Duration::from_millis(100);
    let done = chan!(());
    let pairs = limits.map(|limit| ping_pong(&done, limit));
    let counts = || pairs.each_ref().map(|count| count.load(Ordering::Relaxed));
    let (before, begin) = (counts(), CpuTime::now());
    // Processor time, which passes only while they run: other processes take none of it.
    while begin.elapsed() < ENOUGH {
        gort::time::sleep(Duration::from_millis(5));
    }
    let (after, took) = (counts(), begin.elapsed());
    done.close();
    std::array::from_fn(|i| (after[i] - before[i]) as f64 / took.as_secs_f64())
}

/// Pairs of goroutines that hand on quickly and slowly get comparable shares of one worker.
///
/// Go compares how far they count, which is its share if a hand-off costs nothing. In a debug build
/// the quick pair spends nearly all of its time on them, so each pair is compared with itself when
/// it is alone.
#[test]
fn test_ping_pong_hog() {
    child::Child::default()
        .env("GOMAXPROCS", 1)
        .run(|| {
            gort::run(|| {
                // Large, for robustness (it is Go's): were a pair served per hand-off and not per
                // time slice, it would be hundreds.
                const FACTOR: f64 = 20.0;
                const HOG: usize = 100_000;
                const LIGHT: usize = 100;
                // If the system takes the processor away from the worker for long, another one
                // stands in, and how the two share the processor is up to the system. Not every
                // time, though.
                const TIMES: usize = 20;
                let fair = (0..TIMES).any(|_| {
                    let ([hog_alone], [light_alone]) = (rates([HOG]), rates([LIGHT]));
                    let [hog, light] = rates([HOG, LIGHT]);
                    let (hog, light) = (hog / hog_alone, light / light_alone);
                    println!("{hog:.3} against {light:.3} of the worker");
                    hog / FACTOR <= light && light / FACTOR <= hog
                });
                assert!(fair, "unfair each time");
            })
        })
        .expect_code(0);
}

/// The worker count changes again and again under a goroutine that keeps starting its successor.
/// (Go collects garbage meanwhile, which stops the world.)
#[test]
fn test_changing_the_worker_count_under_load() {
    fn perpetuum_mobile(stop: Receiver<()>, steps: Arc<AtomicUsize>) {
        steps.fetch_add(1, Ordering::Relaxed);
        select! {
            <-stop => {}
            default => drop(go!(perpetuum_mobile(stop, steps))),
        }
    }

    child::run(|| {
        gort::run(|| {
            let (stop, rx) = gort::channel(0);
            let steps = Arc::new(AtomicUsize::new(0));
            go!(perpetuum_mobile(rx, steps.clone()));
            let before = gort::runtime::max_procs();
            let goroutines = [3usize, 5].map(|n| {
                go!(move || {
                    for i in 0..200 {
                        gort::runtime::set_max_procs(1 + i % n);
                        if i % 10 == 0 {
                            gosched();
                        }
                    }
                })
            });
            for goroutine in goroutines {
                goroutine.join().unwrap();
            }
            gort::runtime::set_max_procs(before);
            let seen = steps.load(Ordering::Relaxed);
            support::eventually("the mobile goes on", Duration::from_secs(60), || {
                steps.load(Ordering::Relaxed) > seen
            });
            chan!(stop <- ());
        })
    })
    .expect_code(0);
}
