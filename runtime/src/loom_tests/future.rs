//! Waiting for a future: the real [`Notice`], parked and readied through [`twin`](crate::twin),
//! which finds out a second `ready` of one park (and, by its "deadlock", a missing one). The cell
//! with the task is loom's, so two owners at a time are found out too.
//!
//! Breaches that were tried, each of which fails a model: a commit that ignores a wake which came
//! before it; a waker that loads and stores instead of swapping; a wait without `begin`, or whose
//! `begin` does not acquire; a commit that does not release the cell.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::model;
use crate::future::Notice;

/// A "future": ready when so many have come. What they wrote must be visible to the poll that finds
/// it ready.
struct Event {
    notice: Notice,
    came: AtomicUsize,
    values: [UnsafeCell<usize>; 2],
}

// SAFETY: each value is written by one thread before it counts itself, and read when all have.
unsafe impl Sync for Event {}
// SAFETY: numbers.
unsafe impl Send for Event {}

impl Event {
    fn new() -> Arc<Event> {
        Arc::new(Event {
            notice: Notice::new(),
            came: AtomicUsize::new(0),
            values: [UnsafeCell::new(0), UnsafeCell::new(0)],
        })
    }

    /// As `future::wait`.
    fn wait_for(&self, many: usize) {
        loop {
            self.notice.begin();
            // Relaxed: what is seen through the notice must be enough.
            if self.came.load(Ordering::Relaxed) >= many {
                return;
            }
            self.notice.wait();
        }
    }
}

/// One waker that wakes twice, late as well; the waiter goes on to a second wait meanwhile. All
/// executions.
#[test]
fn loom_future_one_waker() {
    model(None, || {
        let event = Event::new();
        let theirs = Arc::clone(&event);
        let waker = thread::spawn(move || {
            for _ in 0..2 {
                theirs.came.fetch_add(1, Ordering::Relaxed);
                theirs.notice.notify();
            }
        });
        event.wait_for(1);
        event.wait_for(2);
        waker.join().unwrap();
    });
}

/// Two wakers at once: one `ready` for each park, and none is lost. Preemption bound 3.
#[test]
fn loom_future_two_wakers() {
    model(Some(3), || {
        let event = Event::new();
        let wakers: Vec<_> = (0..2)
            .map(|index| {
                let theirs = Arc::clone(&event);
                thread::spawn(move || {
                    // SAFETY: this thread's own until it has come.
                    theirs.values[index].with_mut(|value| unsafe { *value = 7 });
                    theirs.came.fetch_add(1, Ordering::Relaxed);
                    theirs.notice.notify();
                })
            })
            .collect();
        event.wait_for(2);
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
    });
}

/// What the waker wrote before it woke is visible to the poll after it. All executions.
#[test]
fn loom_future_the_poll_sees_what_the_waker_wrote() {
    model(None, || {
        let event = Event::new();
        event.notice.begin();
        let theirs = Arc::clone(&event);
        let waker = thread::spawn(move || {
            // SAFETY: nobody reads before it has woken.
            theirs.values[0].with_mut(|value| unsafe { *value = 7 });
            theirs.notice.notify();
        });
        event.notice.wait();
        event.notice.begin();
        // SAFETY: `wait` returns after the only `notify`.
        assert_eq!(event.values[0].with_mut(|value| unsafe { *value }), 7);
        waker.join().unwrap();
    });
}

/// A waker that outlives the wait. All executions.
#[test]
fn loom_future_a_late_waker() {
    model(None, || {
        let event = Event::new();
        let theirs = Arc::clone(&event);
        let waker = thread::spawn(move || {
            theirs.came.fetch_add(1, Ordering::Relaxed);
            theirs.notice.notify();
            theirs.notice.notify();
        });
        event.wait_for(1);
        drop(event);
        waker.join().unwrap();
    });
}
