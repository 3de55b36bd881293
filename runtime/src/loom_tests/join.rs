//! The end of a goroutine ([`Life`]): the runner finishes while the handle registers, takes back, drops.
//!
//! Mutations that these models catch: `take_back` that does not look at `DONE` (the runner and the handle both take the joiner),
//! `tell_when_done` that does not (nobody tells it), `detach` that takes any bit for `DONE` (both sides, or none, drop the
//! result), `runner_gone` that answers `Theirs` after the handle has gone (the block is never freed).

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering};

use loom::sync::Arc;
use loom::thread;

use super::model;
use crate::g::join::{Joiner, Life, Outcome, Whose};

/// A `Life` that two threads share; as in a control block, its cells have one owner at a time.
struct Shared(Life);

// SAFETY: that is what is modelled.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

/// Counts. (Not loom's atomics: they are no part of the protocol.)
#[derive(Default)]
struct Counts {
    told: StdAtomicUsize,
    disposed: StdAtomicUsize,
    freed: StdAtomicUsize,
}

fn count(counter: &StdAtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn register(life: &Life, counts: &StdArc<Counts>) {
    let counts = StdArc::clone(counts);
    // SAFETY: the only handle, and nothing is registered.
    unsafe { life.tell_when_done(Joiner::Call(Box::new(move || count(&counts.told)))) };
}

/// As `entry::settle` and `Worker::free_if_last`.
fn runner(life: &Life, counts: &Counts) {
    if life.finish(Outcome::Goexit) == Whose::Mine {
        // SAFETY: the runner was told `Mine`.
        drop(unsafe { life.take_outcome() });
        count(&counts.disposed);
    }
    if life.runner_gone() == Whose::Mine {
        count(&counts.freed);
    }
}

/// As the handle's `drop`.
fn drop_handle(life: &Life, counts: &Counts) {
    if life.detach() == Whose::Mine {
        // SAFETY: the outcome is in place and the handle's.
        let outcome = unsafe { life.take_outcome() };
        assert!(matches!(outcome, Outcome::Goexit), "the outcome is in place");
        count(&counts.disposed);
        if life.handle_gone() == Whose::Mine {
            count(&counts.freed);
        }
    }
}

fn race(handle: impl Fn(&Life, &StdArc<Counts>) + Sync + Send + Copy + 'static, told: Option<usize>) {
    model(None, move || {
        let life = Arc::new(Shared(Life::new()));
        let counts = StdArc::new(Counts::default());
        let (theirs, note) = (Arc::clone(&life), StdArc::clone(&counts));
        let runner = thread::spawn(move || runner(&theirs.0, &note));
        handle(&life.0, &counts);
        runner.join().unwrap();
        assert_eq!(
            counts.disposed.load(Ordering::SeqCst),
            1,
            "the outcome is disposed of once"
        );
        assert_eq!(counts.freed.load(Ordering::SeqCst), 1, "the block is freed once");
        if let Some(told) = told {
            assert_eq!(counts.told.load(Ordering::SeqCst), told, "joiners that were told");
        }
    });
}

#[test]
fn loom_join_detach() {
    race(|life, counts| drop_handle(life, counts), Some(0));
}

#[test]
fn loom_join_registered_then_dropped() {
    race(
        |life, counts| {
            register(life, counts);
            drop_handle(life, counts);
        },
        Some(1),
    );
}

/// A joiner is told once or comes back, never both.
#[test]
fn loom_join_registered_then_taken_back() {
    race(
        |life, counts| {
            register(life, counts);
            // SAFETY: the only handle.
            if let Some(Joiner::Call(call)) = unsafe { life.take_back() } {
                call();
            }
            drop_handle(life, counts);
        },
        Some(1),
    );
}

/// As `join` after a `select!` in vain: taken back, then registered anew.
#[test]
fn loom_join_registered_anew() {
    race(
        |life, counts| {
            register(life, counts);
            // SAFETY: the only handle.
            let back = unsafe { life.take_back() }.is_some();
            if back {
                register(life, counts);
            }
            drop_handle(life, counts);
        },
        Some(1),
    );
}
