//! The end of a goroutine ([`Life`]): the runner finishes while the handle registers, takes back,
//! drops.
//!
//! Mutations that these models catch: `take_back` that does not look at `DONE` (the runner and the
//! handle both take the joiner), `tell_when_done` that does not (nobody tells it), `detach` that
//! takes any bit for `DONE` (both sides, or none, drop the result), `runner_gone` that answers
//! `Theirs` after the handle has gone (the block is never freed); a poll that does not look at
//! `DONE` again after it took back (its waker is told of an end that it has seen).

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
    let now = unsafe { life.tell_when_done(Joiner::Call(Box::new(move || count(&counts.told)))) };
    now.into_iter().for_each(Joiner::tell);
}

/// As `entry::settle` and `Worker::free_if_last`.
fn runner(life: &Life, counts: &Counts) {
    let (whose, joiner) = life.finish(Outcome::Goexit);
    joiner.into_iter().for_each(Joiner::tell);
    if whose == Whose::Mine {
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

/// What [`JoinHandle`](crate::JoinHandle) does when it is polled: takes back what is registered
/// and, unless the end came in between, registers it anew with its own. Gives whether it is
/// pending.
fn poll(life: &Life, told: &StdArc<StdAtomicUsize>) -> bool {
    if life.is_done() {
        return false;
    }
    // SAFETY: the only handle.
    let before = unsafe { life.take_back() };
    if life.is_done() {
        return false;
    }
    let told = StdArc::clone(told);
    // As a waker; models have no other task than a thread's.
    let joiner = Joiner::with_call(before, Box::new(move || count(&told)));
    // SAFETY: as above, and nothing is registered.
    let now = unsafe { life.tell_when_done(joiner) };
    now.into_iter().for_each(Joiner::tell);
    true
}

/// Polled twice: if the second poll is pending too its waker is woken once, and the first one's at
/// most once; if it is not, the outcome is there.
#[test]
fn loom_join_polled_again() {
    model(None, || {
        let life = Arc::new(Shared(Life::new()));
        let counts = StdArc::new(Counts::default());
        let (theirs, note) = (Arc::clone(&life), StdArc::clone(&counts));
        let runner = thread::spawn(move || runner(&theirs.0, &note));
        let wakers = [(); 2].map(|()| StdArc::new(StdAtomicUsize::new(0)));
        let first = poll(&life.0, &wakers[0]);
        let second = first && poll(&life.0, &wakers[1]);
        runner.join().unwrap();
        let woken = wakers.each_ref().map(|waker| waker.load(Ordering::SeqCst));
        if second {
            assert_eq!(woken, [0, 1], "who polled last is woken, once");
        } else {
            // The end came before the last poll, or in it: that one's caller has the outcome.
            assert!(woken[0] <= usize::from(first) && woken[1] == 0, "{woken:?}");
        }
        drop_handle(&life.0, &counts);
        assert_eq!(counts.freed.load(Ordering::SeqCst), 1, "the block is freed once");
    });
}
