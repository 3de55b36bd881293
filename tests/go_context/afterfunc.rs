//! Go's TestAfterFunc… (x_test.go, afterfunc_test.go); GS-132.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use gort::context::{after_func, background, with_cancel, with_timeout};
use gort::prelude::*;

use super::{is_done, ms};
use crate::support::eventually;

/// TestAfterFuncCalledAfterCancel.
#[gort::test]
fn test_called_after_cancel() {
    let (ctx, cancel) = with_cancel(background());
    let done = chan!(());
    let closed = done.tx();
    let stop = after_func(&ctx, move || closed.close());
    select! {
        <-done => panic!("called before the cancel"),
        <-gort::time::after(ms(3)) => {}
    }
    cancel();
    assert_eq!(chan!(<-done), None);
    assert!(!stop(), "it was called");
}

/// TestAfterFuncCalledAfterTimeout.
#[gort::test]
fn test_called_after_timeout() {
    let (ctx, _cancel) = with_timeout(background(), ms(3));
    let done = chan!(());
    let closed = done.tx();
    after_func(&ctx, move || closed.close());
    assert_eq!(chan!(<-done), None);
    assert!(is_done(&ctx));
}

/// TestAfterFuncCalledImmediately.
#[gort::test]
fn test_called_immediately() {
    let (ctx, cancel) = with_cancel(background());
    cancel();
    let done = chan!(());
    let closed = done.tx();
    after_func(&ctx, move || closed.close());
    assert_eq!(chan!(<-done), None);
}

/// TestAfterFuncNotCalledAfterStop.
#[gort::test]
fn test_not_called_after_stop() {
    let (ctx, cancel) = with_cancel(background());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let stop = after_func(&ctx, move || {
        counted.fetch_add(1, SeqCst);
    });
    assert!(stop());
    assert!(!stop(), "the second time");
    cancel();
    gort::time::sleep(ms(3));
    assert_eq!(calls.load(SeqCst), 0);
    assert_eq!(Arc::strong_count(&calls), 1, "the function is gone");
}

/// TestAfterFuncNotCalledAsynchronously: it has a goroutine of its own, and cancel does not wait
/// for it.
#[gort::test]
fn test_called_in_a_goroutine_of_its_own() {
    let (ctx, cancel) = with_cancel(background());
    let (gate, done) = (chan!(()), chan!(()));
    let (rx, tx) = (gate.rx(), done.tx());
    after_func(&ctx, move || {
        chan!(<-rx);
        chan!(tx <- ());
    });
    cancel();
    chan!(gate <- ());
    assert_eq!(chan!(<-done), Some(()));
}

/// Several functions of one context, some stopped: the others run once each; a dropped context
/// still calls them.
#[gort::test]
fn test_many() {
    let (ctx, cancel) = with_cancel(background());
    let calls = Arc::new(AtomicUsize::new(0));
    let stops: Vec<_> = (0..100)
        .map(|_| {
            let calls = calls.clone();
            after_func(with_cancel(&ctx).0, move || {
                calls.fetch_add(1, SeqCst);
            })
        })
        .collect();
    let stopped = stops.iter().step_by(3).filter(|stop| stop.stop()).count();
    drop((stops, ctx));
    cancel();
    eventually("all are called", ms(120_000), || {
        calls.load(SeqCst) == 100 - stopped
    });
}
