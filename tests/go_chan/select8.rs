//! Port of test/chan/select8.go: `break` in a select with one, two and three arms (GS-67).
//!
//! In Go a bare `break` leaves the select. In gort bodies are in-place code, so that it leaves the
//! enclosing Rust loop, and a labelled block stands for Go's bare `break`. Both are checked, with
//! `continue`, `return` and `?`.
#![allow(clippy::needless_return)] // The Go original is written so.

use gort::prelude::*;

/// Somebody who sends for ever, until the receiver is dropped.
fn fives() -> Receiver<i32> {
    let (tx, rx) = gort::channel(0);
    go!(move || {
        loop {
            chan!(tx <- 5);
        }
    });
    rx
}

#[gort::test]
#[expect(
    unreachable_code,
    reason = "Go's panic after each `break`, and the point of the test"
)]
fn labelled_break_leaves_the_select() {
    let ch = fives();
    let nobody: Option<Sender<i32>> = None;
    let mut left = 0;
    'one: {
        select! {
            <-ch => break 'one,
        }
        left = 100;
    }
    left += 1;
    'only_default: {
        select! {
            default => break 'only_default,
        }
        left = 100;
    }
    left += 1;
    'two: {
        select! {
            <-ch => break 'two,
            default => break 'two,
        }
        left = 100;
    }
    left += 1;
    'three: {
        select! {
            <-ch => break 'three,
            nobody <- 10 => panic!("unreachable"),
            default => break 'three,
        }
        left = 100;
    }
    left += 1;
    assert_eq!(left, 4);
}

#[gort::test]
fn break_and_continue_act_on_the_enclosing_loop() {
    let ch = fives();
    let mut rounds = 0;
    let sum = loop {
        rounds += 1;
        select! {
            v = <-ch => {
                if rounds < 3 {
                    continue;
                }
                break v.unwrap() * rounds;
            }
        }
    };
    assert_eq!(sum, 15);

    let mut inner = 0;
    'outer: for i in 0.. {
        for _ in 0..2 {
            inner += 1;
            select! {
                <-ch => {
                    if i >= 2 {
                        break 'outer;
                    }
                    continue 'outer;
                }
                default => {}
            }
        }
    }
    assert!(inner >= 3);
}

fn returns(ch: &Receiver<i32>) -> i32 {
    select! {
        v = <-ch => return v.unwrap(),
    }
}

fn asks(ch: &Receiver<Result<i32, String>>) -> Result<i32, String> {
    let v = select! {
        Some(v) = <-ch => v?,
        else => 0,
    };
    Ok(v + 1)
}

#[gort::test]
fn return_and_question_mark_leave_the_function() {
    assert_eq!(returns(&fives()), 5);
    let ch = chan!(Result<i32, String>, 2);
    chan!(ch <- Ok(1));
    chan!(ch <- Err("no".into()));
    let rx = ch.rx();
    assert_eq!(asks(&rx), Ok(2));
    assert_eq!(asks(&rx), Err("no".into()));
    ch.close();
    assert_eq!(asks(&rx), Ok(1));
}
