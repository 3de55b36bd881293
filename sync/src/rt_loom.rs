//! The runtime's twin on loom's threads, for model checking: the names of [`rt`](crate::rt) without a scheduler.
//!
//! A thread parks on a flag of its own. `commit` runs in place, then the thread waits for the flag; a [`Task::ready`] that
//! comes in between is kept. A [`RawLock`] is loom's mutex, because a spin lock has endless executions.
#![allow(unsafe_code)]

use std::time::Instant;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
use loom::thread_local;

use gort_runtime::WaitReason;

#[derive(Debug)]
struct Parker {
    notified: Mutex<bool>,
    wake: Condvar,
}

thread_local! {
    static PARKER: Arc<Parker> = Arc::new(Parker { notified: Mutex::new(false), wake: Condvar::new() });
}

/// Who waits: a thread.
#[derive(Debug)]
pub(crate) struct Task(Arc<Parker>);

impl Task {
    pub(crate) fn current() -> Task {
        Task(PARKER.with(Arc::clone))
    }

    /// # Safety
    /// As the runtime's.
    pub(crate) unsafe fn ready(self) {
        let mut notified = self.0.notified.lock().unwrap();
        assert!(!*notified, "readied twice");
        *notified = true;
        self.0.wake.notify_one();
    }
}

/// Runs `commit`, then waits for [`Task::ready`].
///
/// # Safety
/// As the runtime's.
unsafe fn park(_reason: WaitReason, commit: impl FnOnce()) {
    commit();
    wait();
}

/// The thread that runs this code.
#[derive(Clone, Copy)]
pub(crate) struct Here;

impl Here {
    /// # Safety
    /// As the runtime's.
    pub(crate) unsafe fn ask() -> Here {
        Here
    }
}

/// Like [`park`] with a commit that frees `lock`.
///
/// # Safety
/// As [`park`]; and the caller holds the lock.
pub(crate) unsafe fn park_holding(_here: Here, reason: WaitReason, lock: &RawLock) {
    // SAFETY: handed on; the lock is held.
    unsafe { park(reason, || lock.unlock()) };
}

/// Like [`park`], with a timer that competes for `claim`: the thread plays it, at once. As the others run in every order
/// around that, it fires at every possible moment.
///
/// # Safety
/// As the runtime's.
pub(crate) unsafe fn park_until(
    _reason: WaitReason,
    _deadline: Instant,
    claim: &Claim,
    commit: impl FnOnce(),
) {
    commit();
    if !claim.try_claim(Claim::TIMEOUT) {
        wait();
    }
}

fn wait() {
    let parker = PARKER.with(Arc::clone);
    let mut notified = parker.notified.lock().unwrap();
    while !*notified {
        notified = parker.wake.wait(notified).unwrap();
    }
    *notified = false;
}

/// Lets others run.
pub(crate) fn gosched() {
    loom::thread::yield_now();
}

/// Which of several wakers has a waiter.
#[derive(Debug)]
pub(crate) struct Claim(AtomicUsize);

impl Claim {
    pub(crate) const TIMEOUT: usize = usize::MAX - 1;

    pub(crate) fn new() -> Claim {
        Claim(AtomicUsize::new(0))
    }

    pub(crate) fn try_claim(&self, winner: usize) -> bool {
        self.0
            .compare_exchange(0, winner + 1, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// A lock whose holder may be another thread than the one that took it.
#[derive(Debug)]
pub(crate) struct RawLock {
    mutex: Mutex<()>,
    /// Touched by the holder only.
    guard: UnsafeCell<Option<MutexGuard<'static, ()>>>,
}

// SAFETY: `guard` is touched between `lock` and `unlock` only, by the holder.
unsafe impl Send for RawLock {}
// SAFETY: as above.
unsafe impl Sync for RawLock {}

impl RawLock {
    pub(crate) fn new() -> RawLock {
        RawLock {
            mutex: Mutex::new(()),
            guard: UnsafeCell::new(None),
        }
    }

    pub(crate) fn lock(&self) {
        let guard = self.mutex.lock().unwrap();
        // SAFETY: only the lifetime changes; `unlock` drops the guard while the lock still exists.
        let guard: MutexGuard<'static, ()> = unsafe { std::mem::transmute(guard) };
        // SAFETY: the lock is held.
        self.guard.with_mut(|slot| unsafe { *slot = Some(guard) });
    }

    /// # Safety
    /// The caller holds the lock.
    pub(crate) unsafe fn unlock(&self) {
        // SAFETY: the lock is held.
        drop(self.guard.with_mut(|slot| unsafe { (*slot).take() }));
    }
}

/// Never: a spin is many executions of the same.
pub(crate) fn spinning_helps() -> bool {
    false
}

std::thread_local! {
    /// What [`longer_than`] says in this test's models: the real clock would make runs that do not repeat.
    pub(crate) static LONG: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// As [`LONG`] says.
pub(crate) fn longer_than(_start: Instant, _limit: std::time::Duration) -> bool {
    LONG.get()
}

/// Nobody explores schedules here but loom.
pub(crate) mod explore {
    pub(crate) use gort_runtime::explore::Op;

    pub(crate) fn point(_: Op, _: usize) {}

    pub(crate) fn point_handed_over(_: Op, _: usize) {}

    pub(crate) fn point_in_drop(_: Op, _: usize) {}

    pub(crate) fn glance(_: Op, _: usize) {}
}

pub(crate) fn now() -> Instant {
    Instant::now()
}
