//! The clock, which jumps.

use std::time::Duration;

use gort::prelude::*;
use gort::time::{self, Ticker, Timer};

use super::holds;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn sleepers_wake_in_order() {
    holds(|| {
        let log = chan!(u64, 3);
        for hours in [2, 1, 3] {
            go!([log] {
                time::sleep(HOUR * hours);
                chan!(log <- u64::from(hours));
            });
        }
        let order: Vec<_> = (0..3).map_while(|_| chan!(<-log)).collect();
        assert_eq!(order, [1, 2, 3]);
    });
}

#[test]
fn a_stopped_timer_does_not_ring() {
    holds(|| {
        let timer = Timer::new(HOUR);
        let stopper = go!({
            time::sleep(HOUR / 2);
        });
        stopper.join().unwrap();
        assert!(timer.stop());
        select! {
            <-timer => panic!("it was stopped"),
            <-time::after(HOUR) => {}
        }
    });
}

#[test]
fn a_timeout_and_a_value_at_one_moment_are_either() {
    holds(|| {
        let ch = chan!(u32, 1);
        let sender = go!([ch] {
            time::sleep(HOUR);
            chan!(ch <- 1);
        });
        let early = ch.recv_timeout(HOUR).ok();
        sender.join().unwrap();
        let late = ch.try_recv().ok();
        assert!(early.is_some() != late.is_some(), "once, now or later");
    });
}

#[test]
fn a_ticker_ticks_at_its_times() {
    holds(|| {
        let ticker = Ticker::new(HOUR);
        let first = chan!(<-ticker).unwrap();
        let second = chan!(<-ticker).unwrap();
        assert_eq!(second - first, HOUR);
        ticker.stop();
    });
}

#[test]
fn a_call_later_is_stopped_or_made() {
    holds(|| {
        let called = chan!((), 1);
        let timer = time::after_func(HOUR, {
            let called = called.clone();
            move || chan!(called <- ())
        });
        time::sleep(HOUR);
        if timer.stop() {
            assert!(called.is_empty());
        } else {
            chan!(<-called);
        }
    });
}
