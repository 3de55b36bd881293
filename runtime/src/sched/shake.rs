//! `GORT_SCHEDULE=random[:seed]`: the whole program in an order that is not the usual one, for what
//! the usual order hides.
//!
//! Run-next is not used; of those that a worker has, any may be next; one in four that are woken
//! goes to the global queue, where it waits longer; and one in sixteen wakes comes some
//! microseconds late. (rr's chaos mode and Go's race detector do the like.) Nothing of this
//! repeats, even with a seed: threads run as they please.
//!
//! It lies on the paths of those whose schedules are explored, so that nobody else pays for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::explore::searches::Search;
use crate::g::GRef;
use crate::random;
use crate::sched::worker::Worker;
use crate::sched::{ready, this_worker};
use crate::sys::clock;

static ON: AtomicBool = AtomicBool::new(false);
static DICE: AtomicU64 = AtomicU64::new(0);

/// From now on, for ever.
pub(crate) fn begin(seed: u64) {
    DICE.store(seed | 1, Ordering::Relaxed);
    std::mem::forget(Search::begin());
    ON.store(true, Ordering::Relaxed);
}

#[inline]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Below `bound`, which is not 0. Relaxed: two that draw the same number at the same time do no
/// harm.
fn below(bound: usize) -> usize {
    let next = random::step(DICE.load(Ordering::Relaxed));
    DICE.store(next, Ordering::Relaxed);
    (random::output(next) >> 16) as usize % bound
}

/// Queues a goroutine that can go on, somewhere.
pub(super) fn queue(g: GRef) {
    const LATE: usize = 16;
    const FAR: usize = 4;
    const LONGEST: Duration = Duration::from_micros(20);
    if below(LATE) == 0 {
        let until = clock::now() + below(LONGEST.as_nanos() as usize) as u64;
        while clock::now() < until {
            std::hint::spin_loop();
        }
    }
    match this_worker() {
        Some(worker) if worker.runtime().bound_to(g).is_none() => {
            let rt = worker.runtime();
            if below(FAR) == 0 {
                rt.global.push(g);
                rt.notify_global();
            } else {
                worker.push(g);
                rt.notify_from(worker);
            }
        }
        _ => ready::queue_now(g),
    }
}

/// Queues them all, in any order.
pub(super) fn queue_all(goroutines: &mut [GRef]) {
    for index in 0..goroutines.len() {
        let other = index + below(goroutines.len() - index);
        goroutines.swap(index, other);
        queue(goroutines[index]);
    }
}

/// Lets any of the worker's goroutines be the next.
pub(crate) fn shuffle(worker: &Worker) {
    /// Of very many, one of the first.
    const MOST: usize = 32;
    let queued = worker.queued();
    if queued > 1 {
        worker.rotate(below(queued.min(MOST)));
    }
}
