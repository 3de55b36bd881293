//! Whose turn it is: the real [`Turn`], parked and readied through [`twin`](crate::twin).
//!
//! Breaches that were tried, each of which fails a model: the mark is set before the look; giving
//! back wakes nobody, or leaves the turn taken; who waits takes the turn without the mark; one that
//! gives up passes nothing on; a relaxed swap.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;
use std::time::Instant;

use super::model;
use crate::poll_fd::turn::Turn;
use crate::twin as rt;

struct Place {
    turn: Turn,
    calls: UnsafeCell<usize>,
    closed: AtomicUsize,
}

// SAFETY: the cell is touched by whoever has the turn, and loom checks that.
unsafe impl Sync for Place {}
// SAFETY: as above.
unsafe impl Send for Place {}

impl Place {
    fn new() -> Arc<Place> {
        Arc::new(Place {
            turn: Turn::new(),
            calls: UnsafeCell::new(0),
            closed: AtomicUsize::new(0),
        })
    }

    /// A call. `false` if it was closed before its turn came.
    fn call(&self, deadline: Option<Instant>) -> bool {
        let taken = self.turn.take(|| match self.closed.load(Ordering::SeqCst) {
            0 => Ok(deadline),
            _ => Err(()),
        });
        if taken.is_ok() {
            // SAFETY: this one has the turn.
            self.calls.with_mut(|calls| unsafe { *calls += 1 });
        }
        taken.is_ok()
    }

    fn calls(&self) -> usize {
        // SAFETY: asked when everybody is done.
        self.calls.with(|calls| unsafe { *calls })
    }
}

fn beside(place: &Arc<Place>, f: impl FnOnce(&Place) + Send + 'static) -> thread::JoinHandle<()> {
    let place = Arc::clone(place);
    thread::spawn(move || f(&place))
}

/// Two calls come one after the other, and both come. All executions.
#[test]
fn loom_turn_two() {
    model(None, || {
        let place = Place::new();
        let other = beside(&place, |place| assert!(place.call(None)));
        assert!(place.call(None));
        other.join().unwrap();
        assert_eq!(place.calls(), 2);
        assert!(place.turn.nobody_waits());
    });
}

/// Three calls: whoever was woken wakes the next. Preemption bound 3.
#[test]
fn loom_turn_three() {
    model(Some(3), || {
        let place = Place::new();
        let others = [(); 2].map(|()| beside(&place, |place| assert!(place.call(None))));
        assert!(place.call(None));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(place.calls(), 3);
        assert!(place.turn.nobody_waits());
    });
}

/// One of those who wait gives up when it is told to, at any moment, maybe just when its turn had
/// come: the next one is not forgotten. Preemption bound 3.
#[test]
fn loom_turn_given_up() {
    model(Some(3), || {
        let place = Place::new();
        let impatient = beside(&place, |place| {
            let mut asked = 0;
            let taken = place.turn.take(|| {
                asked += 1;
                if asked > 1 { Err(()) } else { Ok(None) }
            });
            drop(taken);
        });
        let other = beside(&place, |place| assert!(place.call(None)));
        assert!(place.call(None));
        impatient.join().unwrap();
        other.join().unwrap();
        assert!(place.turn.nobody_waits());
    });
}

/// Closing ends a wait, whether or not the turn comes. Preemption bound 3.
#[test]
fn loom_turn_closed() {
    model(Some(3), || {
        let place = Place::new();
        let taken = place.turn.take(|| Ok::<_, ()>(None)).ok();
        let waiter = beside(&place, |place| assert!(!place.call(None)));
        place.closed.store(1, Ordering::SeqCst);
        place.turn.interrupt();
        waiter.join().unwrap();
        drop(taken);
        assert!(place.turn.nobody_waits());
        assert!(!rt::was_readied());
    });
}
