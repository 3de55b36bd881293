//! Channels that leave their bubble (GS-166; TestChannelMovedOutOfBubble of internal/synctest).

use std::sync::mpsc;

use gort::prelude::*;
use gort::testing;

use crate::support::child;

/// What another thread does with a channel of a bubble ends the process with Go's words.
fn outside(act: fn(Chan<i32>)) {
    let (gives, takes) = mpsc::channel::<Chan<i32>>();
    let other = std::thread::spawn(move || act(takes.recv().unwrap()));
    testing::bubble(move || {
        let kept = chan!(i32, 1);
        gives.send(kept.clone()).unwrap();
        // The bubble lives until the other thread has done it.
        gort::blocking(move || other.join().unwrap());
        drop(kept);
    });
}

pub(crate) fn receive() {
    #[gort::main]
    fn main() {
        outside(|channel| assert_eq!(channel.recv(), None));
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: receive on synctest channel from outside bubble\n"]);
}

pub(crate) fn send() {
    #[gort::main]
    fn main() {
        outside(|channel| channel.send(1).unwrap());
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: send on synctest channel from outside bubble\n"]);
}

pub(crate) fn select() {
    #[gort::main]
    fn main() {
        outside(|channel| {
            select! {
                _ = <-channel => {}
                default => {}
            }
        });
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: select on synctest channel from outside bubble\n"]);
}

pub(crate) fn close() {
    #[gort::main]
    fn main() {
        outside(|channel| channel.close());
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: close of synctest channel from outside bubble\n"]);
}
