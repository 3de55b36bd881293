//! Bubbles: Go's `testing/synctest`, GS-161 to GS-169 and GS-174.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant, SystemTime};

use gort::prelude::*;
use gort::sync::{Cond, Mutex, WaitGroup};
use gort::{context, testing, time};

const HOUR: Duration = Duration::from_secs(3600);

/// What a bubble panics with.
fn panics(f: impl FnOnce() + Send + 'static) -> String {
    match gort::recover(|| testing::bubble(f)) {
        Ok(()) => panic!("it returned"),
        Err(panic) => panic.message().to_owned(),
    }
}

/// GS-161, TestNow.
#[test]
fn the_clock_starts_in_2000_and_jumps() {
    let real = Instant::now();
    testing::bubble(|| {
        let start = testing::now();
        let epoch = start.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(epoch, Duration::from_secs(946_684_800));
        time::sleep(24 * HOUR);
        assert_eq!(testing::now().duration_since(start).unwrap(), 24 * HOUR);
        // A goroutine begins at the time of whoever started it.
        let inner = go!(testing::now());
        assert_eq!(inner.join().unwrap(), testing::now());
    });
    assert!(real.elapsed() < 24 * HOUR);
}

/// GS-161: timers, tickers, `after`, deadlines of contexts and timeouts of channels have the
/// bubble's clock.
#[test]
fn all_that_waits_for_the_clock() {
    testing::bubble(|| {
        let start = testing::now();
        let since = || testing::now().duration_since(start).unwrap();
        chan!(<-time::after(HOUR));
        assert_eq!(since(), HOUR);
        let ticker = time::Ticker::new(HOUR);
        for hour in 2..5 {
            chan!(<-ticker.c());
            assert_eq!(since(), hour * HOUR);
        }
        drop(ticker);
        let (ctx, _cancel) = context::with_timeout(context::background(), HOUR);
        chan!(<-ctx.done());
        assert_eq!(since(), 5 * HOUR);
        assert!(ctx.err().is_some());
        let nobody = chan!(());
        assert!(nobody.recv_timeout(HOUR).is_err());
        assert_eq!(since(), 6 * HOUR);
    });
}

/// GS-163, TestSimpleWait and TestGoroutineWait.
#[test]
fn wait_returns_when_all_others_are_blocked() {
    testing::bubble(|| {
        testing::wait();
        let done = Arc::new(AtomicUsize::new(0));
        let gate = chan!(());
        for _ in 0..10 {
            let (done, gate) = (Arc::clone(&done), gate.rx());
            go!(move || {
                gort::runtime::gosched();
                done.fetch_add(1, Ordering::Relaxed);
                chan!(<-gate);
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        testing::wait();
        assert_eq!(done.load(Ordering::Relaxed), 10);
        gate.close();
        testing::wait();
        assert_eq!(done.load(Ordering::Relaxed), 20);
    });
}

/// GS-163: outside of bubbles, and twice at the same time.
#[test]
fn wait_in_the_wrong_place() {
    let outside = gort::recover(testing::wait).unwrap_err();
    assert_eq!(outside.message(), "goroutine is not in a bubble");
    let twice = panics(|| {
        go!(testing::wait());
        go!(testing::wait());
        time::sleep(HOUR);
    });
    assert!(twice.contains("wait already in progress"), "{twice}");
}

/// GS-164, TestDeadlockRoot, Child; GS-174.
#[test]
fn deadlocks_name_everybody() {
    let root = panics(|| {
        let nobody = chan!(());
        chan!(<-nobody);
    });
    assert!(
        root.starts_with("deadlock: all goroutines in bubble are blocked\n\ngoroutine "),
        "{root}"
    );
    assert!(
        root.contains("[chan receive]:\n\twaiting at tests/bubble/main.rs:"),
        "{root}"
    );
    let child = panics(|| {
        go!(name = "left"; || {
            let nobody = chan!(());
            chan!(<-nobody);
        });
    });
    let head = "deadlock: main bubble goroutine has exited but blocked goroutines remain\n\ngoroutine ";
    assert!(
        child.starts_with(head) && child.contains("\"left\" [chan receive]"),
        "{child}"
    );
    // TestDeadlockTicker: time stands still when the function has returned.
    let ticker = panics(|| {
        go!(|| {
            let ticker = time::Ticker::new(HOUR);
            loop {
                chan!(<-ticker.c());
            }
        });
    });
    assert!(ticker.starts_with(head), "{ticker}");
}

/// GS-167, TestRun.
#[test]
fn bubbles_do_not_nest() {
    let nested = panics(|| testing::bubble(|| {}));
    assert!(
        nested.contains("synctest.Run called from within a synctest bubble"),
        "{nested}"
    );
}

/// GS-162, TestCond and TestWaitGroupInBubble.
#[test]
fn what_is_durable() {
    testing::bubble(|| {
        let (lock, cond) = (Arc::new(Mutex::new(0)), Arc::new(Cond::new()));
        let (locked, waited) = (Arc::clone(&lock), Arc::clone(&cond));
        go!(move || {
            let mut woken = locked.lock();
            while *woken == 0 {
                waited.wait(&mut woken);
            }
            *woken = 2;
        });
        testing::wait();
        *lock.lock() = 1;
        cond.notify_all();
        testing::wait();
        assert_eq!(*lock.lock(), 2);

        let group = WaitGroup::new();
        group.go(|| time::sleep(HOUR));
        let start = testing::now();
        group.wait();
        assert_eq!(testing::now().duration_since(start).unwrap(), HOUR);
    });
}

/// GS-162: while somebody waits for the outside, time stands still.
#[test]
fn what_is_not_durable() {
    testing::bubble(|| {
        let start = testing::now();
        let call = go!(|| gort::blocking(|| std::thread::sleep(Duration::from_millis(20))));
        let at = go!(|| {
            time::sleep(HOUR);
            testing::now()
        });
        call.join().unwrap();
        assert_eq!(testing::now(), start, "time does not pass during a call");
        assert_eq!(at.join().unwrap().duration_since(start).unwrap(), HOUR);
    });
}

/// GS-162: a channel that was made outside is not durable, and works.
#[test]
fn channels_from_outside() {
    let (asks, answers) = (chan!(u32), chan!(u32));
    let (question, answer) = (asks.rx(), answers.tx());
    let server = std::thread::spawn(move || {
        for number in question {
            std::thread::sleep(Duration::from_millis(5));
            answer.send(number + 1).unwrap();
        }
    });
    let tx = asks.tx();
    testing::bubble(move || {
        let start = testing::now();
        let sleeper = go!(time::sleep(HOUR));
        for number in 0..5 {
            chan!(tx <- number);
            assert_eq!(chan!(<-answers), Some(number + 1));
            assert_eq!(testing::now(), start, "time stands still");
        }
        chan!(tx <- 6);
        select! {
            answer = <-answers => assert_eq!(answer, Some(7)),
            _ = <-time::after(HOUR) => panic!("time stands still"),
        }
        sleeper.join().unwrap();
    });
    drop(asks);
    server.join().unwrap();
}

/// GS-168: `after_func`, contexts, scopes and error groups inherit the bubble.
#[test]
fn goroutines_inherit_it() {
    testing::bubble(|| {
        let start = testing::now();
        let seen = Arc::new(StdMutex::new(Vec::new()));
        let note = {
            let seen = Arc::clone(&seen);
            move |what: &'static str| {
                seen.lock()
                    .unwrap()
                    .push((what, testing::now().duration_since(start).unwrap()))
            }
        };
        let timer = {
            let note = note.clone();
            time::after_func(HOUR, move || note("after_func"))
        };
        let (ctx, _cancel) = context::with_timeout(context::background(), 2 * HOUR);
        let _stop = {
            let note = note.clone();
            context::after_func(&ctx, move || note("context"))
        };
        gort::scope(|s| {
            go!(s => || {
                time::sleep(3 * HOUR);
                note("scope");
            });
        });
        drop(timer);
        testing::wait();
        let seen = seen.lock().unwrap().clone();
        assert_eq!(
            seen,
            [("after_func", HOUR), ("context", 2 * HOUR), ("scope", 3 * HOUR)]
        );
    });
}

/// GS-169.
#[test]
fn sleep_waits_too() {
    testing::bubble(|| {
        let done = Arc::new(AtomicBool::new(false));
        let sets = Arc::clone(&done);
        go!(move || {
            time::sleep(HOUR);
            sets.store(true, Ordering::Relaxed);
        });
        testing::sleep(HOUR);
        assert!(done.load(Ordering::Relaxed));
    });
}

/// A panic is told once, by whoever runs the bubble.
#[test]
fn panics_are_passed_on() {
    assert!(panics(|| panic!("of the function")).starts_with("of the function"));
    let other = panics(|| {
        go!(|| panic!("of another"));
        time::sleep(HOUR);
    });
    assert!(other.starts_with("of another"), "{other}");
    let value = testing::bubble(|| {
        let handle = go!(|| -> u32 { panic!("that is joined") });
        handle.join().unwrap_err().to_string()
    });
    assert!(value.contains("that is joined"), "{value}");
}

/// The same program takes the same way each time, on threads and goroutines, side by side.
#[test]
fn it_is_deterministic() {
    fn run() -> Vec<usize> {
        testing::bubble(|| {
            let order = Arc::new(StdMutex::new(Vec::new()));
            for number in 0..20 {
                let order = Arc::clone(&order);
                go!(move || {
                    for _ in 0..5 {
                        time::sleep(Duration::from_secs(1 + number as u64 % 3));
                        order.lock().unwrap().push(number);
                        gort::runtime::gosched();
                    }
                });
            }
            time::sleep(HOUR);
            let order = order.lock().unwrap();
            order.clone()
        })
    }
    let first = run();
    let beside: Vec<_> = (0..4).map(|_| go!(run)).collect();
    for handle in beside {
        assert_eq!(handle.join().unwrap(), first);
    }
    assert_eq!(run(), first);
}

/// A bubble may start more goroutines than live in it at once, and have very many timers.
#[test]
fn very_many() {
    testing::bubble(|| {
        let ticks = 100_000_u32;
        let ticker = time::Ticker::new(Duration::from_secs(1));
        for tick in 0..ticks {
            chan!(<-ticker.c());
            if tick % 2 == 0 {
                go!(|| ()).join().unwrap();
            }
        }
    });
}

#[gort::test(bubble)]
fn of_an_attribute() {
    let start = testing::now();
    time::sleep(HOUR);
    assert_eq!(testing::now().duration_since(start).unwrap(), HOUR);
}

#[gort::test(bubble, timeout = "1m")]
#[should_panic(expected = "blocked goroutines remain")]
fn of_an_attribute_that_finds_a_leak() {
    go!(|| {
        let nobody = chan!(());
        chan!(<-nobody);
    });
}

#[gort::test(bubble)]
fn of_an_attribute_with_a_result() -> Result<(), String> {
    time::sleep(HOUR);
    Ok(())
}
