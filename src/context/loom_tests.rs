//! Models of the cancel tree: loom runs the real code of [`Core`], of the lock in it and of its
//! channel, in every order that matters.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p gort --release --lib loom`, with a target directory of its
//! own. All executions in which threads are preempted at most twice are explored.

use loom::thread;
use std::sync::Arc;

use super::cancel::Core;
use super::{Cause, Error};

fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(body);
}

fn cause(error: Error) -> Cause {
    Arc::new(error)
}

/// A context that is derived while its parent is cancelled is done when both are over, whichever
/// came first.
#[test]
fn loom_derived_while_cancelled() {
    model(|| {
        let parent = Core::below(None, None);
        let theirs = Arc::clone(&parent);
        let cancel = thread::spawn(move || theirs.cancel(Error::Canceled, cause(Error::Canceled)));
        let child = Core::below(Some(&parent), None);
        cancel.join().unwrap();
        assert_eq!(child.err(), Some(Error::Canceled));
        assert!(child.cause().is_some());
    });
}

/// Parent and child are cancelled at once: each canceller finds all below done when it returns, and
/// the first one's reason stays.
#[test]
fn loom_two_cancel() {
    model(|| {
        let parent = Core::below(None, None);
        let child = Core::below(Some(&parent), None);
        let theirs = Arc::clone(&child);
        let deadline = thread::spawn(move || {
            theirs.cancel(Error::DeadlineExceeded, cause(Error::DeadlineExceeded));
            theirs.err()
        });
        parent.cancel(Error::Canceled, cause(Error::Canceled));
        let seen = child.err();
        assert!(
            seen.is_some(),
            "a child that is not done after its parent was cancelled"
        );
        assert_eq!(deadline.join().unwrap(), seen, "the reason changed");
        assert_eq!(child.err(), seen);
        assert_eq!(parent.err(), Some(Error::Canceled));
        assert_eq!(super::cancel::children(&parent), 0);
    });
}

/// Whoever cancels in the middle of a tree that is being cancelled returns only when all below is
/// done, though somebody else is at work there.
#[test]
fn loom_cancel_in_the_middle() {
    model(|| {
        let root = Core::below(None, None);
        let middle = Core::below(Some(&root), None);
        let leaf = Core::below(Some(&middle), None);
        let theirs = Arc::clone(&root);
        let all = thread::spawn(move || theirs.cancel(Error::Canceled, cause(Error::Canceled)));
        middle.cancel(Error::Canceled, cause(Error::Canceled));
        assert!(leaf.err().is_some());
        all.join().unwrap();
    });
}

/// The channel that somebody asks for while the context is cancelled is closed, also if it was made
/// afterwards.
#[test]
fn loom_done_while_cancelled() {
    model(|| {
        let core = Core::below(None, None);
        let theirs = Arc::clone(&core);
        let cancel = thread::spawn(move || theirs.cancel(Error::Canceled, cause(Error::Canceled)));
        let done = core.done();
        cancel.join().unwrap();
        assert!(done.is_closed());
        assert!(core.done().is_closed());
    });
}

/// Who sees that a context is done finds its channel closed.
#[test]
fn loom_done_before_err() {
    model(|| {
        let core = Core::below(None, None);
        let done = core.done();
        let theirs = Arc::clone(&core);
        let cancel = thread::spawn(move || theirs.cancel(Error::Canceled, cause(Error::Canceled)));
        if core.err().is_some() {
            assert!(done.is_closed());
        }
        cancel.join().unwrap();
    });
}

/// The last handle of a child goes while its parent is cancelled: nobody is left in anybody's list.
#[test]
fn loom_dropped_while_cancelled() {
    model(|| {
        let parent = Core::below(None, None);
        let child = Core::below(Some(&parent), None);
        let drop = thread::spawn(move || child.unheld());
        parent.cancel(Error::Canceled, cause(Error::Canceled));
        drop.join().unwrap();
        assert_eq!(super::cancel::children(&parent), 0);
    });
}
