//! Loops that poll a channel do not keep others from running, whatever the form of the poll and
//! with one worker (GS-71).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gort::Select;
use gort::prelude::*;

use crate::support::child::Child;

/// Polls until somebody else has run, who can only do so if `poll` lets go of the one worker.
fn lets_others_run(what: &str, mut poll: impl FnMut()) {
    let ran = Arc::new(AtomicBool::new(false));
    go!([ran] { ran.store(true, Ordering::Relaxed) });
    while !ran.load(Ordering::Relaxed) {
        poll();
    }
    println!("{what}");
}

#[test]
fn every_poll_lets_others_run() {
    fn program() {
        gort::run(|| {
            let (tx, rx) = gort::channel::<u32>(0);
            lets_others_run("try_recv", || assert!(rx.try_recv().is_err()));
            lets_others_run("try_send", || assert!(tx.try_send(1).is_err()));
            lets_others_run("try_iter", || assert_eq!(rx.try_iter().next(), None));
            lets_others_run("recv_timeout", || {
                assert!(rx.recv_timeout(Duration::ZERO).is_err())
            });
            lets_others_run("send_timeout", || {
                assert!(tx.send_timeout(1, Duration::ZERO).is_err())
            });
            lets_others_run("default", || select! { <-rx => unreachable!(), default => {} });
            let mut set = Select::new();
            set.recv(&rx);
            lets_others_run("try_select", || assert!(set.try_select().is_err()));
            lets_others_run("select_timeout", || {
                assert!(set.select_timeout(Duration::ZERO).is_err());
            });
        });
    }
    Child::default()
        .env("GOMAXPROCS", 1)
        .run(program)
        .expect_code(0)
        .expect_stdout(
            "try_recv\ntry_send\ntry_iter\nrecv_timeout\nsend_timeout\ndefault\ntry_select\nselect_timeout\n",
        );
}
