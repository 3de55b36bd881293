//! GOMAXPROCS: how many workers run, and who may be bound to one.

use std::sync::atomic::Ordering;

use crate::config::{MAX_PROCS, MAX_WORKERS, Migration};
use crate::g::{G, NO_HOME};
use crate::sched::{Runtime, runtime};
use crate::worker::{Post, Worker};

impl Runtime {
    /// Makes workers up to `count` exist, asleep; their threads start when they are woken first.
    fn grow(&self, count: usize) {
        for index in self.known()..count {
            let made = self.posts[index].set(Box::new(Post::new()));
            debug_assert!(made.is_ok(), "growing is serialised");
            self.known.store(index + 1, Ordering::Release);
            self.idle.add(index);
        }
    }

    /// Sees to it that GOMAXPROCS workers which are not stuck run anything: the first ones. Called when GOMAXPROCS has changed,
    /// and when a worker got stuck or came back.
    pub(crate) fn rebalance(&self) {
        let _one_at_a_time = self.balancing.lock();
        let procs = self.procs();
        let (mut limit, mut free) = (0, 0);
        while free < procs && limit < MAX_WORKERS {
            self.grow(limit + 1);
            free += usize::from(self.post(limit).is_some_and(|post| !post.is_stuck()));
            limit += 1;
        }
        self.idle
            .change_limit(limit, || self.limit.store(limit, Ordering::SeqCst), self);
    }
}

impl Runtime {
    /// Binds the running goroutine to the worker, and so to the thread, that it runs on.
    pub(crate) fn bind(&self, g: &G) {
        self.homes.fetch_add(1, Ordering::SeqCst);
        g.set_home(g.last_worker());
    }

    /// Lets a goroutine go that [`bind`](Runtime::bind) bound; it stays bound if the migration mode says so.
    pub(crate) fn unbind(&self, g: &G) {
        if self.config.migration != Migration::Pinned {
            self.homes.fetch_sub(1, Ordering::SeqCst);
            g.set_home(NO_HOME);
        }
    }

    /// Whether some goroutine is bound to a thread that must therefore not end.
    pub(crate) fn any_homes(&self) -> bool {
        self.config.migration == Migration::Pinned || self.homes.load(Ordering::SeqCst) > 0
    }
}

/// Sets how many goroutines may run at the same instant; returns what it was. 0 only asks, as `runtime.GOMAXPROCS(0)` does.
///
/// More than 1024 counts as 1024. When the number falls, a worker that is above it hands its goroutines over as soon as the
/// one it runs has switched away; goroutines that are bound to its thread go on there.
///
/// ```
/// let before = gort_runtime::set_max_procs(2);
/// assert_eq!(gort_runtime::set_max_procs(0), 2);
/// assert_eq!(gort_runtime::set_max_procs(before), 2);
/// ```
#[doc(alias = "GOMAXPROCS")]
pub fn set_max_procs(procs: usize) -> usize {
    let rt = runtime();
    if procs == 0 {
        return rt.procs();
    }
    let procs = procs.min(MAX_PROCS);
    let before = rt.procs.swap(procs, Ordering::SeqCst);
    rt.rebalance();
    // Threads that are not needed any more end in a while; those that sleep have to hear of it.
    (procs..before)
        .filter_map(|index| rt.post(index))
        .for_each(Post::nudge);
    before
}

/// How many goroutines may run at the same instant.
///
/// ```
/// assert!(gort_runtime::max_procs() >= 1);
/// ```
#[doc(alias = "GOMAXPROCS")]
pub fn max_procs() -> usize {
    runtime().procs()
}

/// The CPUs that this process may use (affinity mask and cgroup quota).
///
/// ```
/// assert!(gort_runtime::num_cpu() >= 1);
/// ```
#[doc(alias = "NumCPU")]
pub fn num_cpu() -> usize {
    crate::sys::cpu::count()
}

/// The number of the worker that runs this code, from 0; on other threads `None`. A hint for choosing among caches: the
/// goroutine may go on on another worker at any wait.
///
/// ```
/// assert_eq!(gort_runtime::worker_index(), None);
/// assert!(gort_runtime::run(gort_runtime::worker_index).is_some());
/// ```
#[inline]
pub fn worker_index() -> Option<usize> {
    // SAFETY: null, or this thread's worker, which lives as long as the process; nothing in between switches.
    unsafe { crate::tls::worker().as_ref() }.map(Worker::index)
}

/// The number of goroutines that exist. Exact when none starts or ends meanwhile.
///
/// ```
/// let n = gort_runtime::run(|| gort_runtime::num_goroutine());
/// assert!(n >= 1);
/// ```
#[doc(alias = "NumGoroutine")]
pub fn num_goroutine() -> usize {
    runtime().goroutines() as usize
}

/// Binds the current goroutine to the OS thread it runs on, until [`unlock_os_thread`] was called as often. Other
/// goroutines may still run on that thread.
///
/// Between the two calls a goroutine may keep what belongs to a thread (a reference into a `thread_local!`, a
/// `std::sync::MutexGuard`) across a wait. Outside of goroutines it does nothing.
///
/// ```
/// gort_runtime::run(|| {
///     gort_runtime::lock_os_thread();
///     let thread = std::thread::current().id();
///     for _ in 0..100 {
///         gort_runtime::gosched();
///         assert_eq!(std::thread::current().id(), thread);
///     }
///     gort_runtime::unlock_os_thread();
/// });
/// ```
#[doc(alias = "LockOSThread")]
pub fn lock_os_thread() {
    // SAFETY: null or a control block, which is never freed.
    let Some(g) = (unsafe { crate::tls::current_g().as_ref() }) else {
        return;
    };
    g.flags.locked.set(g.flags.locked.get() + 1);
    if g.home() == NO_HOME {
        runtime().bind(g);
    }
}

/// Undoes one [`lock_os_thread`]. Without one before it does nothing, as in Go.
///
/// ```
/// gort_runtime::run(|| {
///     gort_runtime::lock_os_thread();
///     gort_runtime::lock_os_thread();
///     gort_runtime::unlock_os_thread();
///     gort_runtime::unlock_os_thread(); // now it may move again
/// });
/// ```
#[doc(alias = "UnlockOSThread")]
pub fn unlock_os_thread() {
    // SAFETY: null or a control block, which is never freed.
    let Some(g) = (unsafe { crate::tls::current_g().as_ref() }) else {
        return;
    };
    let locked = g.flags.locked.get();
    if locked == 0 {
        return;
    }
    g.flags.locked.set(locked - 1);
    if locked == 1 {
        runtime().unbind(g);
    }
}
