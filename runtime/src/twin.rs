//! The runtime's twin on loom's threads, for the models of all crates: its names without a scheduler.
//!
//! Under `cfg(loom)` the seams of `channels`, of `sync` and of what is modelled here take these in the place of the real ones.
//!
//! A thread parks on a flag of its own. `commit` runs in place, then the thread waits for the flag; a [`Task::ready`] that
//! comes in between is therefore kept, and a second one is found out. A [`RawLock`] is loom's mutex, because a spin lock has endless executions.

use std::cell::Cell;
use std::fmt;
use std::task::Waker;
use std::time::Instant;

use loom::{
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread, thread_local,
};

pub use crate::claim::Claim;
use crate::reason::WaitReason;
use crate::shim::UnsafeCell;

/// One thread's flag.
#[derive(Debug)]
struct Parker {
    notified: Mutex<bool>,
    wake: Condvar,
}

thread_local! {
    /// Whether this thread's commits run beside it.
    static APART: Cell<bool> = Cell::new(false);
    static PARKER: Arc<Parker> = Arc::new(Parker { notified: Mutex::new(false), wake: Condvar::new() });
}

/// Which worker runs this code: there are none.
#[derive(Clone, Copy, Debug)]
pub struct Here;

impl Here {
    /// # Safety
    /// None here; the real one is not to be kept across a wait.
    pub unsafe fn ask() -> Here {
        Here
    }

    /// Loom needs runs that repeat, so there is no chance here.
    pub fn random_u32(self) -> u32 {
        0x5DEE_CE66
    }
}

/// Who waits.
pub struct Task(Kind);

enum Kind {
    Thread(Arc<Parker>),
    Waker(Waker),
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

impl Task {
    /// This thread.
    pub fn current() -> Task {
        Task(Kind::Thread(PARKER.with(Arc::clone)))
    }

    /// The same.
    pub fn current_here(_here: Here) -> Task {
        Task::current()
    }

    /// Lets it go on. Once per park.
    ///
    /// # Safety
    /// As the runtime's.
    pub unsafe fn ready_here(self, _here: Here) {
        // SAFETY: handed on.
        unsafe { self.ready() };
    }

    /// Whoever polls a future.
    pub fn from_waker(waker: Waker) -> Task {
        Task(Kind::Waker(waker))
    }

    /// Lets it go on. Once per park.
    ///
    /// # Safety
    /// As the runtime's.
    pub unsafe fn ready(self) {
        match self.0 {
            Kind::Thread(parker) => {
                let before = std::mem::replace(&mut *parker.notified.lock().unwrap(), true);
                assert!(!before, "readied twice");
                parker.wake.notify_one();
            }
            Kind::Waker(waker) => waker.wake(),
        }
    }
}

/// From now on the commits of this thread run on threads of their own, so that a commit may still be under way when the
/// task is readied and goes on: as on a worker's stack.
pub fn commit_apart() {
    APART.with(|apart| apart.set(true));
}

/// Runs `commit` on this thread, or on one of its own.
fn run_commit(commit: impl FnOnce()) {
    struct Anywhere(Box<dyn FnOnce()>);
    // SAFETY: what park asks of a commit is that it may run on another stack, also while this one goes on.
    unsafe impl Send for Anywhere {}
    impl Anywhere {
        fn run(self) {
            (self.0)();
        }
    }

    if !APART.with(Cell::get) {
        return commit();
    }
    let commit: Box<dyn FnOnce() + '_> = Box::new(commit);
    // SAFETY: as above: what it borrows is there until the release that lets a waker in, and not used after that.
    let commit: Box<dyn FnOnce()> = unsafe { std::mem::transmute(commit) };
    let commit = Anywhere(commit);
    // Not joined: it may be late.
    drop(thread::spawn(move || commit.run()));
}

/// Runs `commit`, then waits for [`Task::ready`].
///
/// # Safety
/// Exactly one `ready` per park, and not before `commit` published the task.
pub unsafe fn park(_reason: WaitReason, commit: impl FnOnce()) {
    run_commit(commit);
    wait();
}

/// Like [`park`]; reports are not modelled.
///
/// # Safety
/// As [`park`].
pub unsafe fn park_on(reason: WaitReason, _objects: *const [*const ()], commit: impl FnOnce()) {
    // SAFETY: by the caller.
    unsafe { park(reason, commit) };
}

/// Like [`park`] with a commit that frees `lock`.
///
/// # Safety
/// As [`park`], and the caller holds the lock.
pub unsafe fn park_holding(_here: Here, reason: WaitReason, lock: &RawLock) {
    // SAFETY: by the caller.
    unsafe { park(reason, || lock.unlock()) };
}

/// Like [`park`], with a timer that competes for `claim`.
///
/// The thread is its own timer: it tries the claim at once, and as its neighbours run in every order around
/// that, the timer fires at every possible moment.
///
/// # Safety
/// As [`park`], and a waker wins the claim before it calls `ready`.
pub unsafe fn park_until(_reason: WaitReason, deadline: Instant, claim: &Claim, commit: impl FnOnce()) {
    let _ = deadline;
    run_commit(commit);
    if !claim.try_claim(Claim::TIMEOUT) {
        wait();
    }
}

/// Whether somebody has readied this thread although it does not wait: a `ready` too many.
pub fn was_readied() -> bool {
    PARKER.with(|parker| *parker.notified.lock().unwrap())
}

/// Lets others run.
pub fn gosched() {
    thread::yield_now();
}

/// Waits for the flag, and takes it.
fn wait() {
    let parker = PARKER.with(Arc::clone);
    let mut notified = parker.notified.lock().unwrap();
    while !*notified {
        notified = parker.wake.wait(notified).unwrap();
    }
    *notified = false;
}

/// The runtime's own spin lock, which is no other here.
pub(crate) type SpinLock = RawLock;

/// A lock whose holder may be another stack than the one that took it.
pub struct RawLock {
    mutex: Mutex<()>,
    /// Written only by the holder.
    guard: UnsafeCell<Option<MutexGuard<'static, ()>>>,
    rank: usize,
}

/// The order in which locks are taken: by age, as addresses differ from one execution to the next.
pub fn lock_rank(lock: *const RawLock) -> usize {
    // SAFETY: a select ranks the locks of channels that it holds handles of.
    unsafe { (*lock).rank }
}

/// Not one of loom's: no part of any protocol.
static LOCKS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

// SAFETY: `guard` is touched only between `lock` and `unlock`, by the holder.
unsafe impl Send for RawLock {}
// SAFETY: as above.
unsafe impl Sync for RawLock {}

impl Default for RawLock {
    fn default() -> RawLock {
        RawLock::new()
    }
}

impl fmt::Debug for RawLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawLock")
    }
}

impl RawLock {
    /// An open lock.
    pub fn new() -> RawLock {
        RawLock {
            mutex: Mutex::new(()),
            guard: UnsafeCell::new(None),
            rank: LOCKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// Waits for the lock.
    pub fn lock(&self) {
        let guard = self.mutex.lock().unwrap();
        // SAFETY: only the lifetime changes; `unlock` drops the guard while the lock still exists.
        let guard: MutexGuard<'static, ()> = unsafe { std::mem::transmute(guard) };
        // SAFETY: the lock is held.
        self.guard.with_mut(|g| unsafe { *g = Some(guard) });
    }

    /// The same.
    pub fn lock_here(&self, _here: Here) {
        self.lock();
    }

    /// # Safety
    /// The caller holds the lock.
    pub unsafe fn unlock(&self) {
        // SAFETY: the lock is held.
        drop(self.guard.with_mut(|g| unsafe { (*g).take() }));
    }
}

/// Ends the caller.
pub fn end_goroutine(why: &'static str) -> ! {
    panic!("{why}")
}

/// Threads are preempted: nothing to do.
pub fn polled_in_vain() {}

/// Nobody explores schedules here but loom.
pub mod explore {
    /// What a goroutine does.
    #[derive(Clone, Copy, Debug)]
    pub struct Op;

    impl Op {
        pub const fn new(_: &str, _: &str) -> Op {
            Op
        }
    }

    pub fn is_under_way() -> bool {
        false
    }

    pub fn point(_: Op, _: usize) {}

    pub fn point_handed_over(_: Op, _: usize) {}

    pub fn point_in_drop(_: Op, _: usize) {}

    pub fn note_drop() {}

    pub fn glance(_: Op, _: usize) {}

    pub fn point_at_all(_: Op, _: impl Iterator<Item = usize>) {}

    pub fn is_explored() -> bool {
        false
    }

    pub fn bubble_here() -> u32 {
        0
    }

    pub fn enter(_: &[u32], _: &str) {}

    pub fn pick(_: usize) -> Option<usize> {
        None
    }
}

/// The time.
pub fn now() -> Instant {
    Instant::now()
}
