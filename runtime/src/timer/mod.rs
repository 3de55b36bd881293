//! Timers: a heap for each worker, passive. Expiring gives back tasks and calls; the scheduler runs them.
//!
//! Three kinds:
//!
//! * A *sleeper* is a goroutine that nothing but the clock wakes. It is in the heap itself: nothing on its stack is looked at before it
//!   runs.
//! * A *park timer* lies on the stack of a goroutine that waits with a deadline. It is armed in the commit of the park, when
//!   the goroutine is off its stack, and before the commit releases the caller's locks. Everything that touches it
//!   happens under its shard's lock: firing wins the claim and takes the task there, so that a goroutine which was woken by
//!   somebody else and then takes the lock to cancel knows that nobody looks at its timer any more.
//! * A *call timer* ([`CallTimer`]) is reference-counted and runs a function, after the lock was released: in a goroutine, unless the
//!   function is the library's own and short.
//!
//! Of very many that are due at once, [`Shard::expire`] takes out a batch: those run before the next one, while the caches still
//! hold what was fetched for them.
//!
//! Lock order: a channel's lock, then a call timer's own, then a shard's. Nothing is called under a shard's lock.

use std::cell::{Cell, UnsafeCell};
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::Instant;

use crate::claim::Claim;
use crate::g::GRef;
use crate::lock::SpinLock;
use crate::reason::WaitReason;
use crate::sched;
use crate::sys::clock::{self, NEVER};

mod heap;

use heap::{Heap, Item, Place, Placed};

/// More timers than this are not asked whether anybody waits for them.
const LOOKED_AT: usize = 10_000;

/// One worker's timers.
#[repr(align(128))]
pub(crate) struct Shard {
    lock: SpinLock,
    /// The earliest deadline, `NEVER` if there is none. Written under the lock, read by anybody.
    next: AtomicU64,
    /// When something was taken out last because it was due. Written under the lock, read by anybody.
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
    /// `timer` is in no heap and stays valid until it fired or was cancelled. Once this returns it may be gone.
    unsafe fn arm(&self, deadline: u64, timer: NonNull<Timer>) {
        // SAFETY: valid by the caller; not in a heap, so nobody else looks at it.
        unsafe { timer.as_ref() }
            .shard
            .store((&raw const *self).cast_mut(), Ordering::Relaxed);
        // SAFETY: handed on.
        self.with_heap(|heap| unsafe { heap.insert(deadline, timer) });
    }

    /// Whether a timer is armed here that somebody waits for. Says yes without looking at all of very many.
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
                                me.and_then(|me| me.awaited.as_ref())
                                    .is_none_or(|awaited| awaited())
                            }
                        }
                    })
            })
    }

    /// Takes out what is due at `now`, the earliest first, up to `limit` goroutines. (Calls are made at once, so they need no limit.)
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
                    // SAFETY: valid while in the heap, and, as the lock is still held, until the end of this round: its owner has to
                    // take the lock before it may go.
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
    /// Under the lock of its shard, when it has just been taken out. Gives the goroutine that it has to wake.
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

/// Takes `timer` out of its shard, or waits until the shard that is firing it is done with it.
fn cancel(timer: &Timer) -> bool {
    let shard = timer.shard.load(Ordering::Relaxed);
    if shard.is_null() {
        return false;
    }
    // SAFETY: shards are static. If the timer is in a heap, it is this one's.
    unsafe { &*shard }.with_heap(|heap| unsafe { heap.remove(NonNull::from(timer)) })
}

/// Parks until `deadline` or until a waker won `claim`; see [`crate::park_until`].
///
/// # Safety
/// As [`crate::park_until`], and `g` runs this code.
pub(crate) unsafe fn park_goroutine_until<C: FnOnce()>(
    g: GRef,
    reason: WaitReason,
    site: &'static Location<'static>,
    deadline: Instant,
    claim: &Claim,
    commit: C,
) {
    let timer = Timer {
        place: Place::nowhere(),
        shard: AtomicPtr::new(std::ptr::null_mut()),
        action: Action::Wake {
            claim: NonNull::from(claim),
            g,
        },
    };
    let at = NonNull::from(&timer);
    let deadline = clock::to_nanos(deadline);
    let arm_and_commit = move || {
        // Armed first: the caller's commit may let a waker in, and then this frame may be gone. The timer may fire in
        // between; the goroutine it wakes then still has to get past the locks that `commit` releases, or, if there are
        // none, nothing below touches its stack.
        // SAFETY: the goroutine is off its stack and stays in this function until the timer is out of the heap.
        unsafe { arm_on_this_worker(deadline, at) };
        commit();
    };
    // SAFETY: handed on; the timer readies only after it won the claim.
    unsafe { sched::park::park_goroutine(&g, reason, site, arm_and_commit) };
    if claim.winner() != Some(Claim::TIMEOUT) {
        cancel(&timer);
    }
}

/// Arms a timer on the shard of the worker that runs this code, and sees to it that somebody wakes up for it.
///
/// # Safety
/// As [`Shard::arm`].
unsafe fn arm_on_this_worker(deadline: u64, timer: NonNull<Timer>) {
    let shard = sched::timer_shard();
    // SAFETY: handed on.
    unsafe { shard.arm(deadline, timer) };
    sched::timer_armed(deadline);
}

/// Lets the goroutine (or thread) sleep until `deadline`. If that has passed, it lets others run and goes on.
///
/// ```
/// let before = std::time::Instant::now();
/// gort_runtime::sleep_until(before + std::time::Duration::from_millis(5));
/// assert!(before.elapsed().as_millis() >= 5);
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) {
    let Some(sleeper) = GRef::current() else {
        return std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    };
    if deadline <= Instant::now() {
        // Nothing to wait for. But a loop that sleeps shall let others run, however short its sleeps are.
        return sched::park::gosched();
    }
    let deadline = clock::to_nanos(deadline);
    let arm = move || {
        // The goroutine is off its stack, and this is its only waker.
        sched::timer_shard().with_heap(|heap| heap.insert_sleeper(deadline, sleeper));
        sched::timer_armed(deadline);
    };
    // SAFETY: this goroutine runs this code, and the commit makes it known to exactly one waker.
    unsafe { sched::park::park_goroutine(&sleeper, WaitReason::Sleep, Location::caller(), arm) };
}

/// A timer that runs a function, in a goroutine of its own: it may wait.
///
/// It runs once for each time that it is armed. A call that is on its way when the timer is stopped or armed anew still
/// happens, as with Go's `time.AfterFunc`.
///
/// ```
/// use std::sync::mpsc;
/// use std::time::{Duration, Instant};
///
/// let (tx, rx) = mpsc::channel();
/// let timer = gort_runtime::CallTimer::new(move || tx.send(()).unwrap());
/// timer.start(Instant::now() + Duration::from_millis(1));
/// rx.recv().unwrap();
/// assert!(!timer.stop(), "it has run");
/// ```
pub struct CallTimer {
    timer: Timer,
    /// Held by whoever arms or stops the timer, around the shard's lock. Only under it does the timer change shards.
    control: SpinLock,
    function: Box<dyn Fn() + Send + Sync>,
    /// Whether anybody cares; nothing means yes. It is there for the library's own timers, whose function is called in place.
    awaited: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    /// For the goroutine.
    name: &'static str,
}

// SAFETY: the timer's cells are touched under the lock of the shard that it names, which changes only under `control`, while
// the timer is in no heap.
unsafe impl Sync for CallTimer {}
// SAFETY: as above; nothing in it is tied to a thread.
unsafe impl Send for CallTimer {}

impl std::fmt::Debug for CallTimer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallTimer").finish_non_exhaustive()
    }
}

impl CallTimer {
    /// A timer that is not armed yet.
    pub fn new(function: impl Fn() + Send + Sync + 'static) -> Arc<CallTimer> {
        CallTimer::named("timer", function)
    }

    /// The same with a name for the goroutine.
    #[doc(hidden)]
    pub fn named(name: &'static str, function: impl Fn() + Send + Sync + 'static) -> Arc<CallTimer> {
        CallTimer::build(name, Box::new(function), None)
    }

    /// A timer that only matters to those who wait for it: while `awaited` says that nobody does, it does not count as
    /// something that could still wake a stuck program. `awaited` takes no locks and does not wait.
    ///
    /// The function is called where timers expire, and dropped there: it must be short, wait for nothing and hold nothing whose
    /// destructor waits.
    ///
    /// ```
    /// let timer = gort_runtime::CallTimer::for_listeners(|| println!("time is up"), || true);
    /// assert!(!timer.stop(), "it was not armed");
    /// ```
    pub fn for_listeners(
        function: impl Fn() + Send + Sync + 'static,
        awaited: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Arc<CallTimer> {
        CallTimer::build("timer", Box::new(function), Some(Box::new(awaited)))
    }

    fn build(
        name: &'static str,
        function: Box<dyn Fn() + Send + Sync>,
        awaited: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    ) -> Arc<CallTimer> {
        Arc::new(CallTimer {
            timer: Timer {
                place: Place::nowhere(),
                shard: AtomicPtr::new(std::ptr::null_mut()),
                action: Action::Call(Cell::new(None)),
            },
            control: SpinLock::new(),
            function,
            awaited,
            name,
        })
    }

    /// Arms it: the function runs at `deadline`. If it is armed already, that deadline is forgotten. `true` if it was.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let timer = gort_runtime::CallTimer::new(|| ());
    /// assert!(!timer.start(Instant::now() + Duration::from_secs(60)));
    /// assert!(timer.start(Instant::now() + Duration::from_secs(90)), "armed anew");
    /// assert!(timer.stop());
    /// ```
    pub fn start(self: &Arc<CallTimer>, deadline: Instant) -> bool {
        let deadline = clock::to_nanos(deadline);
        let shard = sched::timer_shard();
        let me = Arc::clone(self);
        self.control.lock();
        let old = self.disarm();
        self.timer
            .shard
            .store((&raw const *shard).cast_mut(), Ordering::Relaxed);
        shard.with_heap(|heap| {
            if let Action::Call(slot) = &self.timer.action {
                slot.set(Some(me));
            }
            // SAFETY: in no heap; the reference stored above keeps it alive until it is out again.
            unsafe { heap.insert(deadline, NonNull::from(&self.timer)) };
        });
        // SAFETY: taken above.
        unsafe { self.control.unlock() };
        sched::timer_armed(deadline);
        old.is_some()
    }

    /// Stops it. `true` if it was armed, and hence will not run because of this call.
    pub fn stop(&self) -> bool {
        self.control.lock();
        let own = self.disarm();
        // SAFETY: taken above.
        unsafe { self.control.unlock() };
        // Dropped outside of the locks: this may be the last reference, and dropping it runs user code.
        own.is_some()
    }

    /// Under `control`: takes it out of its heap; gives the reference that the heap had.
    fn disarm(&self) -> Option<Arc<CallTimer>> {
        // Relaxed: written under `control`.
        let shard = self.timer.shard.load(Ordering::Relaxed);
        if shard.is_null() {
            return None;
        }
        // SAFETY: shards are static.
        unsafe { &*shard }.with_heap(|heap| {
            // SAFETY: it is in this heap or in none.
            let armed = unsafe { heap.remove(NonNull::from(&self.timer)) };
            match &self.timer.action {
                Action::Call(slot) if armed => slot.take(),
                _ => None,
            }
        })
    }

    /// It is due.
    pub(crate) fn ring(this: Arc<CallTimer>) {
        // This may be the last reference, so what the function holds is dropped where the function is called.
        let name = this.name;
        if this.awaited.is_none() {
            return drop(
                sched::spawn::Spawn::new()
                    .name(name)
                    .go(move || (this.function)()),
            );
        }
        // Nothing may unwind past those who wait for others that are due.
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            (this.function)();
            drop(this);
        }));
        if let Err(payload) = caught {
            crate::fatal::die(&format_args!(
                "panic: in a timer's function: {}\n",
                crate::panics::Panic::new(payload, None).message()
            ));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// What is left of a batch is known as such when it comes out, so that it overtakes nobody; and calls do not count.
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
        let calls = [(); 3].map(|()| Timer {
            place: Place::nowhere(),
            shard: AtomicPtr::new(std::ptr::null_mut()),
            action: Action::Call(Cell::new(None)),
        });
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
