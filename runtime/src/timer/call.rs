//! Timers that run a function.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Action, Shard, Timer};
use crate::lock::SpinLock;

/// A timer that runs a function, in a goroutine of its own: it may wait.
///
/// It runs once for each time that it is armed. A call that is on its way when the timer is stopped
/// or armed anew still happens, as with Go's `time.AfterFunc`.
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
    /// Held by whoever arms or stops the timer, around the shard's lock. Only under it does the
    /// timer change shards.
    control: SpinLock,
    function: Box<dyn Fn() + Send + Sync>,
    /// Whether anybody cares; nothing means yes. It is there for the library's own timers, whose
    /// function is called in place.
    awaited: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    /// For the goroutine.
    name: &'static str,
}

// SAFETY: the timer's cells are touched under the lock of the shard that it names, which changes
// only under `control`, while the timer is in no heap.
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

    /// A timer that only matters to those who wait for it: while `awaited` says that nobody does,
    /// it does not count as something that could still wake a stuck program. `awaited` takes no
    /// locks and does not wait.
    ///
    /// The function is called where timers expire, and dropped there: it must be short, wait for
    /// nothing and hold nothing whose destructor waits.
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
            timer: Timer::for_call(),
            control: SpinLock::new(),
            function,
            awaited,
            name,
        })
    }

    /// Arms it in `shard`; see [`CallTimer::start`]. Whoever keeps the time has to be told
    /// afterwards.
    pub(crate) fn start_in(self: &Arc<CallTimer>, shard: &'static Shard, deadline: u64) -> bool {
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
        old.is_some()
    }

    /// Whether anybody cares. Calls no more than what `for_listeners` was given.
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited.as_ref().is_none_or(|awaited| awaited())
    }

    /// The name for its goroutine. `None`: the function is called where timers expire.
    pub(crate) fn goroutine_name(&self) -> Option<&'static str> {
        self.awaited.is_none().then_some(self.name)
    }

    /// Makes the call.
    pub(crate) fn call(&self) {
        (self.function)();
    }

    /// Stops it. `true` if it was armed, and hence will not run because of this call.
    pub fn stop(&self) -> bool {
        self.control.lock();
        let own = self.disarm();
        // SAFETY: taken above.
        unsafe { self.control.unlock() };
        // Dropped outside of the locks: this may be the last reference, and dropping it runs user
        // code.
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
}
