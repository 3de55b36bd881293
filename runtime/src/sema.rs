//! A counting semaphore for goroutines, first come first served: what the locks of the facade wait
//! on.
//!
//! A release passes its permit straight to the first waiter, so a permit is never free while
//! somebody waits.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

#[cfg(not(loom))]
use crate::g::task::Task;
#[cfg(not(loom))]
use crate::lock::SpinLock;
use crate::reason::WaitReason;
#[cfg(not(loom))]
use crate::sched::park::park;
#[cfg(loom)]
use crate::twin::{SpinLock, Task, park};

/// Where a waiter gets in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Behind everybody.
    Back,
    /// In front: for one that has waited before and lost a race.
    Front,
}

/// A counting semaphore. Waiting parks the goroutine (or blocks the OS thread).
///
/// ```
/// use gort_runtime::{Sema, SemaPlace, WaitReason};
///
/// let sema = Sema::new(1);
/// sema.acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
/// assert!(!sema.try_acquire());
/// sema.release();
/// assert!(sema.try_acquire());
/// ```
pub struct Sema {
    lock: SpinLock,
    state: UnsafeCell<State>,
}

struct State {
    permits: usize,
    first: Option<NonNull<Waiter>>,
    last: Option<NonNull<Waiter>>,
}

/// On the stack of the waiting goroutine; reachable from the queue until it is taken out, under the
/// lock.
struct Waiter {
    task: Option<Task>,
    next: Option<NonNull<Waiter>>,
}

// SAFETY: the state is touched under the lock only.
unsafe impl Sync for Sema {}
// SAFETY: the waiters it points to are only touched under the lock; their tasks are `Send`.
unsafe impl Send for Sema {}

impl std::fmt::Debug for Sema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sema").finish_non_exhaustive()
    }
}

impl Sema {
    /// A semaphore with `permits` permits.
    #[cfg(not(loom))]
    pub const fn new(permits: usize) -> Sema {
        Sema {
            lock: SpinLock::new(),
            state: UnsafeCell::new(State::new(permits)),
        }
    }

    /// Loom's locks cannot be made by constant functions.
    #[cfg(loom)]
    pub fn new(permits: usize) -> Sema {
        Sema {
            lock: SpinLock::new(),
            state: UnsafeCell::new(State::new(permits)),
        }
    }

    /// Takes a permit if one is free.
    pub fn try_acquire(&self) -> bool {
        self.lock.lock();
        // SAFETY: under the lock.
        let state = unsafe { &mut *self.state.get() };
        let free = state.permits > 0;
        if free {
            state.permits -= 1;
        }
        // SAFETY: taken above.
        unsafe { self.lock.unlock() };
        free
    }

    /// Takes a permit, waiting in line until there is one.
    #[track_caller]
    pub fn acquire(&self, reason: WaitReason, place: Place) {
        self.lock.lock();
        // SAFETY: under the lock.
        let state = unsafe { &mut *self.state.get() };
        if state.permits > 0 {
            state.permits -= 1;
            // SAFETY: taken above.
            return unsafe { self.lock.unlock() };
        }
        let mut waiter = Waiter {
            task: Some(Task::current()),
            next: None,
        };
        state.enqueue(NonNull::from(&mut waiter), place);
        // SAFETY: the task was published under the lock, which the commit releases; `release` takes
        // it out under the lock and readies it once. Nothing here touches `waiter` again.
        unsafe { park(reason, || self.lock.unlock()) };
    }

    /// Gives a permit back, or straight to the first waiter.
    pub fn release(&self) {
        self.lock.lock();
        // SAFETY: under the lock.
        let state = unsafe { &mut *self.state.get() };
        let task = state.dequeue();
        if task.is_none() {
            state.permits += 1;
        }
        // SAFETY: taken above.
        unsafe { self.lock.unlock() };
        if let Some(task) = task {
            // SAFETY: taken out of the queue, once, under the lock that the commit of its park
            // released.
            unsafe { task.ready() };
        }
    }
}

impl State {
    const fn new(permits: usize) -> State {
        State {
            permits,
            first: None,
            last: None,
        }
    }

    fn enqueue(&mut self, mut waiter: NonNull<Waiter>, place: Place) {
        match (place, self.first, self.last) {
            (_, None, _) | (_, _, None) => {
                self.first = Some(waiter);
                self.last = Some(waiter);
            }
            (Place::Back, _, Some(mut last)) => {
                // SAFETY: whoever is in the queue is parked, and its frame is alive.
                unsafe { last.as_mut() }.next = Some(waiter);
                self.last = Some(waiter);
            }
            (Place::Front, Some(first), _) => {
                // SAFETY: the caller's own waiter, on its own stack.
                unsafe { waiter.as_mut() }.next = Some(first);
                self.first = Some(waiter);
            }
        }
    }

    fn dequeue(&mut self) -> Option<Task> {
        let mut first = self.first?;
        // SAFETY: in the queue, hence parked and alive; it stays so until its task is readied,
        // after the lock is released.
        let waiter = unsafe { first.as_mut() };
        self.first = waiter.next;
        if self.first.is_none() {
            self.last = None;
        }
        waiter.task.take()
    }
}
