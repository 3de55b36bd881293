//! What stands in for the context switch and the spin lock, on loom's threads: `Task`, `park` and `SpinLock` under their names.
//!
//! `commit` runs in place, then the thread waits for its flag, so a `ready` that comes as soon as the commit has released its lock is
//! one of the orders that loom tries. The lock is loom's mutex, because a spin lock has endless executions.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::reason::WaitReason;

/// One wait of a thread.
#[derive(Debug)]
struct Flag {
    set: Mutex<bool>,
    wake: Condvar,
}

loom::thread_local! {
    static FLAG: Arc<Flag> = Arc::new(Flag { set: Mutex::new(false), wake: Condvar::new() });
}

/// Who waits.
#[derive(Debug)]
pub(crate) struct Task(Arc<Flag>);

impl Task {
    pub(crate) fn current() -> Task {
        Task(FLAG.with(Arc::clone))
    }

    /// Once per park: a second one is found out.
    ///
    /// # Safety
    /// As the real one.
    pub(crate) unsafe fn ready(self) {
        let before = std::mem::replace(&mut *self.0.set.lock().unwrap(), true);
        assert!(!before, "readied twice");
        self.0.wake.notify_one();
    }
}

/// Whether somebody has readied this thread although it does not wait: a `ready` too many.
pub(crate) fn was_readied() -> bool {
    FLAG.with(|flag| *flag.set.lock().unwrap())
}

/// # Safety
/// As the real one.
pub(crate) unsafe fn park(_reason: WaitReason, commit: impl FnOnce()) {
    commit();
    let flag = FLAG.with(Arc::clone);
    let mut set = flag.set.lock().unwrap();
    while !*set {
        set = flag.wake.wait(set).unwrap();
    }
    *set = false;
}

/// Others have their turn.
pub(crate) fn gosched() {
    loom::thread::yield_now();
}

/// Who has won a wait that several may end.
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

    pub(crate) fn winner(&self) -> Option<usize> {
        self.0.load(Ordering::Acquire).checked_sub(1)
    }
}

/// The time is up at once, unless somebody else claims the wait first.
///
/// # Safety
/// As the real one.
pub(crate) unsafe fn park_until(
    reason: WaitReason,
    _deadline: std::time::Instant,
    claim: &Claim,
    commit: impl FnOnce(),
) {
    commit();
    if !claim.try_claim(Claim::TIMEOUT) {
        // SAFETY: handed on; the winner readies this task.
        unsafe { park(reason, || ()) };
    }
}

/// A lock whose holder may be another stack than the one that took it.
pub(crate) struct SpinLock {
    mutex: Mutex<()>,
    guard: UnsafeCell<Option<MutexGuard<'static, ()>>>,
}

// SAFETY: `guard` is touched by the holder only.
unsafe impl Send for SpinLock {}
// SAFETY: as above.
unsafe impl Sync for SpinLock {}

impl SpinLock {
    pub(crate) fn new() -> SpinLock {
        SpinLock {
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
