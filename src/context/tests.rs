//! What cannot be seen from outside: that contexts leave their parents.
//!
//! Go's TestCancelRemoves and TestWithCancelCanceledParent (context_test.go) look at the same list.

use std::time::Duration;

use super::*;

fn children(ctx: &Context) -> usize {
    ctx.node.core.as_ref().map_or(0, |core| cancel::children(core))
}

/// Go: context_test.go TestCancelRemoves; GS-126.
#[test]
fn cancelled_children_leave() {
    let (ctx, _cancel) = with_cancel(background());
    assert_eq!(children(&ctx), 0);
    let (_child, cancel) = with_cancel(&ctx);
    assert_eq!(children(&ctx), 1);
    cancel();
    assert_eq!(children(&ctx), 0);

    let (_child, cancel) = with_timeout(&ctx, Duration::from_secs(600));
    assert_eq!(children(&ctx), 1);
    cancel();
    assert_eq!(children(&ctx), 0);

    let stop = after_func(&ctx, || ());
    assert_eq!(children(&ctx), 1);
    assert!(stop());
    assert_eq!(children(&ctx), 0);
}

/// What Go leaks: contexts that are dropped instead of cancelled.
#[test]
fn dropped_children_leave() {
    let (ctx, _cancel) = with_cancel(background());
    for _ in 0..10 {
        drop(with_timeout(&ctx, Duration::from_secs(600)));
        let (child, cancel) = with_cancel(&ctx);
        let done = child.done();
        drop((child, cancel));
        assert_eq!(children(&ctx), 1, "somebody listens");
        drop(done);
        assert_eq!(children(&ctx), 0);
    }
    // One that stands there for its child's sake.
    let (child, _) = with_cancel(&ctx);
    let stop = after_func(with_value::<Nothing>(&child, ()), || ());
    drop(child);
    assert_eq!(children(&ctx), 1);
    assert!(stop());
    assert_eq!(children(&ctx), 0);
}

struct Nothing;
impl Key for Nothing {
    type Value = ();
}

/// A listener hears of the end even if nobody holds the context any more.
#[test]
fn listeners_outlive_the_handles() {
    crate::run(|| {
        let (ctx, cancel) = with_cancel(background());
        let (inner, _) = with_cancel(&ctx);
        let done = inner.done();
        drop(inner);
        assert_eq!(done.try_recv(), Err(crate::TryRecvError::Empty));
        cancel();
        assert_eq!(done.recv(), None);

        let done = with_timeout(background(), Duration::from_millis(1)).0.done();
        assert_eq!(done.recv(), None, "the deadline");

        let done = with_cancel(background()).0.done();
        let nobody_can = done.recv_timeout(Duration::from_millis(5));
        assert_eq!(
            nobody_can,
            Err(crate::RecvTimeoutError::Timeout),
            "not cancelled, not closed"
        );
    });
}

/// Go: context_test.go TestWithCancelCanceledParent; GS-125.
#[test]
fn children_of_the_cancelled_are_not_listed() {
    let (ctx, cancel) = with_cancel_cause(background());
    cancel.cancel("because");
    let (child, _) = with_cancel(&ctx);
    assert_eq!(child.err(), Some(Error::Canceled));
    assert_eq!(cause(&child).unwrap().to_string(), "because");
    assert_eq!(children(&ctx), 0);
}

/// Neither the end nor the drop of a long chain is recursive.
#[test]
fn a_long_chain() {
    crate::run(|| {
        for cancelled in [true, false] {
            let (root, cancel) = with_cancel(background());
            let mut last = root.clone();
            for i in 0..100_000 {
                last = if i % 3 == 0 {
                    with_value::<Nothing>(&last, ())
                } else {
                    with_cancel(&last).0
                };
            }
            assert!(last.value::<String>().is_none());
            if cancelled {
                cancel();
                assert_eq!(last.err(), Some(Error::Canceled));
            }
            drop(last);
            assert_eq!(children(&root), 0);
        }
    });
}

impl Key for String {
    type Value = ();
}
