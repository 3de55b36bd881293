//! Port of test/ken/chan1.go: ten receivers on one channel, each message seen once (GS-25).
#![allow(clippy::unnecessary_cast)] // The cast also tells the index's type.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use gort::prelude::*;
use gort::runtime::gosched;

const MESSAGES: usize = 1000;
const RECEIVERS: usize = 10;
const BUFFER: usize = 2;

#[gort::test]
fn each_message_is_seen_once() {
    let marks: Arc<[AtomicU8]> = (0..MESSAGES).map(|_| AtomicU8::new(0)).collect();
    let (tx, rx) = gort::channel(BUFFER);
    let receivers: Vec<_> = (0..RECEIVERS)
        .map(|m| {
            let handle = go!([rx, marks] {
                loop {
                    select! {
                        Some(r) = <-rx => {
                            let before = marks[r as usize].swap(2, Ordering::Relaxed);
                            assert_eq!(before, 1, "message {r} at receiver {m}");
                        }
                        else => return,
                    }
                }
            });
            gosched();
            handle
        })
        .collect();
    gosched();
    gosched();
    for (n, mark) in marks.iter().enumerate() {
        assert_eq!(mark.swap(1, Ordering::Relaxed), 0);
        chan!(tx <- n);
    }
    drop(tx);
    for receiver in receivers {
        receiver.join().unwrap();
    }
    assert!(marks.iter().all(|mark| mark.load(Ordering::Relaxed) == 2));
}
