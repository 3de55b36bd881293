//! GOMAXPROCS: how many workers run, and who may be bound to one.

use std::sync::atomic::Ordering;

use crate::config::{MAX_PROCS, MAX_WORKERS, Migration};
use crate::g::{G, NO_HOME};
use crate::sched::worker::{Post, Worker};
use crate::sched::{Runtime, runtime, this_worker};

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

    /// Sees to it that GOMAXPROCS workers which are not stuck run anything: the first ones. Called
    /// when GOMAXPROCS has changed, and when a worker got stuck or came back.
    pub(crate) fn rebalance(&self) {
        let _one_at_a_time = self.balancing.lock();
        let procs = self.procs();
        let (mut limit, mut free) = (0, 0);
        while free < procs && limit < MAX_WORKERS {
            self.grow(limit + 1);
            free += usize::from(self.post(limit).is_some_and(|post| !post.is_absent()));
            limit += 1;
        }
        self.idle
            .change_limit(limit, || self.limit.store(limit, Ordering::SeqCst), self);
    }
}

impl Runtime {
    /// Binds a goroutine to the worker, and so to the thread, that runs it.
    fn bind(&self, g: &G, worker: &Worker) {
        self.homes.fetch_add(1, Ordering::SeqCst);
        g.set_home(worker.index() as u16);
        worker.count_bound();
    }

    /// Lets a goroutine go that is bound to the worker that runs it. (One that is bound by the
    /// migration mode was not counted in `homes`.)
    pub(crate) fn unbind(&self, g: &G, worker: &Worker) {
        if self.config.migration != Migration::Pinned {
            self.homes.fetch_sub(1, Ordering::SeqCst);
        }
        g.set_home(NO_HOME);
        worker.count_unbound();
    }
}

/// Sets how many goroutines may run at the same instant; returns what it was. 0 only asks, as
/// `runtime.GOMAXPROCS(0)` does.
///
/// More than 1024 counts as 1024. When the number falls, a worker that is above it hands its
/// goroutines over as soon as the one it runs has switched away; goroutines that are bound to its
/// thread go on there.
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

/// The number of the worker that runs this code, from 0; on other threads `None`. A hint for
/// choosing among caches: the goroutine may go on on another worker at any wait.
///
/// ```
/// assert_eq!(gort_runtime::worker_index(), None);
/// assert!(gort_runtime::run(gort_runtime::worker_index).is_some());
/// ```
#[inline]
pub fn worker_index() -> Option<usize> {
    this_worker().map(Worker::index)
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

/// Gives the current goroutine the OS thread that it runs on, until [`unlock_os_thread`] was called
/// as often: it runs on no other thread, and no other goroutine runs on this one.
///
/// Between the two calls a goroutine may keep what belongs to a thread (a reference into a
/// `thread_local!`, a `std::sync::MutexGuard`) across a wait, and may change the thread's state in
/// the kernel (`unshare`, `setns`, the scheduling class, the signal mask).
/// [`blocking`](crate::blocking) runs on that thread too meanwhile, so that file names and child
/// processes see that state. A goroutine that ends without unlocking takes the thread with it.
/// Threads of the runtime are started from one that nobody has locked.
///
/// The goroutine does not count to GOMAXPROCS while it is locked. Each of its waits costs two
/// switches between threads. Outside of goroutines the call does nothing.
///
/// With [`Migration::Pinned`] goroutines that had started on this thread before stay there, since
/// they never move: they run while this one waits.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// gort_runtime::run(|| {
///     let shared = Arc::new(Mutex::new(0));
///     let holder = gort_runtime::go({
///         let shared = Arc::clone(&shared);
///         move || {
///             gort_runtime::lock_os_thread();
///             let mut guard = shared.lock().unwrap(); // blocks, and is tied to, this thread
///             gort_runtime::gosched();
///             *guard += 1;
///         }
///     });
///     *shared.lock().unwrap() += 1;
///     holder.join().unwrap();
///     assert_eq!(*shared.lock().unwrap(), 2);
/// });
/// ```
#[doc(alias = "LockOSThread")]
pub fn lock_os_thread() {
    let Some(g) = crate::g::current() else {
        return;
    };
    g.flags.locked.set(g.flags.locked.get().saturating_add(1));
    let Some(worker) = this_worker() else { return };
    if g.flags.locked.get() > 1 {
        return;
    }
    let rt = runtime();
    // Now, while this thread is as clean as any.
    rt.start_template();
    if g.home() == NO_HOME {
        rt.bind(g, worker);
    }
    worker.lock_thread();
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
    let Some(g) = crate::g::current() else {
        return;
    };
    let locked = g.flags.locked.get();
    if locked == 0 {
        return;
    }
    g.flags.locked.set(locked - 1);
    let Some(worker) = this_worker() else { return };
    if locked == 1 {
        if runtime().config.migration != Migration::Pinned {
            runtime().unbind(g, worker);
        }
        worker.unlock_thread();
    }
}

/// Whether this code runs in a goroutine that has its thread for itself.
pub(crate) fn owns_thread() -> bool {
    crate::g::current().is_some_and(|g| g.flags.locked.get() > 0)
        && this_worker().is_some_and(|worker| worker.homes() == 1)
}
