//! One `select!` over a timer, a ticker, a context, a join handle and channels; and what timers do
//! not cost.

use gort::context;
use gort::prelude::*;
use gort::time::{Ticker, Timer, after};

use super::ms;
use crate::support::child;

/// GS-72.
#[gort::test]
fn everything_at_once() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let (timer, ticker) = (Timer::new(ms(20)), Ticker::new(ms(2)));
    let (input, output) = (chan!(u32), chan!(u32, 1));
    let tx = input.tx();
    let worker = go!({
        chan!(tx <- 1);
        "worked"
    });
    let mut seen = Vec::new();
    let (mut ticks, mut sent) = (0, false);
    loop {
        select! {
            <-timer => {
                seen.push("timer");
                cancel();
            }
            <-ticker => ticks += 1,
            <-ctx.done() => {
                assert_eq!(ctx.err(), Some(context::Error::Canceled));
                break;
            }
            Some(result) = <-worker => {
                assert_eq!(result.unwrap(), "worked");
                seen.push("worker");
            }
            v = <-input => {
                assert_eq!(v, Some(1));
                seen.push("input");
            }
            output.tx() <- 7 => sent = true,
            <-after(ms(60_000)) => panic!("too late"),
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, ["input", "timer", "worker"]);
    assert!(sent && ticks > 0, "{ticks} ticks");
    assert_eq!(chan!(<-output), Some(7));
}

/// Timers, tickers and contexts have no goroutines; GS-93.
#[test]
fn no_goroutine_for_a_timer() {
    let out = child::run(|| {
        gort::run(|| {
            let (_timer, ticker) = (Timer::new(ms(3_600_000)), Ticker::new(ms(1)));
            let (_ctx, _cancel) = context::with_timeout(context::background(), ms(3_600_000));
            ticker.recv();
            eprintln!("goroutines: {}", gort::runtime::num_goroutine());
        });
    });
    out.expect_code(0).expect_stderr(&["goroutines: 1\n"]);
}
