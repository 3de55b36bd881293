//! Timers: a heap for each worker, passive. Expiring gives back tasks and calls; the scheduler runs
//! them.
//!
//! Three kinds:
//!
//! * A *sleeper* is a goroutine that nothing but the clock wakes. It is in the heap itself: nothing
//!   on its stack is looked at before it runs.
//! * A *park timer* lies on the stack of a goroutine that waits with a deadline. It is armed in the
//!   commit of the park, when the goroutine is off its stack, and before the commit releases the
//!   caller's locks. Everything that touches it happens under its shard's lock: firing wins the
//!   claim and takes the task there, so that a goroutine which was woken by somebody else and then
//!   takes the lock to cancel knows that nobody looks at its timer any more.
//! * A *call timer* ([`CallTimer`]) is reference-counted and runs a function, after the lock was
//!   released: in a goroutine, unless the function is the library's own and short.
//!
//! Of very many that are due at once, [`Shard::expire`] takes out a batch: those run before the
//! next one, while the caches still hold what was fetched for them.
//!
//! Lock order: a channel's lock, then a call timer's own, then a shard's. Nothing is called under a
//! shard's lock.

use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::claim::Claim;
use crate::g::GRef;
use crate::lock::SpinLock;
use crate::sys::clock::NEVER;

mod call;
mod heap;

pub use call::CallTimer;
use heap::{Heap, Item, Place, Placed};

/// Above this size, it is assumed that some timer is awaited, instead of scanning.
const LOOKED_AT: usize = 10_000;

/// One worker's timers.
#[repr(align(128))]
pub(crate) struct Shard {
    lock: SpinLock,
    /// The earliest deadline, `NEVER` if there is none. Written under the lock, read by anybody.
    next: AtomicU64,
    /// When something was taken out last because it was due. Written under the lock, read by
    /// anybody.
    expired: AtomicU64,
    /// Whether something due was left then. Under the lock.
    backlog: Cell<bool>,
    heap: UnsafeCell<Heap<Timer, GRef>>,
}

// SAFETY: heap and backlog are only touched under the lock.
unsafe impl Sync for Shard {}
// SAFETY: the timers it points to may be cancelled or fired by any thread, under the lock.
unsafe impl Send for Shard {}

/// A timer, as the heap sees it.
pub(crate) struct Timer {
    place: Place,
    /// The shard it was armed in; written before it gets in, by its owner.
    shard: AtomicPtr<Shard>,
    action: Action,
}

enum Action {
    /// A park timer: if it wins the claim, it wakes the goroutine.
    Wake { claim: NonNull<Claim>, g: GRef },
    /// The timer inside of a `CallTimer`.
    Call(Cell<Option<Arc<CallTimer>>>),
}

impl Placed for Timer {
    fn place(&self) -> &Place {
        &self.place
    }
}

/// What became due.
#[derive(Default)]
pub(crate) struct Expired {
    pub(crate) goroutines: Vec<GRef>,
    /// Some of these were left by an earlier batch, which may not have run yet.
    pub(crate) behind: bool,
    pub(crate) calls: Vec<Arc<CallTimer>>,
}

impl Shard {
    pub(crate) const fn new() -> Shard {
        Shard {
            lock: SpinLock::new(),
            next: AtomicU64::new(NEVER),
            expired: AtomicU64::new(0),
            backlog: Cell::new(false),
            heap: UnsafeCell::new(Heap::new()),
        }
    }

    /// The earliest deadline, or [`NEVER`].
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// When somebody saw to what is due here last.
    pub(crate) fn expired(&self) -> u64 {
        self.expired.load(Ordering::Relaxed)
    }

    fn with_heap<R>(&self, f: impl FnOnce(&mut Heap<Timer, GRef>) -> R) -> R {
        self.lock.lock();
        // SAFETY: under the lock.
        let heap = unsafe { &mut *self.heap.get() };
        let result = f(heap);
        self.next.store(heap.first().unwrap_or(NEVER), Ordering::Release);
        // SAFETY: taken above.
        unsafe { self.lock.unlock() };
        result
    }

    /// # Safety
    /// `timer` is in no heap and stays valid until it fired or was cancelled. Once this returns it
    /// may be gone.
    pub(crate) unsafe fn arm(&self, deadline: u64, timer: NonNull<Timer>) {
        // SAFETY: valid by the caller; not in a heap, so nobody else looks at it.
        unsafe { timer.as_ref() }
            .shard
            .store((&raw const *self).cast_mut(), Ordering::Relaxed);
        // SAFETY: handed on.
        self.with_heap(|heap| unsafe { heap.insert(deadline, timer) });
    }

    /// Adds a goroutine that nothing but the clock wakes.
    pub(crate) fn add_sleeper(&self, deadline: u64, g: GRef) {
        self.with_heap(|heap| heap.insert_sleeper(deadline, g));
    }

    /// Whether a timer is armed here that somebody waits for. Says yes without looking at all of
    /// very many.
    pub(crate) fn any_awaited(&self) -> bool {
        self.next() != NEVER
            && self.with_heap(|heap| {
                heap.len() > LOOKED_AT
                    || heap.iter().any(|item| {
                        let Item::Timer(timer) = item else { return true };
                        // SAFETY: valid while in the heap, which the lock keeps as it is.
                        match unsafe { &timer.as_ref().action } {
                            Action::Wake { .. } => true,
                            Action::Call(me) => {
                                // SAFETY: the cell is touched under the lock only.
                                let me = unsafe { (*me.as_ptr()).as_ref() };
                                me.is_none_or(|me| me.is_awaited())
                            }
                        }
                    })
            })
    }

    /// Takes out what is due at `now`, the earliest first, up to `limit` goroutines. (Calls are
    /// made at once, so they need no limit.)
    pub(crate) fn expire(&self, now: u64, limit: usize, out: &mut Expired) {
        if self.next() > now {
            return;
        }
        self.with_heap(|heap| {
            self.expired.store(now, Ordering::Relaxed);
            let full = out.goroutines.len().saturating_add(limit);
            while out.goroutines.len() < full
                && let Some(item) = heap.pop_due(now)
            {
                let g = match item {
                    Item::Sleeper(g) => Some(g),
                    // SAFETY: valid while in the heap, and, as the lock is still held, until the
                    // end of this round: its owner has to take the lock before it may go.
                    Item::Timer(timer) => unsafe { timer.as_ref() }.fire(out),
                };
                if let Some(g) = g {
                    g.prefetch();
                    out.goroutines.push(g);
                }
            }
            let left = heap.first().is_some_and(|first| first <= now);
            out.behind |= self.backlog.replace(left);
        });
    }
}

impl Timer {
    /// A park timer. Others look at `claim` as long as the timer is armed.
    pub(crate) fn for_park(claim: &Claim, g: GRef) -> Timer {
        Timer {
            place: Place::nowhere(),
            shard: AtomicPtr::new(std::ptr::null_mut()),
            action: Action::Wake {
                claim: NonNull::from(claim),
                g,
            },
        }
    }

    /// The timer inside of a `CallTimer`.
    fn for_call() -> Timer {
        Timer {
            place: Place::nowhere(),
            shard: AtomicPtr::new(std::ptr::null_mut()),
            action: Action::Call(Cell::new(None)),
        }
    }

    /// Takes it out of its shard, or waits until the shard that is firing it is done with it.
    /// `true` if it was in.
    pub(crate) fn cancel(&self) -> bool {
        let shard = self.shard.load(Ordering::Relaxed);
        if shard.is_null() {
            return false;
        }
        // SAFETY: shards are static. If the timer is in a heap, it is this one's.
        unsafe { &*shard }.with_heap(|heap| unsafe { heap.remove(NonNull::from(self)) })
    }

    /// Under the lock of its shard, when it has just been taken out. Gives the goroutine that it
    /// has to wake.
    fn fire(&self, out: &mut Expired) -> Option<GRef> {
        match &self.action {
            // SAFETY: the claim lives in the same frame as the timer, or further down.
            Action::Wake { claim, g } => unsafe { claim.as_ref() }.try_claim(Claim::TIMEOUT).then_some(*g),
            Action::Call(me) => {
                out.calls.extend(me.take());
                None
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// What is left of a batch is known as such when it comes out, so that it overtakes nobody; and
    /// calls do not count.
    #[test]
    fn batches() {
        let shard = Shard::new();
        let expire = |now, limit| {
            let mut out = Expired::default();
            shard.expire(now, limit, &mut out);
            (out.goroutines.len(), out.behind)
        };
        let g = crate::g::pool::take_shared();
        let sleep = |deadlines: std::ops::Range<u64>| {
            shard.with_heap(|heap| deadlines.for_each(|deadline| heap.insert_sleeper(deadline, g)));
        };
        sleep(0..6);
        assert_eq!(expire(2, 2), (2, false), "of three that are due");
        assert_eq!(expire(3, 9), (2, true), "the third, and one more");
        assert_eq!(expire(4, 1), (1, false), "nobody was left before");
        assert_eq!(expire(9, 9), (1, false));
        let calls = [(); 3].map(|()| Timer::for_call());
        for call in &calls {
            // SAFETY: in no heap, and out again below.
            unsafe { shard.arm(10, NonNull::from(call)) };
        }
        sleep(11..13);
        assert_eq!(expire(20, 1), (1, false), "all calls and one sleeper");
        assert_eq!(expire(20, 1), (1, true));
        assert_eq!(shard.next(), NEVER);
        crate::g::pool::give_shared(g);
    }
}
