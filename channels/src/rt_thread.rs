//! The runtime's twin on loom's threads: the names of [`rt`](crate::rt) without a scheduler, for model checking.
//!
//! A thread parks on a flag of its own. `commit` runs in place, then the thread waits for the flag; a [`Task::ready`] that
//! comes in between is therefore kept. A [`RawLock`] is loom's mutex, because a spin lock has endless executions.

use std::cell::Cell;
use std::fmt;
use std::task::Waker;
use std::time::Instant;

use loom::{
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread, thread_local,
};

use crate::shim::{AtomicUsize, Ordering, UnsafeCell};

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
    pub(crate) unsafe fn ask() -> Here {
        Here
    }

    /// Loom needs runs that repeat, so there is no chance here.
    pub(crate) fn random_u32(self) -> u32 {
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
    pub(crate) fn current_here(_here: Here) -> Task {
        Task::current()
    }

    /// Lets it go on. Once per park.
    ///
    /// # Safety
    /// As the runtime's.
    pub(crate) unsafe fn ready_here(self, _here: Here) {
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
                *parker.notified.lock().unwrap() = true;
                parker.wake.notify_one();
            }
            Kind::Waker(waker) => waker.wake(),
        }
    }
}

/// What a parked task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum WaitReason {
    ChanReceive,
    ChanSend,
    ChanReceiveNil,
    ChanSendNil,
    Select,
    SelectNoCases,
}

/// From now on the commits of this thread run on threads of their own, so that a commit may still be under way when the
/// task is readied and goes on: as on a worker's stack.
#[cfg(test)]
pub(crate) fn commit_apart() {
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
pub(crate) unsafe fn park(_reason: WaitReason, commit: impl FnOnce()) {
    run_commit(commit);
    wait();
}

/// Like [`park`] with a commit that frees `lock`.
///
/// # Safety
/// As [`park`], and the caller holds the lock.
pub(crate) unsafe fn park_holding(_here: Here, reason: WaitReason, lock: &RawLock) {
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
pub(crate) unsafe fn park_until(
    _reason: WaitReason,
    deadline: Instant,
    claim: &Claim,
    commit: impl FnOnce(),
) {
    let _ = deadline;
    run_commit(commit);
    if !claim.try_claim(Claim::TIMEOUT) {
        wait();
    }
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

/// Which of several wakers has a waiter.
#[derive(Debug)]
pub(crate) struct Claim(AtomicUsize);

impl Claim {
    /// The timer's winner.
    pub(crate) const TIMEOUT: usize = usize::MAX;

    /// Open to all.
    pub(crate) fn new() -> Claim {
        Claim(AtomicUsize::new(0))
    }

    /// True for the first only.
    pub(crate) fn try_claim(&self, winner: usize) -> bool {
        self.0
            .compare_exchange(0, winner, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Who was first.
    pub(crate) fn winner(&self) -> Option<usize> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            winner => Some(winner),
        }
    }
}

/// A lock whose holder may be another stack than the one that took it.
pub struct RawLock {
    mutex: Mutex<()>,
    /// Written only by the holder.
    guard: UnsafeCell<Option<MutexGuard<'static, ()>>>,
    rank: usize,
}

/// The order in which locks are taken: by age, as addresses differ from one execution to the next.
pub(crate) fn lock_rank(lock: *const RawLock) -> usize {
    // SAFETY: a select ranks the locks of channels that it holds handles of.
    unsafe { (*lock).rank }
}

/// Not one of loom's: no part of any protocol.
static LOCKS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

// SAFETY: `guard` is touched only between `lock` and `unlock`, by the holder.
unsafe impl Send for RawLock {}
// SAFETY: as above.
unsafe impl Sync for RawLock {}

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
            rank: LOCKS.fetch_add(1, Ordering::Relaxed),
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
    pub(crate) fn lock_here(&self, _here: Here) {
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
pub(crate) fn end_goroutine(why: &'static str) -> ! {
    panic!("{why}")
}

/// Threads are preempted: nothing to do.
pub(crate) fn polled_in_vain() {}

/// Nobody explores schedules here but loom.
pub(crate) mod explore {
    #[derive(Clone, Copy)]
    pub(crate) struct Op;

    impl Op {
        pub(crate) const fn new(_: &str, _: &str) -> Op {
            Op
        }
    }

    pub(crate) fn is_under_way() -> bool {
        false
    }

    pub(crate) fn point(_: Op, _: usize) {}

    pub(crate) fn point_handed_over(_: Op, _: usize) {}

    pub(crate) fn point_in_drop(_: Op, _: usize) {}

    pub(crate) fn note_drop() {}

    pub(crate) fn glance(_: Op, _: usize) {}

    pub(crate) fn point_at_all(_: Op, _: impl Iterator<Item = usize>) {}

    pub(crate) fn is_explored() -> bool {
        false
    }

    pub(crate) fn pick(_: usize) -> Option<usize> {
        None
    }
}

pub(crate) fn now() -> Instant {
    Instant::now()
}
