//! Go's time/tick_test.go.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::time::{Ticker, sleep, tick};

use super::ms;
use crate::support::{eventually, panic_message};

/// TestTicker: ten ticks take ten periods, after a reset those of the new one; GS-143.
#[gort::test]
fn test_ticker() {
    for (period, after_reset) in [(ms(4), ms(8)), (ms(8), ms(4))] {
        // The clock is read first: who arms a ticker wakes a thread, which may take the processor
        // at once.
        let start = Instant::now();
        let ticker = Ticker::new(period);
        for _ in 0..5 {
            chan!(<-ticker);
        }
        let reset = Instant::now();
        assert!(reset - start >= period * 5);
        ticker.reset(after_reset);
        for _ in 0..5 {
            chan!(<-ticker);
        }
        ticker.stop();
        assert!(reset.elapsed() >= after_reset * 5);
        // Nothing comes any more.
        sleep(after_reset * 2);
        select! {
            <-ticker => panic!("Ticker did not shut down"),
            default => {}
        }
    }
}

/// Issue 21874 of Go: making and stopping tickers at the same time.
#[gort::test]
fn test_ticker_stop_with_many() {
    let all: Vec<_> = (0..20)
        .map(|_| {
            go!({
                let ticker = Ticker::new(Duration::from_micros(100));
                ticker.recv();
                ticker.stop();
                ticker.stop();
                ticker.c().try_recv()
            })
        })
        .collect();
    for one in all {
        assert_eq!(one.join().unwrap(), None);
    }
}

/// TestTeardown: one after another, made, received from, stopped.
#[gort::test]
fn test_teardown() {
    for _ in 0..3 {
        let ticker = Ticker::new(ms(2));
        chan!(<-ticker);
        ticker.stop();
    }
}

/// TestTick, and a period of zero; GS-82.
#[gort::test]
fn test_tick() {
    let nil = tick(Duration::ZERO);
    select! {
        <-nil => panic!("the nil channel"),
        <-gort::time::after(ms(1)) => {}
    }
    let times: Vec<_> = tick(ms(1)).take(3).collect();
    assert!(times[1] >= times[0] + ms(1) && times[2] >= times[1] + ms(1));
}

/// TestNewTickerLtZeroDuration; GS-82.
#[gort::test]
fn test_new_ticker_zero_duration() {
    let message = panic_message(|| drop(Ticker::new(Duration::ZERO)));
    assert_eq!(message, "non-positive interval for NewTicker");
}

/// TestTickerResetLtZeroDuration; GS-82.
#[gort::test]
fn test_ticker_reset_zero_duration() {
    let ticker = Ticker::new(Duration::from_secs(1));
    let message = panic_message(|| ticker.reset(Duration::ZERO));
    assert_eq!(message, "non-positive interval for Ticker.Reset");
}

/// TestTickTimes: a tick that waited tells when it was due, not when it was received, and the phase
/// stays; GS-138, GS-143.
#[gort::test]
fn test_tick_times() {
    let before = Instant::now();
    let ticker = Ticker::new(ms(10));
    let made = Instant::now();
    sleep(ms(35));
    let first = ticker.recv();
    assert!(
        first >= before + ms(10) && first <= made + ms(10),
        "the first one that was missed"
    );
    assert_eq!(
        ticker.c().try_recv().filter(|next| *next < first + ms(30)),
        None,
        "the others were dropped"
    );
    let next = ticker.recv();
    let phase = (next - first).as_nanos() % ms(10).as_nanos();
    assert_eq!(phase, 0, "in phase");
}

/// TestMultiWakeupTicker: several wait for one ticker, and all get ticks.
#[gort::test]
fn test_multi_wakeup_ticker() {
    let ticker = std::sync::Arc::new(Ticker::new(ms(1)));
    let all: Vec<_> = (0..8)
        .map(|_| {
            go!([ticker] {
                let times: Vec<_> = (0..5).map(|_| ticker.recv()).collect();
                assert!(times.is_sorted());
                times
            })
        })
        .collect();
    let mut times: Vec<_> = all.into_iter().flat_map(|one| one.join().unwrap()).collect();
    let n = times.len();
    times.sort();
    times.dedup();
    assert_eq!(times.len(), n, "each tick once");
}

/// TestOverflowPeriodRuntimeTimer: a period that does not fit never comes; GS-144.
#[gort::test]
fn test_overflow_period() {
    let ticker = Ticker::new(Duration::MAX);
    select! {
        <-ticker => panic!("ticked"),
        <-gort::time::after(ms(2)) => {}
    }
}

/// A channel outlives its ticker, and a stopped one starts again; GS-143.
#[gort::test]
fn test_stop_then_reset() {
    let ticker = Ticker::new(ms(1));
    ticker.stop();
    let c = ticker.c();
    sleep(ms(3));
    assert_eq!(c.try_recv(), None);
    ticker.reset(ms(1));
    drop(ticker);
    eventually("ticks", ms(120_000), || c.try_recv().is_some());
}
