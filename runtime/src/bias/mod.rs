//! While one worker alone runs goroutines, it pays for no barriers: the bias.
//!
//! A locked instruction or a fence takes about twenty cycles, and a hand-off needs four of them: half of its time. Each
//! is there for the sake of other threads. So one worker at a time may be *favoured*: it does these steps with plain loads and stores,
//! and whoever else comes to one of them ends its favour first, by a barrier that the kernel puts on all threads (`membarrier`, some
//! 10 µs). It is the pattern of a biased lock, with one bias for all of them. When a worker asks for it is `sched/worker/alone.rs`'s.
//!
//! # Who may do what
//!
//! * `favoured` is null, a worker's seat, or [`ENDING`]. It changes under `changing` only.
//! * The favoured worker *attempts* a step: it marks its seat as busy, and then looks whether it is favoured still and the place is not
//!   held. If so, it does the step, else it does it as everybody does. Then it takes the mark away. Between the mark and the
//!   looks is nothing but an order to the compiler ([`light_fence`]).
//! * Everybody else marks the place as held, by a read-modify-write, and looks at `favoured` then. If it is not null it ends the favour
//!   ([`Bias::end`]): it takes it away, has the barrier put on all threads, and waits until the seat is not busy.
//!
//! # Why no two are inside at once
//!
//! Let A be favoured at its attempt, and B somebody who has marked the place as held.
//!
//! * *B saw null before A was favoured.* The mark of B, its look, A's becoming favoured and A's look at the mark are sequentially
//!   consistent, in this order. So A sees the mark, and does not step in until B has left.
//! * *B, or another one, ended A's favour.* Take the point where the barrier falls into A's code. If A's looks come after it, A sees
//!   that it is not favoured. Else its mark on the seat came before, so who ends the favour sees it and waits until A has
//!   finished. B goes on after that: it waited itself, or read the null that the other one left behind (release and acquire).
//! * *A becomes favoured again.* As in the first case, for the second favour.
//!
//! A mark that A sets too late, after its favour was ended, does no harm: it is taken away at once and nothing happened in between.
//!
//! The same barrier serves the wake-up protocol of `idle/`. A submitter queues work, and looks at the counts behind a fence
//! ([`Bias::publish_fence`]); the favoured one leaves the fence out, and who lies down pays for both ([`Bias::heavy_fence`]): it changes the
//! counts, and looks at the queues behind the barrier. If the submitter's look at `favoured` comes before the barrier, so does what it queued;
//! if after, its look at the counts sees the change.

pub(crate) mod lock;
#[cfg(all(test, not(loom)))]
mod tests;

use std::ptr::{self, null_mut};

#[cfg(not(loom))]
use crossbeam_utils::CachePadded;

use crate::lock::spin_until;
use crate::shim::{AtomicBool, AtomicPtr, Mutex, Ordering, fence, full_fence};

/// A worker's place in the protocol.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The owner is at a step, as the favoured one. Written by the owner only.
    busy: AtomicBool,
}

impl Seat {
    pub(crate) fn new() -> Seat {
        Seat {
            busy: AtomicBool::new(false),
        }
    }
}

/// Who is favoured.
#[derive(Debug)]
pub(crate) struct Bias {
    favoured: AtomicPtr<Seat>,
    /// Held by whoever changes it.
    changing: Mutex<()>,
}

/// A favour that is being ended: not null for others, and nobody's seat.
const ENDING: *mut Seat = ptr::without_provenance_mut(align_of::<u64>());

impl Bias {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Bias {
        Bias {
            favoured: AtomicPtr::new(null_mut()),
            changing: Mutex::new(()),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Bias {
        Bias {
            favoured: AtomicPtr::new(null_mut()),
            changing: Mutex::new(()),
        }
    }

    /// Favours the calling worker, unless another one is favoured.
    pub(crate) fn begin(&self, seat: &'static Seat) -> bool {
        let guard = self.changing.lock();
        let free = self.favoured.load(Ordering::Relaxed).is_null();
        if free {
            // Sequentially consistent: comes before or after any other thread's pair of mark and look (see above).
            self.favoured
                .swap(ptr::from_ref(seat).cast_mut(), Ordering::SeqCst);
            // The same, for the fences of `idle/` and for loom, which knows no such accesses.
            fence(Ordering::SeqCst);
        }
        drop(guard);
        free
    }

    /// Whether anybody is favoured.
    #[inline(always)]
    fn is_on(&self) -> bool {
        // Sequentially consistent: behind the caller's mark. Costs no more than any load.
        !self.favoured.load(Ordering::SeqCst).is_null()
    }

    /// Whether the caller, whose seat this is, is favoured. May be over at the next moment.
    #[inline(always)]
    pub(crate) fn favours(&self, seat: &Seat) -> bool {
        ptr::eq(self.favoured.load(Ordering::SeqCst), seat)
    }

    /// Nobody is favoured any more when this returns, or another one since. Not to be called by the favoured worker inside of a step.
    #[cold]
    pub(crate) fn end(&self) {
        let guard = self.changing.lock();
        let seat = self.favoured.load(Ordering::Relaxed);
        if !seat.is_null() {
            self.favoured.store(ENDING, Ordering::SeqCst);
            barrier_for_all();
            // SAFETY: seats are never freed.
            let seat = unsafe { &*seat };
            // Acquire pairs with the release in `attempt`: what was done in the step is seen.
            if seat.busy.load(Ordering::Acquire) {
                spin_until(|| !seat.busy.load(Ordering::Acquire));
            }
            // Release: who reads the null need not wait for the seat itself.
            self.favoured.store(null_mut(), Ordering::SeqCst);
        }
        drop(guard);
    }

    /// The favoured worker wants it no longer, for others will run. Does nothing if it is not favoured.
    pub(crate) fn waive(&self, seat: &Seat) {
        if self.favours(seat) {
            let guard = self.changing.lock();
            if self.favours(seat) {
                // No barrier: what this thread did, it did before this store.
                self.favoured.store(null_mut(), Ordering::SeqCst);
            }
            drop(guard);
        }
    }

    /// Nobody but the caller is favoured any more when this returns. `seat` gives the caller's own, if it is a worker; it is asked only while
    /// somebody is favoured.
    #[inline(always)]
    pub(crate) fn end_others<'s>(&self, seat: impl FnOnce() -> Option<&'s Seat>) {
        if self.is_on() && !seat().is_some_and(|seat| self.favours(seat)) {
            self.end();
        }
    }

    /// Runs `step` if the caller, whose seat this is, is favoured and `held` is not set.
    #[inline(always)]
    pub(crate) fn attempt<R>(&self, seat: &Seat, held: &AtomicBool, step: impl FnOnce() -> R) -> Option<R> {
        seat.busy.store(true, Ordering::Relaxed);
        light_fence();
        // Acquire (as part of sequentially consistent) pairs with the release by which a holder left.
        let result = (self.favours(seat) && !held.load(Ordering::SeqCst)).then(step);
        // Release pairs with the acquire in `end`.
        seat.busy.store(false, Ordering::Release);
        result
    }

    /// Between a store (of work, into a queue) and a load (of who has to be told): the submitter's fence.
    #[inline(always)]
    pub(crate) fn publish_fence(&self, seat: &Seat) {
        light_fence();
        if !self.favours(seat) {
            full_fence();
        }
    }

    /// The fence of the other side: also stands in for the one that a favoured submitter leaves out.
    pub(crate) fn heavy_fence(&self) {
        fence(Ordering::SeqCst);
        if self.is_on() {
            barrier_for_all();
        }
    }
}

/// Orders accesses for the compiler only. Pairs with [`barrier_for_all`], which does the processor's part.
///
/// Loom does not know such a barrier; a fence on both sides promises what the pair promises.
#[inline(always)]
fn light_fence() {
    #[cfg(not(loom))]
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}

fn barrier_for_all() {
    #[cfg(not(loom))]
    if !crate::sys::barrier::on_all_threads() {
        // It worked at the start, or nobody would have been favoured.
        crate::fatal::die(&format_args!(
            "fatal error: membarrier failed: {}\n",
            std::io::Error::last_os_error()
        ));
    }
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}

/// The process's own. On a line of its own: it is read all the time, and rarely written.
#[cfg(not(loom))]
static BIAS: CachePadded<Bias> = CachePadded::new(Bias::new());

/// Whether the system has the barrier, and it is prepared.
static POSSIBLE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// The process's own.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn bias() -> &'static Bias {
    &BIAS
}

/// Models make their own.
#[cfg(loom)]
pub(crate) fn bias() -> &'static Bias {
    unreachable!("models make their own")
}

/// The fence of who lies down, see [`Bias::heavy_fence`]. The models of `idle/` have nobody who is favoured.
pub(crate) fn heavy_fence() {
    #[cfg(not(loom))]
    BIAS.heavy_fence();
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}

/// Makes favours possible, where they are. May take some milliseconds, except in a process of one thread.
pub(crate) fn prepare() {
    if crate::sys::barrier::prepare() {
        // Relaxed: nothing but the permission comes with it.
        POSSIBLE.store(true, Ordering::Relaxed);
    }
}

/// Whether a worker may ask to be favoured.
pub(crate) fn is_possible() -> bool {
    POSSIBLE.load(Ordering::Relaxed)
}
