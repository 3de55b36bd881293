//! The semaphore: the real [`Sema`], parked and readied through [`twin`](crate::twin). Park against
//! ready, as every lock uses it: a waiter is published under the lock, the commit releases it, and
//! the waker may come at once.
//!
//! Breaches that were tried, each of which fails a model: `release` frees the permit that it passes
//! on; a waiter that gets in line in front loses those behind it.

use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

use super::model;
use crate::reason::WaitReason;
use crate::sema::{Place, Sema};

struct Guarded {
    sema: Sema,
    value: UnsafeCell<usize>,
}

// SAFETY: the value is touched with a permit only; loom checks that.
unsafe impl Sync for Guarded {}
// SAFETY: a number.
unsafe impl Send for Guarded {}

impl Guarded {
    fn new() -> Arc<Guarded> {
        Arc::new(Guarded {
            sema: Sema::new(1),
            value: UnsafeCell::new(0),
        })
    }

    fn add(&self, place: Place) {
        self.sema.acquire(WaitReason::SemaphoreAcquire, place);
        // SAFETY: with the only permit.
        self.value.with_mut(|value| unsafe { *value += 1 });
        self.sema.release();
    }
}

/// One permit excludes; nobody waits for ever, wherever he gets in line. Preemption bound 3.
#[test]
fn loom_sema_excludes_and_wakes() {
    for place in [Place::Back, Place::Front] {
        model(Some(3), move || {
            let guarded = Guarded::new();
            let others: Vec<_> = (0..2)
                .map(|_| {
                    let guarded = Arc::clone(&guarded);
                    thread::spawn(move || guarded.add(place))
                })
                .collect();
            guarded.add(Place::Back);
            others.into_iter().for_each(|other| other.join().unwrap());
            // SAFETY: all others have ended.
            assert_eq!(guarded.value.with_mut(|value| unsafe { *value }), 3);
            assert!(guarded.sema.try_acquire(), "the permit is back");
            assert!(!guarded.sema.try_acquire(), "and is not two");
        });
    }
}

/// A permit that is passed on is not free for others in between; one that nobody waits for is. All
/// executions.
#[test]
fn loom_sema_release_against_acquire() {
    model(None, || {
        let sema = Arc::new(Sema::new(0));
        let waiter = {
            let sema = Arc::clone(&sema);
            thread::spawn(move || sema.acquire(WaitReason::SemaphoreAcquire, Place::Back))
        };
        sema.release();
        let stolen = sema.try_acquire();
        if stolen {
            sema.release();
        }
        waiter.join().unwrap();
        assert!(!sema.try_acquire());
    });
}
