//! Go's context/x_test.go, without the causes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::context::{
    self, Context, Error, background, todo, with_cancel, with_deadline, with_timeout, with_value,
    without_cancel,
};
use gort::prelude::*;
use gort::sync::WaitGroup;

use super::{K1, K2, K3, is_done, ms};
use crate::support::seed::{Rng, seed};

const LONG: Duration = Duration::from_secs(120);

/// TestBackground, TestTODO; GS-121.
#[gort::test]
fn test_background_and_todo() {
    for (ctx, name) in [(background(), "context.Background"), (todo(), "context.TODO")] {
        assert!(!is_done(&ctx));
        assert_eq!(ctx.err(), None);
        assert_eq!(ctx.deadline(), None);
        assert!(context::cause(&ctx).is_none());
        assert_eq!((ctx.to_string(), format!("{ctx:?}")), (name.into(), name.into()));
    }
}

/// TestWithCancel; GS-122, GS-124.
#[gort::test]
fn test_with_cancel() {
    let (ctx, cancel) = with_cancel(background());
    assert_eq!(ctx.to_string(), "context.Background.WithCancel");
    let done = ctx.done();
    assert!(!is_done(&ctx));
    assert_eq!(ctx.err(), None);
    cancel();
    assert!(is_done(&ctx));
    assert_eq!(chan!(<-done), None);
    assert!(done.same_channel(&ctx.done()));
    assert_eq!(ctx.err(), Some(Error::Canceled));
    assert_eq!(ctx.err().unwrap().to_string(), "context canceled");
    cancel();
    assert_eq!(ctx.err(), Some(Error::Canceled));
}

/// TestParentFinishesChild: a tree of each kind, cancelled at its root; GS-122.
#[gort::test]
fn test_parent_finishes_child() {
    let (parent, cancel) = with_cancel(background());
    let (child, _stop) = with_cancel(&parent);
    let value = with_value::<K1>(&parent, "value");
    let (value_child, _) = with_cancel(&value);
    let (timer_child, _stop2) = with_timeout(&value, LONG);
    let all = [&parent, &child, &value, &value_child, &timer_child];
    assert!(all.iter().all(|ctx| !is_done(ctx) && ctx.err().is_none()));
    assert!(
        value.done().same_channel(&parent.done()),
        "a value has its parent's channel"
    );
    cancel();
    for ctx in all {
        assert!(is_done(ctx), "{ctx} is not done when cancel returns");
        assert_eq!(ctx.err(), Some(Error::Canceled));
    }
    let (late, _) = with_cancel(&value);
    assert!(is_done(&late), "born cancelled");
    assert_eq!(late.err(), Some(Error::Canceled));
}

/// TestChildFinishesFirst; GS-126.
#[gort::test]
fn test_child_finishes_first() {
    let (cancellable, _stop) = with_cancel(background());
    for parent in [background(), cancellable] {
        let (child, cancel) = with_cancel(&parent);
        assert!(!is_done(&parent) && !is_done(&child));
        cancel();
        assert!(is_done(&child));
        assert_eq!(child.err(), Some(Error::Canceled));
        assert!(!is_done(&parent));
        assert_eq!(parent.err(), None);
    }
}

fn expires(ctx: &Context, start: Instant, after: Duration) {
    select! {
        <-ctx.done() => assert!(start.elapsed() >= after),
        <-gort::time::after(LONG) => panic!("{ctx} not done"),
    }
    assert_eq!(ctx.err(), Some(Error::DeadlineExceeded));
    let error = ctx.err().unwrap();
    assert!(error.is_timeout(), "TestDeadlineExceededSupportsTimeout");
    assert_eq!(error.to_string(), "context deadline exceeded");
}

/// TestDeadline, TestTimeout; GS-127.
#[gort::test]
fn test_deadline() {
    let start = Instant::now();
    let (ctx, _c) = with_deadline(background(), start + ms(10));
    let text = ctx.to_string();
    assert!(
        text.starts_with("context.Background.WithDeadline(") && text.ends_with("])"),
        "{text}"
    );
    expires(&ctx, start, ms(10));

    let start = Instant::now();
    let (ctx, _c) = with_deadline(background(), start + ms(10));
    let (child, _c2) = with_timeout(&ctx, LONG);
    assert_eq!(child.deadline(), ctx.deadline(), "clipped to the parent's");
    let (short, _c3) = with_deadline(&ctx, start + ms(5));
    assert!(short.deadline() < ctx.deadline());
    expires(&short, start, ms(5));
    expires(&child, start, ms(10));
    expires(&ctx, start, ms(10));

    let (past, _c) = with_deadline(background(), Instant::now());
    assert!(is_done(&past), "done already");
    let (never, _c) = with_timeout(background(), Duration::MAX);
    gort::time::sleep(ms(2));
    assert!(!is_done(&never));
}

/// TestCanceledTimeout; GS-128.
#[gort::test]
fn test_canceled_timeout() {
    let (ctx, _c) = with_timeout(background(), LONG);
    let (ctx, cancel) = with_timeout(&ctx, LONG * 2);
    cancel();
    assert!(is_done(&ctx));
    assert_eq!(ctx.err(), Some(Error::Canceled));
    let (ctx, cancel) = with_timeout(background(), Duration::ZERO);
    cancel();
    assert_eq!(ctx.err(), Some(Error::DeadlineExceeded), "the first one wins");
}

/// TestValues; GS-133, GS-134.
#[gort::test]
fn test_values() {
    fn check(ctx: &Context, k1: Option<&str>, k2: Option<&str>, k3: Option<u32>) {
        assert_eq!(ctx.value::<K1>().copied(), k1);
        assert_eq!(ctx.value::<K2>().copied(), k2);
        assert_eq!(ctx.value::<K3>().copied(), k3);
    }
    let c0 = background();
    check(&c0, None, None, None);
    let c1 = with_value::<K1>(&c0, "c1k1");
    check(&c1, Some("c1k1"), None, None);
    assert_eq!(
        c1.to_string(),
        "context.Background.WithValue(go_lib::go_context::K1)"
    );
    let c2 = with_value::<K2>(&c1, "c2k2");
    check(&c2, Some("c1k1"), Some("c2k2"), None);
    let c3 = with_value::<K3>(&c2, 3);
    check(&c3, Some("c1k1"), Some("c2k2"), Some(3));
    let c4 = with_value::<K1>(&c3, "c4k1");
    check(&c4, Some("c4k1"), Some("c2k2"), Some(3));
    let (o1, _c) = with_cancel(&c4);
    check(&o1, Some("c4k1"), Some("c2k2"), Some(3));
    check(&c3, Some("c1k1"), Some("c2k2"), Some(3));
}

/// TestWithoutCancel; GS-131.
#[gort::test]
fn test_without_cancel() {
    let (parent, cancel) = with_timeout(with_value::<K1>(background(), "value"), LONG);
    let ctx = without_cancel(&parent);
    assert!(ctx.deadline().is_none());
    cancel();
    assert!(!is_done(&ctx) && ctx.err().is_none() && context::cause(&ctx).is_none());
    assert_eq!(ctx.value::<K1>(), Some(&"value"));
    let (child, _c) = with_cancel(&ctx);
    assert!(child.to_string().ends_with(".WithoutCancel.WithCancel"));
    assert_eq!(child.err(), None);
}

/// TestSimultaneousCancels: a tree whose contexts are all cancelled at once; GS-122.
#[gort::test]
fn test_simultaneous_cancels() {
    let (root, cancel) = with_cancel(background());
    let mut tree = vec![(root, cancel)];
    let mut parents = 0;
    while tree.len() < 100 {
        let parent = tree[parents].0.clone();
        parents += 1;
        tree.push(with_cancel(&parent));
        tree.push(with_cancel(&parent));
    }
    let wg = WaitGroup::new();
    for (_, cancel) in &tree {
        let cancel = cancel.clone();
        wg.go(move || cancel.cancel());
    }
    let all_done = gort::time::after(LONG);
    for (ctx, _) in &tree {
        select! {
            <-ctx.done() => {}
            <-all_done => panic!("timed out"),
        }
    }
    wg.wait();
    assert!(tree.iter().all(|(ctx, _)| ctx.err() == Some(Error::Canceled)));
}

/// TestInterlockedCancels: cancelling the parent cancels a child whose goroutine then cancels the
/// parent.
#[gort::test]
fn test_interlocked_cancels() {
    let (parent, cancel_parent) = with_cancel(background());
    let (child, cancel_child) = with_cancel(&parent);
    let (ctx, also) = (parent.clone(), cancel_parent.clone());
    let one = go!({
        chan!(<-ctx.done());
        cancel_child();
    });
    let done = child.done();
    let two = go!({
        chan!(<-done);
        also();
    });
    cancel_parent();
    one.join().unwrap();
    two.join().unwrap();
    assert!(is_done(&child));
}

/// TestLayersCancel, TestLayersTimeout: random layers of every kind keep what each of them is for;
/// GS-122, GS-127, GS-133.
#[gort::test]
fn test_layers() {
    let mut rng = Rng::new(seed());
    for timeout in [false, true] {
        let mut ctx = background();
        let (mut cancels, mut values) = (Vec::new(), Vec::new());
        for i in 0..100 {
            match rng.below(if timeout { 3 } else { 2 }) {
                0 => {
                    let (child, cancel) = with_cancel(&ctx);
                    ctx = child;
                    cancels.push(cancel);
                }
                1 => {
                    values.push(i);
                    ctx = with_value::<super::Tree>(&ctx, values.clone());
                }
                _ => {
                    let (child, cancel) = with_timeout(&ctx, ms(20));
                    ctx = child;
                    cancels.push(cancel);
                }
            }
        }
        let (ctx, cancel) = if timeout {
            with_timeout(ctx, ms(20))
        } else {
            with_cancel(ctx)
        };
        assert_eq!(ctx.value::<super::Tree>(), Some(&values));
        if timeout {
            chan!(<-ctx.done());
            assert_eq!(ctx.err(), Some(Error::DeadlineExceeded));
        } else {
            assert!(!is_done(&ctx));
            let first = cancels.swap_remove(rng.below(cancels.len()));
            first();
            assert!(is_done(&ctx));
            assert_eq!(ctx.err(), Some(Error::Canceled));
        }
        cancel();
        assert_eq!(ctx.value::<super::Tree>(), Some(&values));
    }
}

/// A hundred thousand contexts, wide and deep, with a goroutine at the last.
#[gort::test]
fn a_large_tree() {
    let (root, cancel) = with_cancel(background());
    let mut tree = vec![root.clone()];
    for i in 1..100_000 {
        // Each third one goes deeper, the others wider.
        let parent = if i % 3 == 0 { i - 1 } else { i / 2 };
        tree.push(with_cancel(&tree[parent]).0);
    }
    let tree = Arc::new(tree);
    let last = go!([tree] { chan!(<-tree.last().unwrap().done()); });
    cancel();
    assert!(tree.iter().all(|ctx| ctx.err() == Some(Error::Canceled)));
    last.join().unwrap();
}

/// What a dropped function does: nothing; and what its guard does.
#[gort::test]
fn dropping_cancel_functions() {
    let (ctx, _) = with_timeout(background(), LONG);
    assert_eq!(ctx.err(), None);
    let (ctx, _) = with_timeout(background(), ms(2));
    chan!(<-ctx.done());
    assert_eq!(ctx.err(), Some(Error::DeadlineExceeded));
    let (ctx, cancel) = with_cancel(background());
    let guard = cancel.clone().on_drop();
    drop(cancel);
    assert_eq!(ctx.err(), None);
    drop(guard);
    assert_eq!(ctx.err(), Some(Error::Canceled));
}
