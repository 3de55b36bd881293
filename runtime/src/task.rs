//! Who waits: a goroutine, an OS thread, or a future's waker. The API that channels and locks park and wake with.

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{RawWakerVTable, Waker};
use std::time::Instant;

use crate::bias::lock::RawLock;
use crate::claim::Claim;
use crate::g::{G, GRef};
use crate::here::Here;
use crate::parker::ThreadParker;
use crate::reason::WaitReason;
use crate::sched;
use crate::sched::spawn::Spawn;

/// Who waits. Made by the one who is about to [`park`], stored where a waker finds it, and used up by [`Task::ready`]. Dropping it
/// instead wakes nobody.
///
/// Two words, so that it travels in registers: an enum is copied through memory on its way from a waiter to `ready`, at odd
/// offsets, and each such copy waits for the stores before it.
pub struct Task {
    /// [`GOROUTINE`], [`THREAD`], or the table of a waker.
    how: NonNull<()>,
    /// The control block, the thread's parker, or the waker's data.
    whom: *const (),
}

/// Its address marks a task that is a goroutine; no waker's table lies there.
static GOROUTINE: u8 = 0;
/// Its address marks a task that is a thread.
static THREAD: u8 = 1;

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.goroutine() {
            Some(g) => write!(f, "Goroutine({})", g.id()),
            None if self.is_thread() => f.write_str("Thread"),
            None => f.write_str("Waker"),
        }
    }
}

// SAFETY: it is a `GRef`, an `Arc<ThreadParker>` or a `Waker`, and all of these may be sent and shared.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    /// The goroutine that runs this code, or this OS thread.
    #[inline]
    pub fn current() -> Task {
        // SAFETY: used at once.
        Task::current_here(unsafe { Here::ask() })
    }

    /// The same for one who has asked already.
    #[doc(hidden)]
    #[inline]
    pub fn current_here(here: Here) -> Task {
        let g = here.goroutine();
        if g.is_null() {
            Task {
                how: NonNull::from(&THREAD).cast(),
                whom: Arc::into_raw(crate::tls::thread_parker()).cast(),
            }
        } else {
            Task {
                how: NonNull::from(&GOROUTINE).cast(),
                whom: g,
            }
        }
    }

    /// A future: [`Task::ready`] wakes the waker. What that does is not ours: on a goroutine, and on a thread of the program, it is
    /// done in place; elsewhere a goroutine of its own does it, which may wait.
    pub fn from_waker(waker: Waker) -> Task {
        let waker = ManuallyDrop::new(waker);
        Task {
            how: NonNull::from(waker.vtable()).cast(),
            whom: waker.data(),
        }
    }

    #[inline(always)]
    fn is_goroutine(&self) -> bool {
        self.how == NonNull::from(&GOROUTINE).cast()
    }

    fn is_thread(&self) -> bool {
        self.how == NonNull::from(&THREAD).cast()
    }

    #[inline(always)]
    fn goroutine(&self) -> Option<GRef> {
        if self.is_goroutine() {
            // SAFETY: `current` stored the address of a control block.
            unsafe { GRef::from_ptr(self.whom.cast_mut().cast::<G>()) }
        } else {
            None
        }
    }

    /// Makes it runnable: the goroutine is queued, the thread unblocked, the waker woken.
    ///
    /// # Safety
    /// A task that was made by [`Task::current`]: whoever made it parks ([`park`] and its kin) after that, the commit of that park has
    /// made the task reachable (or this is the last thing that the commit does), and this is the only `ready` of any task for
    /// that park. Of a task that was made by [`Task::from_waker`] nothing is asked.
    ///
    /// ```compile_fail,E0133
    /// gort_runtime::Task::current().ready(); // nobody parks: the next wait would end before it began
    /// ```
    #[inline]
    pub unsafe fn ready(self) {
        // SAFETY: used once, before anything else happens; the rest by the caller.
        unsafe { self.ready_here(Here::ask()) };
    }

    /// The same for one who has asked already, and does not use the answer afterwards.
    ///
    /// # Safety
    /// As [`Task::ready`].
    #[doc(hidden)]
    #[inline]
    pub unsafe fn ready_here(self, here: Here) {
        match self.goroutine() {
            Some(g) => {
                // A goroutine's task owns nothing.
                std::mem::forget(self);
                sched::ready(here, g);
            }
            None => self.unblock(here),
        }
    }

    /// The same for a task that is no goroutine.
    #[inline(never)]
    fn unblock(self, here: Here) {
        if self.is_thread() {
            let parker = self.parker();
            std::mem::forget(self);
            return ManuallyDrop::into_inner(parker).wake_by_ref();
        }
        let waker = self.waker();
        std::mem::forget(self);
        let waker = ManuallyDrop::into_inner(waker);
        let in_place = if here.worker().is_some() {
            !here.goroutine().is_null()
        } else {
            !crate::tls::serves()
        };
        if in_place {
            waker.wake();
        } else {
            // Nobody takes the place of who runs this: it expires timers, or runs a commit.
            drop(Spawn::new().name("waker").go(move || waker.wake()));
        }
    }

    /// Drops what a task owns that is no goroutine. Out of line, so that a wait which ends is not copied to be dropped.
    #[cold]
    #[inline(never)]
    fn release(&mut self) {
        if self.is_thread() {
            drop(ManuallyDrop::into_inner(self.parker()));
        } else {
            drop(ManuallyDrop::into_inner(self.waker()));
        }
    }

    /// The parker of a task that is a thread. As [`Task::waker`].
    fn parker(&self) -> ManuallyDrop<Arc<ThreadParker>> {
        // SAFETY: `current` took the pointer out of such an `Arc`, and the task has its reference.
        ManuallyDrop::new(unsafe { Arc::from_raw(self.whom.cast()) })
    }

    /// The waker of a task that is neither. It still belongs to the task: who takes it out of the `ManuallyDrop` has to see to it
    /// that the task is not dropped too.
    fn waker(&self) -> ManuallyDrop<Waker> {
        // SAFETY: both parts came out of one waker in `from_waker`, which was forgotten there. A table is borrowed for `'static`.
        ManuallyDrop::new(unsafe { Waker::new(self.whom, self.how.cast::<RawWakerVTable>().as_ref()) })
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        if !self.is_goroutine() {
            self.release();
        }
    }
}

/// Switches away from the current goroutine (or blocks the current OS thread) until its [`Task`] is readied.
///
/// `commit` runs after the switch, on the worker's own stack: that is where the lock is released under which the task was
/// published, so that nobody can resume a goroutine that still runs. On an OS thread it runs in place.
///
/// # Safety
/// * Exactly one [`Task::ready`] happens for a task made by this goroutine or thread, and not before `commit` made the task
///   reachable for others.
/// * `commit` does not panic, block or park, and touches nothing on the parked stack after the release that lets a waker in.
#[inline(always)]
#[track_caller]
pub unsafe fn park<C: FnOnce()>(reason: WaitReason, commit: C) {
    let Some(g) = crate::g::current() else {
        // SAFETY: handed on.
        return unsafe { park_thread(commit, None) };
    };
    // SAFETY: handed on; it is the current goroutine.
    unsafe { sched::park::park_goroutine(g, reason, Location::caller(), commit) };
}

/// Like [`park`] with a commit that frees `lock`, which the caller holds. The commit needs nothing of the parked stack, and the lock says
/// what will be touched first when somebody comes to wake the goroutine.
///
/// # Safety
/// As [`park`]; and the caller holds the lock.
#[inline(always)]
#[track_caller]
pub unsafe fn park_holding(reason: WaitReason, lock: &RawLock) {
    let Some(g) = crate::g::current() else {
        // SAFETY: handed on; the lock is held.
        return unsafe { park_thread(|| lock.unlock(), None) };
    };
    // SAFETY: handed on; it is the current goroutine.
    unsafe { sched::park::park_goroutine_holding(g, reason, Location::caller(), lock) };
}

/// Like [`park`], but when `deadline` comes the timer tries to win `claim` with [`Claim::TIMEOUT`] and, if it does, readies
/// the task itself.
///
/// # Safety
/// As [`park`]; and every other waker wins `claim` before it readies the task.
#[track_caller]
pub unsafe fn park_until<C: FnOnce()>(reason: WaitReason, deadline: Instant, claim: &Claim, commit: C) {
    let Some(g) = GRef::current() else {
        // SAFETY: handed on.
        return unsafe { park_thread(commit, Some((deadline, claim))) };
    };
    // SAFETY: handed on; it is the current goroutine.
    unsafe { crate::timer::park_goroutine_until(g, reason, Location::caller(), deadline, claim, commit) };
}

/// Blocks this OS thread. With a deadline, the thread itself plays the timer.
///
/// # Safety
/// As [`park`].
unsafe fn park_thread<C: FnOnce()>(commit: C, limit: Option<(Instant, &Claim)>) {
    crate::tls::with_waiter(|waiter| {
        commit();
        match limit {
            None => waiter.wait(),
            Some((deadline, claim)) => {
                // Somebody else won in time: its `ready` is on the way.
                if !waiter.wait_until(deadline) && !claim.try_claim(Claim::TIMEOUT) {
                    waiter.wait();
                }
            }
        }
    });
}
