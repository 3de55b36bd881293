//! Seeded stress of timers, at 1, 2, 4 and 8 workers and in each migration mode, each in a process
//! of its own: Go's TestTimerStopStress, TestTickerConcurrentStress and TestAdjustTimers
//! (runtime/time_test.go, time/sleep_test.go); GS-139, GS-145.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! part runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::time::{Ticker, Timer, after, after_func};

use super::ms;
use crate::support::eventually;
use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

fn micros(rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.below(200) as u64)
}

/// Runs `step` with forked dice in several goroutines until `end`.
fn hammer<S: Send + Sync + 'static>(
    rng: &Rng,
    end: Instant,
    shared: &Arc<S>,
    step: impl Fn(&S, &mut Rng) + Clone + Send + 'static,
) {
    let all: Vec<_> = (0..6)
        .map(|i| {
            let (shared, step, mut rng) = (shared.clone(), step.clone(), rng.fork(i));
            go!({
                while Instant::now() < end {
                    step(&shared, &mut rng);
                    if rng.below(8) == 0 {
                        gort::runtime::gosched();
                    }
                }
            })
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
}

/// Stops, resets and receives at random, of one timer by many. What was armed is received, or taken
/// back: exactly once.
fn timers(rng: &Rng, end: Instant) {
    struct Shared {
        timer: Timer,
        armed: AtomicUsize,
        over: AtomicUsize,
    }
    let shared = Arc::new(Shared {
        timer: Timer::new(Duration::ZERO),
        armed: AtomicUsize::new(1),
        over: AtomicUsize::new(0),
    });
    hammer(rng, end, &shared, |s, rng| match rng.below(5) {
        0 => {
            if s.timer.stop() {
                s.over.fetch_add(1, SeqCst);
            }
        }
        1 => {
            s.armed.fetch_add(1, SeqCst);
            // The one before was taken back, if it was active.
            if s.timer.reset(micros(rng)) {
                s.over.fetch_add(1, SeqCst);
            }
        }
        2 => {
            let due = select! {
                at = <-s.timer => at,
                <-after(micros(rng)) => None,
            };
            if let Some(due) = due {
                assert!(due <= Instant::now(), "early");
                s.over.fetch_add(1, SeqCst);
            }
        }
        3 => {
            if s.timer.c().try_recv().is_some() {
                s.over.fetch_add(1, SeqCst);
            }
        }
        _ => gort::time::sleep(micros(rng) / 4),
    });
    if shared.timer.stop() {
        shared.over.fetch_add(1, SeqCst);
    }
    assert_eq!(shared.over.load(SeqCst), shared.armed.load(SeqCst));
    assert_eq!(shared.timer.c().try_recv(), None);
}

/// The same with functions: each setting is called or taken back.
fn calls(rng: &Rng, end: Instant) {
    let called = Arc::new(AtomicUsize::new(0));
    let counted = called.clone();
    let timer = after_func(Duration::ZERO, move || {
        counted.fetch_add(1, SeqCst);
    });
    let shared = Arc::new((timer, AtomicUsize::new(1), AtomicUsize::new(0)));
    hammer(rng, end, &shared, |(timer, armed, taken), rng| {
        let was = match rng.below(3) {
            0 => timer.stop(),
            1 => {
                armed.fetch_add(1, SeqCst);
                timer.reset(micros(rng))
            }
            _ => {
                gort::time::sleep(micros(rng) / 2);
                false
            }
        };
        if was {
            taken.fetch_add(1, SeqCst);
        }
    });
    let (timer, armed, taken) = &*shared;
    if timer.stop() {
        taken.fetch_add(1, SeqCst);
    }
    eventually("all calls", ms(120_000), || {
        called.load(SeqCst) + taken.load(SeqCst) == armed.load(SeqCst)
    });
}

/// Receivers of a ticker never hang while somebody resets it, and see ticks in order.
fn tickers(rng: &Rng, end: Instant) {
    let ticker = Arc::new(Ticker::new(Duration::from_micros(100)));
    let resetting = go!([ticker] {
        let mut rng = Rng::new(1);
        while Instant::now() < end + ms(5) {
            if rng.below(3) == 0 {
                ticker.stop();
            }
            ticker.reset(Duration::from_micros(20) + micros(&mut rng));
            gort::time::sleep(micros(&mut rng));
        }
        ticker.reset(Duration::from_micros(50));
    });
    hammer(rng, end, &ticker, |ticker, rng| match rng.below(3) {
        0 => {
            let first = ticker.recv();
            assert!(first <= Instant::now(), "early");
        }
        1 => drop(ticker.c().try_recv()),
        _ => {
            let rest = chan!(u32);
            select! {
                <-*ticker => {}
                <-rest => unreachable!(),
                <-after(ms(60_000)) => panic!("hangs"),
            }
        }
    });
    resetting.join().unwrap();
    ticker.recv();
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.05)
}

/// In the child.
fn stress(seconds: f64) {
    let (rng, time) = (Rng::new(seed()), Duration::from_secs_f64(seconds));
    for (i, part) in [timers, calls, tickers].into_iter().enumerate() {
        gort::run(|| part(&rng.fork(i as u64), Instant::now() + time));
    }
}

in_every_mode!(stress(seconds()), patience = 60.0 + 20.0 * seconds());
