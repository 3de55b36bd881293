//! Go's errgroup_test.go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use gort::context::{Error, background, cause, with_timeout};
use gort::errgroup::Group;
use gort::prelude::*;

use crate::support::{child, panic_message};

/// TestZeroGroup: of several errors the first in time is given; GS-149.
#[gort::test]
fn test_zero_group() {
    let cases: [&[Option<&'static str>]; 6] = [
        &[],
        &[None],
        &[Some("one")],
        &[Some("one"), None],
        &[Some("one"), None, Some("two")],
        &[None, Some("two"), Some("one")],
    ];
    for errors in cases {
        let group = Group::new();
        let mut first = None;
        for error in errors {
            let error = *error;
            let ended = chan!(());
            let done = ended.tx();
            group.go(move || {
                defer! { done.close(); }
                error.map_or(Ok(()), Err)
            });
            chan!(<-ended);
            first = first.or(error);
            // One at a time, so that their order is known: the member has ended but for a few
            // steps.
            let order = group.clone();
            while !settled(&order) {
                gort::runtime::gosched();
            }
        }
        assert_eq!(group.wait(), first.map_or(Ok(()), Err));
    }
}

/// Whether no member is active: then the limit may be changed.
fn settled<E: Send + 'static>(group: &Group<E>) -> bool {
    gort::recover(|| group.set_limit(None)).is_ok()
}

/// The error that comes first in time, not the one that was started first; GS-149.
#[gort::test]
fn test_first_in_time() {
    let (group, ctx) = Group::with_context(background());
    let seen = group.clone();
    group.go(move || {
        // Done once there was a first error.
        chan!(<-ctx.done());
        Err("late")
    });
    group.go(|| Err("early"));
    assert_eq!(seen.wait(), Err("early"));
    assert_eq!(group.wait(), Ok(()), "taken out");
}

/// TestWithContext; GS-150.
#[gort::test]
fn test_with_context() {
    for (errors, want) in [
        (vec![], Ok(())),
        (vec![None], Ok(())),
        (vec![Some("doom")], Err("doom")),
        (vec![Some("doom"), None], Err("doom")),
    ] {
        let (group, ctx) = Group::with_context(background());
        for error in errors {
            group.go(move || error.map_or(Ok(()), Err));
        }
        assert_eq!(group.wait(), want);
        chan!(<-ctx.done());
        assert_eq!(ctx.err(), Some(Error::Canceled));
    }
}

/// TestCancelCause; GS-150.
#[gort::test]
fn test_cancel_cause() {
    let as_cause = |error: &String| {
        let error: Box<dyn std::error::Error + Send + Sync> = error.clone().into();
        error.into()
    };
    for (error, why) in [(None, "context canceled"), (Some("doom"), "doom")] {
        let (group, ctx) = Group::<String>::with_context_cause(background(), as_cause);
        group.go(move || error.map_or(Ok(()), |error| Err(error.to_string())));
        assert_eq!(group.wait().is_err(), error.is_some());
        assert_eq!(cause(&ctx).unwrap().to_string(), why);
    }
    let (group, ctx) = Group::with_context(background());
    group.go(|| Err(()));
    assert_eq!(group.wait(), Err(()));
    assert_eq!(cause(&ctx).unwrap().to_string(), "errgroup: a member failed");
}

/// TestTryGo; GS-151.
#[gort::test]
fn test_try_go() {
    const N: usize = 42;
    let group = Group::<()>::new();
    group.set_limit(N);
    let gate = chan!(());
    for _ in 0..N {
        let gate = gate.rx();
        assert!(group.try_go(move || {
            chan!(<-gate);
            Ok(())
        }));
    }
    assert!(!group.try_go(|| Ok(())), "at the limit");
    gate.close();
    let other = group.clone();
    go!({ other.go(|| Ok(())) }).join().unwrap();
    group.wait().unwrap();
    assert!(group.try_go(|| Ok(())), "room again");
    group.wait().unwrap();

    group.set_limit(None);
    assert!((0..2 * N).all(|_| group.try_go(|| Ok(()))));
    group.wait().unwrap();
    group.set_limit(0);
    assert!((0..N).all(|_| !group.try_go(|| Ok(()))));
}

/// TestGoLimit; GS-151, GS-23.
#[gort::test]
fn test_go_limit() {
    const LIMIT: usize = 10;
    let group = Group::new();
    group.set_limit(LIMIT);
    let active = Arc::new(AtomicUsize::new(0));
    for _ in 0..256 {
        let active = active.clone();
        group.go(move || {
            let n = active.fetch_add(1, SeqCst) + 1;
            if n > LIMIT {
                return Err(format!("saw {n} active goroutines; want at most {LIMIT}"));
            }
            gort::time::sleep(Duration::from_micros(1));
            active.fetch_sub(1, SeqCst);
            Ok(())
        });
    }
    assert_eq!(group.wait(), Ok(()));
}

/// GS-85.
#[gort::test]
fn test_set_limit_while_active() {
    let group = Group::<()>::new();
    let gate = chan!(());
    for _ in 0..2 {
        let gate = gate.rx();
        group.go(move || {
            chan!(<-gate);
            Ok(())
        });
    }
    assert_eq!(
        panic_message(|| group.set_limit(1)),
        "errgroup: modify limit while 2 goroutines in the group are still active"
    );
    gate.close();
    group.wait().unwrap();
}

/// TestPanic: it goes on in `wait`, after all members have ended, and it cancels the context; issue 3.
#[gort::test]
fn test_panic_reaches_wait() {
    let (group, ctx) = Group::<&str>::with_context(background());
    let ended = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let (done, ended) = (ctx.done(), ended.clone());
        group.go(move || {
            chan!(<-done);
            ended.fetch_add(1, SeqCst);
            Ok(())
        });
    }
    group.go(|| panic!("boom"));
    assert_eq!(panic_message(|| group.wait().unwrap()), "boom");
    assert_eq!(ended.load(SeqCst), 3);
    assert_eq!(cause(&ctx).unwrap().to_string(), "errgroup: a member panicked");
}

/// TestGoexit: it is no error; GS-152.
#[gort::test]
fn test_goexit_is_no_error() {
    let group = Group::<&str>::new();
    group.go(|| gort::runtime::goexit());
    assert_eq!(group.wait(), Ok(()));
}

/// A panic that nobody waits for ends the program, as Go's does.
#[test]
fn unobserved_panic() {
    let out = child::run(|| {
        gort::run(|| {
            let group = Group::<()>::new();
            group.go(|| panic!("nobody looks"));
            drop(group);
            gort::time::sleep(Duration::from_secs(120));
        });
    });
    out.expect_code(2).expect_stderr(&["panic: nobody looks"]);
}

/// The context ends with its parent's deadline too.
#[gort::test]
fn test_parent_deadline() {
    let (parent, _cancel) = with_timeout(background(), Duration::from_millis(2));
    let (group, ctx) = Group::with_context(parent);
    group.go(move || {
        chan!(<-ctx.done());
        Err(ctx.err().unwrap())
    });
    assert_eq!(group.wait(), Err(Error::DeadlineExceeded));
}
