//! While one worker alone runs goroutines, it pays for no barriers: the bias.
//!
//! A locked instruction or a fence takes about twenty cycles, and a hand-off needs four of them:
//! half of its time. Each is there for the sake of other threads. So one worker at a time may be
//! the *bias owner*: it does these steps with plain loads and stores, and whoever else comes to one
//! of them ends its bias first, by a barrier that the kernel puts on all threads (`membarrier`,
//! some 10 µs). It is the pattern of a biased lock, with one bias for all of them. When a worker
//! asks for it is `sched/worker/alone.rs`'s.
//!
//! # Who may do what
//!
//! * `owner` is null, a worker's seat, or [`ENDING`]. It changes under `changing` only.
//! * The bias owner *attempts* a step: it marks its seat as busy, and then looks whether it owns
//!   the bias still and the place is not held. If so, it does the step, else it does it as
//!   everybody does. Then it takes the mark away. Between the mark and the looks is nothing but an
//!   order to the compiler ([`light_fence`]).
//! * Everybody else marks the place as held, by a read-modify-write, and looks at `owner` then. If
//!   it is not null it ends the bias ([`Bias::revoke`]): it takes it away, has the barrier put on
//!   all threads, and waits until the seat is not busy.
//!
//! # Why no two are inside at once
//!
//! Let A own the bias at its attempt, and B somebody who has marked the place as held.
//!
//! * *B saw null before A owned the bias.* The mark of B, its look, A's becoming the owner and A's
//!   look at the mark are sequentially consistent, in this order. So A sees the mark, and does not
//!   step in until B has left.
//! * *B, or another one, ended A's bias.* Take the point where the barrier falls into A's code. If
//!   A's looks come after it, A sees that it owns it no longer. Else its mark on the seat came
//!   before, so who ends the bias sees it and waits until A has finished. B goes on after that: it
//!   waited itself, or read the null that the other one left behind (release and acquire).
//! * *A becomes the bias owner again.* As in the first case, for the second time.
//!
//! A mark that A sets too late, after its bias was ended, does no harm: it is taken away at once
//! and nothing happened in between.
//!
//! The same barrier serves the wake-up protocol of `idle/`. A submitter queues work, and looks at
//! the counts behind a fence ([`Bias::publish_fence`]); the bias owner leaves the fence out, and
//! who lies down pays for both ([`Bias::heavy_fence`]): it changes the counts, and looks at the
//! queues behind the barrier. If the submitter's look at `owner` comes before the barrier, so does
//! what it queued; if after, its look at the counts sees the change.

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
    /// Its worker is at a step, as the bias owner. Written by the owner only.
    busy: AtomicBool,
}

impl Seat {
    pub(crate) fn new() -> Seat {
        Seat {
            busy: AtomicBool::new(false),
        }
    }
}

/// Who owns the bias.
#[derive(Debug)]
pub(crate) struct Bias {
    owner: AtomicPtr<Seat>,
    /// Held by whoever changes it.
    changing: Mutex<()>,
}

/// A bias that is being ended: not null for others, and nobody's seat.
const ENDING: *mut Seat = ptr::without_provenance_mut(align_of::<u64>());

impl Bias {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Bias {
        Bias {
            owner: AtomicPtr::new(null_mut()),
            changing: Mutex::new(()),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Bias {
        Bias {
            owner: AtomicPtr::new(null_mut()),
            changing: Mutex::new(()),
        }
    }

    /// Gives the calling worker the bias, unless another one owns it.
    pub(crate) fn begin(&self, seat: &'static Seat) -> bool {
        let guard = self.changing.lock();
        let free = self.owner.load(Ordering::Relaxed).is_null();
        if free {
            // Sequentially consistent: comes before or after any other thread's pair of mark and
            // look (see above).
            self.owner.swap(ptr::from_ref(seat).cast_mut(), Ordering::SeqCst);
            // The same, for the fences of `idle/` and for loom, which knows no such accesses.
            fence(Ordering::SeqCst);
        }
        drop(guard);
        free
    }

    /// Whether anybody owns the bias.
    #[inline(always)]
    fn is_on(&self) -> bool {
        // Sequentially consistent: behind the caller's mark. Costs no more than any load.
        !self.owner.load(Ordering::SeqCst).is_null()
    }

    /// Whether the caller, whose seat this is, owns the bias. May be over at the next moment.
    #[inline(always)]
    pub(crate) fn is_owner(&self, seat: &Seat) -> bool {
        ptr::eq(self.owner.load(Ordering::SeqCst), seat)
    }

    /// Revokes the bias. Another worker may own it again by the time this returns. Not to be called
    /// by the bias owner inside of a step.
    #[cold]
    pub(crate) fn revoke(&self) {
        let guard = self.changing.lock();
        let seat = self.owner.load(Ordering::Relaxed);
        if !seat.is_null() {
            self.owner.store(ENDING, Ordering::SeqCst);
            barrier_for_all();
            // SAFETY: seats are never freed.
            let seat = unsafe { &*seat };
            // Acquire pairs with the release in `attempt`: what was done in the step is seen.
            if seat.busy.load(Ordering::Acquire) {
                spin_until(|| !seat.busy.load(Ordering::Acquire));
            }
            // Release: who reads the null need not wait for the seat itself.
            self.owner.store(null_mut(), Ordering::SeqCst);
        }
        drop(guard);
    }

    /// The owner wants it no longer, for others will run. Does nothing for anybody else.
    pub(crate) fn release(&self, seat: &Seat) {
        if self.is_owner(seat) {
            let guard = self.changing.lock();
            if self.is_owner(seat) {
                // No barrier: what this thread did, it did before this store.
                self.owner.store(null_mut(), Ordering::SeqCst);
            }
            drop(guard);
        }
    }

    /// Nobody but the caller owns the bias any more when this returns. `seat` gives the caller's
    /// own, if it is a worker; it is asked only while somebody owns the bias.
    #[inline(always)]
    pub(crate) fn revoke_others<'s>(&self, seat: impl FnOnce() -> Option<&'s Seat>) {
        if self.is_on() && !seat().is_some_and(|seat| self.is_owner(seat)) {
            self.revoke();
        }
    }

    /// Runs `step` if the caller, whose seat this is, owns the bias and `held` is not set.
    #[inline(always)]
    pub(crate) fn attempt<R>(&self, seat: &Seat, held: &AtomicBool, step: impl FnOnce() -> R) -> Option<R> {
        seat.busy.store(true, Ordering::Relaxed);
        light_fence();
        // Acquire (as part of sequentially consistent) pairs with the release by which a holder
        // left.
        let result = (self.is_owner(seat) && !held.load(Ordering::SeqCst)).then(step);
        // Release pairs with the acquire in `end`.
        seat.busy.store(false, Ordering::Release);
        result
    }

    /// Between a store (of work, into a queue) and a load (of who has to be told): the submitter's
    /// fence.
    #[inline(always)]
    pub(crate) fn publish_fence(&self, seat: &Seat) {
        light_fence();
        if !self.is_owner(seat) {
            full_fence();
        }
    }

    /// The fence of the other side: also stands in for the one that a bias owner leaves out.
    pub(crate) fn heavy_fence(&self) {
        fence(Ordering::SeqCst);
        if self.is_on() {
            barrier_for_all();
        }
    }
}

/// Orders accesses for the compiler only. Pairs with [`barrier_for_all`], which does the
/// processor's part.
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
        // It worked at the start, or nobody would own the bias.
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

/// The fence of who lies down, see [`Bias::heavy_fence`]. The models of `idle/` have nobody who
/// owns the bias.
pub(crate) fn heavy_fence() {
    #[cfg(not(loom))]
    BIAS.heavy_fence();
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}

/// Makes the bias possible, where it is. May take some milliseconds, except in a process of one
/// thread.
pub(crate) fn prepare() {
    if crate::sys::barrier::prepare() {
        // Relaxed: nothing but the permission comes with it.
        POSSIBLE.store(true, Ordering::Relaxed);
    }
}

/// Whether a worker may ask to own the bias.
pub(crate) fn is_possible() -> bool {
    POSSIBLE.load(Ordering::Relaxed)
}
