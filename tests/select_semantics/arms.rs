//! How arms are evaluated, what they may be, and when they drop out.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::prelude::*;

use crate::support::eventually;
use crate::{NIL, closed, deaf};

#[gort::test]
fn operands_are_evaluated_once_in_source_order_chosen_or_not() {
    let log = RefCell::new(Vec::new());
    let note = |what: &'static str| log.borrow_mut().push(what);
    let (a, b, d) = (chan!(u32), chan!(u32, 1), chan!(u32, 1));
    chan!(d <- 5);
    let op = |name: &'static str, ch: &Chan<u32>| {
        note(name);
        ch.clone()
    };
    let value = |name: &'static str| {
        note(name);
        1
    };
    // The receive inside of the send value happens first, outside of the choice.
    select! {
        biased;
        <-op("ch1", &a) => panic!("empty"),
        op("ch2", &b) <- value("val2") => note("body2"),
        op("ch3", &b) <- chan!(<-op("inner", &d)).unwrap() => panic!("the second comes first"),
        default => panic!("something is ready"),
    }
    assert_eq!(*log.borrow(), ["ch1", "ch2", "val2", "ch3", "inner", "body2"]);
    assert!(d.is_empty());
    assert_eq!(chan!(<-b), Some(1));
}

#[gort::test]
fn a_select_has_a_value() {
    let ch = chan!(u32, 1);
    let text: String = select! {
        v = <-ch => format!("{v:?}"),
        default => "nothing".into(),
    };
    assert_eq!(text, "nothing");
    chan!(ch <- 3);
    let borrowed = String::from("from outside");
    let both = 1 + select! {
        Some(v) = <-ch => { v * 2 }
        default => panic!("{borrowed}"),
    };
    assert_eq!(both, 7);
}

#[gort::test]
fn as_many_arms_as_you_like() {
    let chans: [Chan<usize>; 20] = std::array::from_fn(|_| chan!(usize, 1));
    for (i, ch) in chans.iter().enumerate() {
        chan!(ch <- i);
        let c = &chans;
        let got = select! {
            v = <-c[0] => v, v = <-c[1] => v, v = <-c[2] => v, v = <-c[3] => v, v = <-c[4] => v,
            v = <-c[5] => v, v = <-c[6] => v, v = <-c[7] => v, v = <-c[8] => v, v = <-c[9] => v,
            v = <-c[10] => v, v = <-c[11] => v, v = <-c[12] => v, v = <-c[13] => v, v = <-c[14] => v,
            v = <-c[15] => v, v = <-c[16] => v, v = <-c[17] => v, v = <-c[18] => v, v = <-c[19] => v,
        };
        assert_eq!(got, Some(i));
    }
}

#[gort::test]
fn patterns_that_take_every_value() {
    struct Point {
        x: u32,
        y: u32,
    }
    let points = chan!(Point, 2);
    chan!(points <- Point { x: 1, y: 2 });
    chan!(points <- Point { x: 3, y: 4 });
    let mut sum = 0;
    for _ in 0..2 {
        select! {
            Some(Point { x, y }) = <-points => sum += x * y,
        }
    }
    assert_eq!(sum, 14);
    let pairs = chan!((u32, &str), 1);
    chan!(pairs <- (7, "seven"));
    select! {
        ((n, text), ok) = <-pairs => assert_eq!((n, text, ok), (7, "seven", true)),
    }
    // Only the two-value form asks for a default value.
    struct Plain;
    let plain = chan!(Plain, 1);
    chan!(plain <- Plain);
    select! {
        v = <-plain => assert!(v.is_some()),
    }
}

#[gort::test]
fn a_refutable_arm_drops_out_once_closed_and_drained() {
    let (a, b) = (chan!(u32, 2), chan!(u32, 2));
    for ch in [&a, &b] {
        chan!(ch <- 1);
        chan!(ch <- 2);
        ch.close();
    }
    let mut sum = 0;
    loop {
        select! {
            Some(v) = <-a => sum += v,
            Some(v) = <-b => sum += v * 10,
            else => break,
        }
    }
    assert_eq!(sum, 33);
}

#[gort::test]
fn an_arm_drops_out_while_it_waits() {
    let (a, b) = (chan!(u32), chan!(u32));
    let waiter = go!([a, b] {
        select! {
            Some(_) = <-a => "a value",
            Some(v) = <-b => if v == 7 { "the other" } else { "a wrong value" },
            else => "nothing left",
        }
    });
    gort::time::sleep(Duration::from_millis(2));
    a.close();
    gort::time::sleep(Duration::from_millis(2));
    chan!(b <- 7);
    assert_eq!(waiter.join().unwrap(), "the other");

    let (a, b) = (chan!(u32), chan!(u32));
    let waiter = go!([a, b] {
        select! {
            Some(_) = <-a => "a value",
            Some(_) = <-b => "a value",
            else => "nothing left",
        }
    });
    gort::time::sleep(Duration::from_millis(2));
    a.close();
    b.close();
    assert_eq!(waiter.join().unwrap(), "nothing left");
}

#[gort::test]
fn a_plain_arm_on_a_closed_channel_is_ready() {
    let open = chan!(u32);
    select! {
        v = <-closed() => assert_eq!(v, None),
        <-open => panic!("empty"),
    }
    select! {
        (v, ok) = <-closed() => assert_eq!((v, ok), (0, false)),
        <-open => panic!("empty"),
    }
}

#[gort::test]
fn a_send_nobody_can_receive_drops_out() {
    let ch = chan!(u32, 1);
    chan!(ch <- 1);
    select! {
        deaf() <- 5 => panic!("nobody can receive"),
        v = <-ch => assert_eq!(v, Some(1)),
    }
    let end = select! {
        deaf() <- 5 => panic!("nobody can receive"),
        else => "dropped out",
    };
    assert_eq!(end, "dropped out");

    // While it waits: the last receiver goes.
    let (tx, rx) = gort::channel(0);
    let waiter = go!(move || {
        select! {
            tx <- 5 => "sent",
            else => "dropped out",
        }
    });
    gort::time::sleep(Duration::from_millis(2));
    drop(rx);
    assert_eq!(waiter.join().unwrap(), "dropped out");
}

/// `else` comes before `default`, and only when every arm is out.
#[gort::test]
fn else_and_default() {
    let (open, gone) = (chan!(u32), closed());
    let which = |a: &Chan<u32>, b: &Chan<u32>| {
        select! {
            Some(_) = <-a => "value",
            Some(_) = <-b => "value",
            default => "default",
            else => "else",
        }
    };
    assert_eq!(which(&gone, &open), "default");
    assert_eq!(which(&open, &gone), "default");
    assert_eq!(which(&gone, &gone), "else");
    let nil = select! {
        Some(_) = <-NIL => "value",
        default => "default",
    };
    assert_eq!(nil, "default");
}

#[gort::test]
fn other_sources() {
    let never = chan!(u32);
    let start = std::time::Instant::now();
    select! {
        <-never => panic!("empty"),
        <-gort::time::after(Duration::from_millis(5)) => {}
    }
    assert!(start.elapsed() >= Duration::from_millis(5));
    // A source that is there only sometimes.
    for limit in [None, Some(Duration::from_millis(1))] {
        let timer = limit.map(gort::time::after);
        let other = Duration::from_millis(if limit.is_some() { 60_000 } else { 1 });
        let timed_out = select! {
            <-timer => true,
            <-gort::time::after(other) => false,
        };
        assert_eq!(timed_out, limit.is_some());
    }
}

/// Bodies are in place: they may move, borrow mutably, and select again on the same channels.
#[gort::test]
fn bodies_are_in_place() {
    let (a, b) = (chan!(u32, 2), chan!(u32, 2));
    chan!(a <- 1);
    chan!(b <- 2);
    let text = String::from("moved");
    let mut log = Vec::new();
    select! {
        v = <-a => {
            log.push(v);
            log.push(select! {
                w = <-b => w,
                w = <-a => w,
            });
            drop(text);
        }
        v = <-b => {
            log.push(v);
            log.push(select! {
                w = <-b => w,
                w = <-a => w,
            });
            drop(text);
        }
    }
    log.sort();
    assert_eq!(log, [Some(1), Some(2)]);
}

/// A select works from a plain thread too, against goroutines and other threads.
#[test]
fn from_plain_threads() {
    let (a, b, done) = (chan!(u32), chan!(u32), chan!(()));
    let echo = go!([a, b, done] {
        loop {
            select! {
                Some(v) = <-a => chan!(b <- v + 1),
                <-done => return,
            }
        }
    });
    let sum: u32 = std::thread::scope(|s| {
        let threads = [0u32, 1].map(|t| {
            let (a, b) = (&a, &b);
            s.spawn(move || {
                let (mut sent, mut sum, mut received) = (0, 0, 0);
                while sent < 100 || received < 100 {
                    let (out, input) = ((sent < 100).then_some(a), (received < 100).then_some(b));
                    select! {
                        out <- t * 1000 => sent += 1,
                        Some(v) = <-input => {
                            sum += v;
                            received += 1;
                        }
                    }
                }
                sum
            })
        });
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    chan!(done <- ());
    echo.join().unwrap();
    assert_eq!(sum, 100 + 100 * 1001);
}

/// A busy loop over a select with `default` leaves room for others, on one worker too.
#[gort::test]
fn polling_in_vain_starves_nobody() {
    let flag = Arc::new(AtomicUsize::new(0));
    let (a, polls) = (chan!(u32), Cell::new(0u64));
    go!([flag, a] {
        flag.store(1, Ordering::Relaxed);
        chan!(a <- 7);
    });
    let got = loop {
        select! {
            v = <-a => break v,
            default => polls.set(polls.get() + 1),
        }
    };
    assert_eq!(got, Some(7));
    eventually("the other has run", Duration::from_secs(60), || {
        flag.load(Ordering::Relaxed) == 1
    });
}
