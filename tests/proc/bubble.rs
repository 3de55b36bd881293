//! Channels that leave their bubble (GS-166; TestChannelMovedOutOfBubble of internal/synctest).

use std::sync::{Arc, mpsc};
use std::time::Duration;

use gort::prelude::*;
use gort::sync::Mutex;
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

/// GS-166
pub(crate) fn receive() {
    #[gort::main]
    fn main() {
        outside(|channel| assert_eq!(channel.recv(), None));
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: receive on synctest channel from outside bubble\n"]);
}

/// GS-166
pub(crate) fn send() {
    #[gort::main]
    fn main() {
        outside(|channel| channel.send(1).unwrap());
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: send on synctest channel from outside bubble\n"]);
}

/// GS-166
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

/// GS-166
pub(crate) fn close() {
    #[gort::main]
    fn main() {
        outside(|channel| channel.close());
    }
    child::run(main)
        .expect_code(2)
        .expect_stderr(&["fatal error: close of synctest channel from outside bubble\n"]);
}

/// GS-165: somebody outside might free the lock, so the clock does not jump; and if there is nobody, nobody can go on.
pub(crate) fn a_mutex_stalls_the_clock() {
    #[gort::main]
    fn main() {
        testing::bubble(|| {
            let lock = Arc::new(Mutex::new(()));
            let _held = lock.lock();
            let other = Arc::clone(&lock);
            go!(move || drop(other.lock()));
            gort::time::sleep(Duration::from_secs(3600));
        });
    }
    child::run(main).expect_code(2).expect_stderr(&[
        "fatal error: all goroutines are asleep - deadlock!",
        "[sync.Mutex.Lock]",
    ]);
}
