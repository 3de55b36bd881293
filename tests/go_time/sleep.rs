//! Go's time/sleep_test.go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::sync::WaitGroup;
use gort::time::{Timer, after, after_func, sleep};

use super::ms;
use crate::support::eventually;

const HOUR: Duration = Duration::from_secs(3600);

/// TestSleep; GS-137.
#[gort::test]
fn test_sleep() {
    let delay = ms(20);
    let start = Instant::now();
    let other = go!({
        sleep(delay / 2);
        Instant::now()
    });
    sleep(delay);
    assert!(start.elapsed() >= delay);
    assert!(other.join().unwrap() >= start + delay / 2);
    sleep(Duration::ZERO);
}

/// TestAfterFunc: a function that arms itself again and again; GS-141.
#[gort::test]
fn test_after_func() {
    fn step(left: usize, done: Sender<()>) {
        match left {
            0 => chan!(done <- ()),
            _ => {
                after_func(Duration::ZERO, move || step(left - 1, done.clone()));
            }
        }
    }
    let done = chan!((), 1);
    step(10, done.tx());
    assert_eq!(chan!(<-done), Some(()));
}

/// A timer that is set anew calls its function again, and one call ends before the next begins: it
/// may keep what is not `Sync`, and change it. (In Go they may overlap.) GS-141.
#[gort::test]
fn calls_of_one_timer_follow_each_other() {
    let (begun, go_on) = (chan!(u32), chan!(()));
    let (tx, rx) = (begun.tx(), go_on.rx());
    let mut calls = 0;
    let not_sync = std::cell::Cell::new(0);
    let timer = after_func(Duration::ZERO, move || {
        calls += 1;
        not_sync.set(not_sync.get() + 1);
        assert_eq!(not_sync.get(), calls);
        chan!(tx <- calls);
        chan!(<-rx);
    });
    for call in 1..=5 {
        assert_eq!(chan!(<-begun), Some(call));
        assert!(!timer.reset(Duration::ZERO), "call {call} was begun");
        sleep(ms(2));
        assert_eq!(begun.try_recv().ok(), None, "call {} overlaps", call + 1);
        chan!(go_on <- ());
    }
    assert_eq!(chan!(<-begun), Some(6));
    go_on.close();
}

/// TestAfterFuncStarvation: two goroutines that keep each other busy do not starve a timer; GS-105.
#[gort::test]
fn test_after_func_starvation() {
    let (there, back) = (chan!(bool, 1), chan!(bool, 1));
    let stop = Arc::new(AtomicUsize::new(0));
    let stopped = stop.clone();
    after_func(ms(10), move || {
        stopped.store(1, SeqCst);
    });
    let (rx, tx) = (there.rx(), back.tx());
    let other = go!({
        for more in rx {
            chan!(tx <- more);
        }
    });
    let start = Instant::now();
    while stop.load(SeqCst) == 0 {
        assert!(start.elapsed() < ms(120_000), "starved");
        chan!(there <- true);
        assert_eq!(chan!(<-back), Some(true));
    }
    there.close();
    other.join().unwrap();
}

/// TestAfter: not before its time, and the value says when; GS-138, GS-142.
#[gort::test]
fn test_after() {
    let (start, delay) = (Instant::now(), ms(20));
    let end = chan!(<-after(delay)).expect("a time");
    assert!(start.elapsed() >= delay);
    assert!(end >= start + delay);
}

/// TestAfterTick: ten in a row.
#[gort::test]
fn test_after_tick() {
    let (start, delta) = (Instant::now(), ms(5));
    for _ in 0..10 {
        chan!(<-after(delta));
    }
    assert!(start.elapsed() >= delta * 10);
}

/// TestAfterStop: one that is stopped in time does not fire, those before it do.
#[gort::test]
fn test_after_stop() {
    let zero = chan!((), 1);
    let tx = zero.tx();
    let early = after_func(Duration::ZERO, move || chan!(tx <- ()));
    let called = Arc::new(AtomicUsize::new(0));
    let counted = called.clone();
    let late = after_func(HOUR, move || {
        counted.fetch_add(1, SeqCst);
    });
    let timer = Timer::new(HOUR);
    assert!(late.stop());
    assert!(timer.stop());
    chan!(<-zero);
    assert!(!early.stop(), "it was called");
    assert!(!late.stop());
    assert!(!timer.stop());
    sleep(ms(5));
    assert_eq!(called.load(SeqCst), 0);
    assert_eq!(timer.c().try_recv(), None);
}

/// TestAfterQueuing: timers fire in the order of their deadlines, whatever the order in which they
/// were made; GS-146.
#[gort::test]
fn test_after_queuing() {
    let slots = [5_u64, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0];
    let results = chan!((u64, Instant), slots.len());
    let start = Instant::now();
    let timers = slots.map(|slot| (slot, Timer::new(ms(10) * slot as u32)));
    let made = start.elapsed();
    for (slot, timer) in timers {
        let tx = results.tx();
        go!({
            let due = timer.recv();
            assert!(Instant::now() >= due);
            chan!(tx <- (slot, due));
        });
    }
    let mut all: Vec<_> = (0..slots.len()).map(|_| chan!(<-results).unwrap()).collect();
    for (slot, due) in &all {
        assert!(*due >= start + ms(10) * *slot as u32);
    }
    // Unless the machine stood still while they were made.
    if made < ms(10) {
        all.sort_by_key(|(_, due)| *due);
        assert!(all.is_sorted_by_key(|(slot, _)| *slot), "{all:?}");
    }
}

/// TestSleepZeroDeadlock: sleeping for no time while timers are made and stopped.
#[gort::test]
fn test_sleep_zero_deadlock() {
    let wg = WaitGroup::new();
    for _ in 0..4 {
        wg.go(|| {
            for _ in 0..100 {
                let timer = Timer::new(Duration::ZERO);
                sleep(Duration::from_nanos(1));
                timer.stop();
                sleep(Duration::ZERO);
            }
        });
    }
    wg.wait();
}

/// TestReset, with both kinds; GS-140, GS-141.
#[gort::test]
fn test_reset() {
    let timer = Timer::new(HOUR);
    // Read before it is armed: a thread that is woken then may take the processor.
    let start = Instant::now();
    assert!(timer.reset(ms(10)), "resetting an active timer");
    timer.recv();
    assert!(start.elapsed() >= ms(10));
    assert!(!timer.reset(ms(5)), "resetting one that was received from");
    timer.recv();
    assert!(!timer.stop());

    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let timer = after_func(HOUR, move || {
        counted.fetch_add(1, SeqCst);
    });
    assert!(timer.reset(ms(1)));
    eventually("called", ms(120_000), || calls.load(SeqCst) == 1);
    assert!(!timer.reset(ms(1)), "it had been called");
    eventually("called again", ms(120_000), || calls.load(SeqCst) == 2);
    assert!(!timer.stop());
    assert_eq!(timer.c().try_recv(), None, "the nil channel");
}

/// TestOverflowSleep: what does not fit is far away, not at once; GS-144.
#[gort::test]
fn test_overflow_sleep() {
    let big = Duration::MAX;
    let timer = Timer::new(big);
    select! {
        <-timer => panic!("fired"),
        <-after(big) => panic!("fired"),
        <-after(ms(5)) => {}
    }
    assert!(timer.stop());
    assert!(after_func(big, || panic!("called")).stop());
    go!({
        sleep(big);
        panic!("slept")
    });
    sleep(ms(2));
}

/// TestTimerModifiedEarlier: a timer that is moved earlier fires earlier; GS-145.
#[gort::test]
fn test_timer_modified_earlier() {
    let past = Timer::new(ms(60_000));
    let waiter = go!({
        let past = Arc::new(past);
        let moved = past.clone();
        go!({
            sleep(ms(2));
            moved.reset(ms(1));
        });
        let start = Instant::now();
        past.recv();
        start.elapsed()
    });
    assert!(waiter.join().unwrap() < ms(50_000));
}

/// TestStopResult and TestResetResult: whether it was active is right, and nothing stale comes
/// afterwards; GS-139.
#[gort::test]
fn test_stop_and_reset_result() {
    for round in 0..200 {
        let delay = Duration::from_micros(round * 5);
        let timer = Timer::new(delay);
        if round % 3 == 0 {
            sleep(delay);
        }
        let c = timer.c();
        let taken = c.try_recv().is_some();
        let stopped = if round % 2 == 0 {
            timer.stop()
        } else {
            timer.reset(HOUR)
        };
        assert_eq!(stopped, !taken, "active until its value is received");
        assert_eq!(c.try_recv(), None, "a stale value");
        assert_eq!((c.len(), c.capacity()), (0, 0));
    }
}

/// TestChan, in part: a channel looks unbuffered, due or not; GS-48, GS-139.
#[gort::test]
fn test_chan() {
    let timer = Timer::new(Duration::ZERO);
    sleep(ms(1));
    assert_eq!(
        (timer.c().len(), timer.c().capacity(), timer.c().is_empty()),
        (0, 0, true)
    );
    assert!(timer.stop(), "due, but not received");
    let got = select! {
        <-timer => true,
        default => false,
    };
    assert!(!got);
    timer.reset(Duration::ZERO);
    let first = timer.c().try_recv().expect("due at once");
    assert!(first <= Instant::now());
    assert_eq!(timer.c().try_recv(), None, "once");
}

/// TestMultiWakeupTimer: many wait for one timer, and each setting wakes one of them.
#[gort::test]
fn test_multi_wakeup_timer() {
    const N: usize = 20;
    let timer = Arc::new(Timer::new(HOUR));
    let woken = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..N)
        .map(|_| {
            go!([timer, woken] {
                timer.recv();
                woken.fetch_add(1, SeqCst);
            })
        })
        .collect();
    for n in 0..N {
        timer.reset(ms(1));
        eventually("one more", ms(120_000), || woken.load(SeqCst) == n + 1);
    }
    waiters.into_iter().for_each(|one| one.join().unwrap());
}

/// A hundred thousand timers at once (Go: the benchmarks of sleep_test.go); a million with
/// `GORT_TEST_FULL`.
#[gort::test]
fn many_timers() {
    let n = crate::support::rounds(1_000_000);
    let (calls, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let timers: Vec<_> = (0..n)
        .map(|i| {
            let calls = calls.clone();
            after_func(HOUR + ms((i * 7919 % n) as u64), move || {
                calls.fetch_add(1, SeqCst);
            })
        })
        .collect();
    let channels: Vec<_> = (0..n).map(|_| Timer::new(HOUR)).collect();
    assert!(channels.iter().all(Timer::stop));
    // A few of them move to now.
    for timer in timers.iter().step_by(n / 100) {
        assert!(timer.reset(Duration::ZERO));
    }
    eventually("the early ones", ms(60_000), || calls.load(SeqCst) >= 100);
    let stopped = timers.iter().filter(|timer| timer.stop()).count();
    assert_eq!(stopped, n - calls.load(SeqCst));
    assert!(start.elapsed() < HOUR);
}
