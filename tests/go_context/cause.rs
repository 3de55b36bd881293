//! Go's TestCause and TestCauseRace (x_test.go, context_test.go); GS-129, GS-130.

use std::time::{Duration, Instant};

use gort::context::{
    Context, Error, background, cause, todo, with_cancel, with_cancel_cause, with_deadline_cause,
    with_timeout, with_timeout_cause, without_cancel,
};
use gort::prelude::*;

use super::ms;

const LONG: Duration = Duration::from_secs(600);

#[track_caller]
fn ends(ctx: &Context, error: Option<Error>, why: Option<&str>) {
    assert_eq!(ctx.err(), error, "{ctx}");
    assert_eq!(cause(ctx).map(|cause| cause.to_string()).as_deref(), why, "{ctx}");
}

const CANCELED: Option<Error> = Some(Error::Canceled);
const EXCEEDED: Option<Error> = Some(Error::DeadlineExceeded);

#[gort::test]
fn test_cause_of_roots() {
    ends(&background(), None, None);
    ends(&todo(), None, None);
}

#[gort::test]
fn test_cause_of_cancel() {
    let (ctx, cancel) = with_cancel(background());
    cancel();
    ends(&ctx, CANCELED, Some("context canceled"));
    let why = cause(&ctx).unwrap();
    assert_eq!(why.downcast_ref::<Error>(), Some(&Error::Canceled));

    let (ctx, cancel) = with_cancel_cause(background());
    ends(&ctx, None, None);
    cancel.cancel("parentCause");
    cancel.cancel("otherCause");
    ends(&ctx, CANCELED, Some("parentCause"));

    let (ctx, cancel) = with_cancel_cause(background());
    cancel.cancel_with(None);
    ends(&ctx, CANCELED, Some("context canceled"));
}

#[gort::test]
fn test_cause_of_parent_and_child() {
    // The parent first.
    let (parent, cancel_parent) = with_cancel_cause(background());
    let (child, cancel_child) = with_cancel_cause(&parent);
    cancel_parent.cancel("parentCause");
    cancel_child.cancel("childCause");
    ends(&parent, CANCELED, Some("parentCause"));
    ends(&child, CANCELED, Some("parentCause"));
    // The child first.
    let (parent, cancel_parent) = with_cancel_cause(background());
    let (child, cancel_child) = with_cancel_cause(&parent);
    cancel_child.cancel("childCause");
    ends(&parent, None, None);
    ends(&child, CANCELED, Some("childCause"));
    cancel_parent.cancel("parentCause");
    ends(&parent, CANCELED, Some("parentCause"));
    ends(&child, CANCELED, Some("childCause"));
}

#[gort::test]
fn test_cause_of_timeouts() {
    let (ctx, _c) = with_timeout(background(), Duration::ZERO);
    ends(&ctx, EXCEEDED, Some("context deadline exceeded"));

    let (parent, cancel) = with_cancel_cause(background());
    let (ctx, stop) = with_timeout(&parent, LONG);
    cancel.cancel("parentCause");
    stop();
    ends(&ctx, CANCELED, Some("parentCause"));

    let (ctx, _c) = with_timeout_cause(background(), ms(1), "tooSlow");
    chan!(<-ctx.done());
    ends(&ctx, EXCEEDED, Some("tooSlow"));
    let (ctx, _c) = with_deadline_cause(background(), Instant::now(), "tooSlow");
    ends(&ctx, EXCEEDED, Some("tooSlow"));

    let (ctx, stop) = with_timeout_cause(background(), LONG, "tooSlow");
    stop();
    ends(&ctx, CANCELED, Some("context canceled"));

    let (parent, cancel) = with_cancel_cause(background());
    cancel.cancel("parentCause");
    let (ctx, _c) = with_timeout_cause(&parent, Duration::ZERO, "tooSlow");
    ends(&ctx, CANCELED, Some("parentCause"));
    ends(&without_cancel(&ctx), None, None);
}

/// TestCauseRace: whoever cancels first, the cause is there as soon as the error is.
#[gort::test]
fn test_cause_race() {
    for _ in 0..crate::support::rounds(1000) {
        let (ctx, cancel) = with_cancel_cause(background());
        let other = go!({ cancel.cancel("why") });
        loop {
            if let Some(why) = cause(&ctx) {
                assert_eq!(why.to_string(), "why");
                break;
            }
            assert_ne!(ctx.err().map(|_| cause(&ctx).is_none()), Some(true));
            gort::runtime::gosched();
        }
        other.join().unwrap();
    }
}
