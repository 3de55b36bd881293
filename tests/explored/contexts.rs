//! Contexts, errgroups, scopes.

use std::sync::Arc;

use gort::context;
use gort::errgroup::Group;
use gort::prelude::*;
use gort::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::holds;

#[test]
fn a_cancellation_reaches_the_children() {
    holds(|| {
        let (parent, cancel) = context::with_cancel(context::background());
        let (child, _own) = context::with_cancel(parent.clone());
        let waiter = go!([child] {
            chan!(<-child.done());
            child.err().is_some()
        });
        let canceller = go!({ cancel() });
        assert!(waiter.join().unwrap());
        canceller.join().unwrap();
        assert!(parent.err().is_some() && child.err().is_some());
    });
}

#[test]
fn a_child_of_a_cancelled_context_is_cancelled() {
    holds(|| {
        let (parent, cancel) = context::with_cancel(context::background());
        let canceller = go!({ cancel() });
        // Made before, during or after it.
        let (child, _own) = context::with_cancel(parent);
        chan!(<-child.done());
        canceller.join().unwrap();
    });
}

#[test]
fn what_is_called_after_a_context_is_called_once() {
    holds(|| {
        let (ctx, cancel) = context::with_cancel(context::background());
        let calls = Arc::new(AtomicUsize::new(0));
        let called = chan!((), 1);
        let stop = context::after_func(ctx, {
            let (calls, called) = (Arc::clone(&calls), called.clone());
            move || {
                calls.fetch_add(1, SeqCst);
                chan!(called <- ());
            }
        });
        let canceller = go!({ cancel() });
        if stop() {
            canceller.join().unwrap();
            assert_eq!(calls.load(SeqCst), 0, "it was stopped");
        } else {
            chan!(<-called);
            canceller.join().unwrap();
            assert_eq!(calls.load(SeqCst), 1);
        }
    });
}

#[test]
fn the_first_error_is_the_groups() {
    holds(|| {
        let group = Group::<u32>::new();
        let order = Arc::new(AtomicUsize::new(0));
        for member in 0..2 {
            let order = Arc::clone(&order);
            group.go(move || {
                if order.fetch_add(1, SeqCst) == 0 {
                    Ok(())
                } else {
                    Err(member)
                }
            });
        }
        assert!(group.wait().is_err());
        assert_eq!(order.load(SeqCst), 2, "all have ended");
    });
}

#[test]
fn a_limit_keeps_members_waiting() {
    holds(|| {
        let group = Group::<()>::new();
        group.set_limit(1);
        let running = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let running = Arc::clone(&running);
            group.go(move || {
                assert_eq!(running.fetch_add(1, SeqCst), 0, "two at once");
                running.fetch_sub(1, SeqCst);
                Ok(())
            });
        }
        assert_eq!(group.wait(), Ok(()));
    });
}

#[test]
fn a_scope_waits_for_its_goroutines() {
    holds(|| {
        let count = AtomicUsize::new(0);
        gort::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| count.fetch_add(1, SeqCst));
            }
        });
        assert_eq!(count.into_inner(), 2);
    });
}
