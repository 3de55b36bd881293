//! `Semaphore`: weighted, as golang.org/x/sync/semaphore.

use std::time::Duration;

use super::limit::Limit;
#[cfg(not(loom))]
use super::limit::until_done;
use super::rt::explore::{self, Op};
use super::rt::{WaitReason, const_unless_loom};
use super::wait_list::{Place, Queue, WaitList, Wake};
#[cfg(not(loom))]
use crate::rt::RecvFrom;

const ACQUIRE: Op = Op::new("acquire", "semaphore");
const TRY_ACQUIRE: Op = Op::new("try_acquire", "semaphore");
const RELEASE: Op = Op::new("release", "semaphore");
const AVAILABLE: Op = Op::new("available", "semaphore");

/// A weighted semaphore: users take as many of its permits as they need, and wait in line for them.
///
/// First come, first served: one that asks for much is not overtaken by those behind it that ask for little, even if there
/// would be enough for them.
///
/// [`acquire`](Semaphore::acquire) and [`release`](Semaphore::release) are Go's; [`permit`](Semaphore::permit) gives a guard that
/// releases when it is dropped, also by a panic. Permits taken by `acquire` are not given back by a panic.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::Semaphore;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let sem = Arc::new(Semaphore::new(3));
///     sem.acquire(2);
///     assert!(!sem.try_acquire(2));
///     let handle = go!([sem] { let _permit = sem.permit(2); "done" });
///     sem.release(2);
///     assert_eq!(handle.join().unwrap(), "done");
///     assert_eq!(sem.available(), 3);
/// });
/// ```
#[doc(alias = "Weighted")]
#[doc(alias = "NewWeighted")]
#[derive(Debug)]
pub struct Semaphore {
    size: usize,
    /// The state is the number of permits taken.
    taken: WaitList<usize>,
    /// Those who ask for more than there is, and keep nobody else waiting.
    hopeless: WaitList<()>,
}

impl Semaphore {
    const_unless_loom! {
        /// One with `size` permits.
        ///
        /// ```
        /// assert_eq!(gort::sync::Semaphore::new(3).available(), 3);
        /// ```
        pub fn new(size: usize) -> Semaphore {
            Semaphore { size, taken: WaitList::new(0), hopeless: WaitList::new(()) }
        }
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// assert_eq!(gort::sync::Semaphore::named("slots", 3).available(), 3);
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>, size: usize) -> Semaphore {
        let name = name.into();
        let named = Semaphore::new(size);
        named.taken.label().set(name.clone());
        named.hopeless.label().set(name);
        named
    }

    /// Takes `n` permits, waiting in line for them. For more than the semaphore has it waits for ever (but holds up nobody).
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// sem.acquire(2);
    /// assert!(!sem.try_acquire(1));
    /// sem.release(2);
    /// ```
    #[doc(alias = "Acquire")]
    #[track_caller]
    pub fn acquire(&self, n: usize) {
        self.acquire_limited(n, &Limit::Never);
    }

    /// Takes `n` permits if there are so many and nobody waits in line.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// assert!(sem.try_acquire(2) && !sem.try_acquire(1));
    /// ```
    #[doc(alias = "TryAcquire")]
    #[must_use = "it says whether the permits were taken"]
    #[track_caller]
    pub fn try_acquire(&self, n: usize) -> bool {
        explore::point(TRY_ACQUIRE, self.address());
        self.taken
            .lock()
            .with(|queue, taken| queue.is_empty() && self.take(taken, n))
    }

    /// Takes `n` permits; gives up after `timeout`, taking none. Those behind it then go on if there is enough for them.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let sem = gort::sync::Semaphore::new(2);
    /// assert!(sem.acquire_timeout(2, Duration::from_millis(1)));
    /// assert!(!sem.acquire_timeout(1, Duration::from_millis(1)));
    /// ```
    #[must_use = "it says whether the permits were taken"]
    #[track_caller]
    pub fn acquire_timeout(&self, n: usize, timeout: Duration) -> bool {
        self.try_acquire(n) || self.acquire_limited(n, &Limit::after(timeout))
    }

    /// Takes `n` permits; gives up when a value comes from `done`, or when it is closed.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let sem = gort::sync::Semaphore::new(2);
    /// let done = chan!(());
    /// assert!(sem.acquire_or(2, &done));
    /// done.close();
    /// assert!(!sem.acquire_or(1, &done));
    /// ```
    #[must_use = "it says whether the permits were taken"]
    #[cfg(not(loom))]
    #[track_caller]
    pub fn acquire_or(&self, n: usize, done: &impl RecvFrom) -> bool {
        self.try_acquire(n)
            || until_done(done, |limit| {
                let acquired = self.acquire_limited(n, limit);
                if acquired && limit.has_come() {
                    self.release(n);
                }
                acquired && !limit.has_come()
            })
    }

    /// As [`acquire`](Semaphore::acquire), with a guard that releases.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// let permit = sem.permit(2);
    /// assert_eq!(sem.available(), 0);
    /// drop(permit);
    /// assert_eq!(sem.available(), 2);
    /// ```
    #[track_caller]
    pub fn permit(&self, n: usize) -> SemaphorePermit<'_> {
        self.acquire(n);
        SemaphorePermit { semaphore: self, n }
    }

    /// As [`try_acquire`](Semaphore::try_acquire), with a guard that releases.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// let permit = sem.try_permit(2).unwrap();
    /// assert!(sem.try_permit(1).is_none());
    /// ```
    #[track_caller]
    pub fn try_permit(&self, n: usize) -> Option<SemaphorePermit<'_>> {
        self.try_acquire(n)
            .then(|| SemaphorePermit { semaphore: self, n })
    }

    /// Gives `n` permits back; those in line go on as far as there is enough for them.
    ///
    /// # Panics
    /// `semaphore: released more than held`, and gives nothing back.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// sem.acquire(1);
    /// sem.release(1);
    /// assert_eq!(sem.available(), 2);
    /// ```
    #[doc(alias = "Release")]
    #[track_caller]
    pub fn release(&self, n: usize) {
        explore::point(RELEASE, self.address());
        let held = self.taken.lock().finish(|queue, taken, wake| {
            let rest = taken.checked_sub(n)?;
            *taken = rest;
            self.serve(queue, taken, wake);
            Some(())
        });
        if held.is_none() {
            panic!("semaphore: released more than held");
        }
    }

    /// How many permits are free now.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// sem.acquire(1);
    /// assert_eq!(sem.available(), 1);
    /// ```
    #[track_caller]
    pub fn available(&self) -> usize {
        explore::glance(AVAILABLE, self.address());
        self.taken.lock().with(|_, taken| self.size - *taken)
    }

    /// What those ask for who wait now, in line.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> Vec<usize> {
        self.taken.waiting()
    }

    /// For whoever explores schedules: which one it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    #[track_caller]
    fn acquire_limited(&self, n: usize, limit: &Limit<'_>) -> bool {
        match limit {
            Limit::Never => explore::point_handed_over(ACQUIRE, self.address()),
            _ => explore::point(ACQUIRE, self.address()),
        }
        let reason = WaitReason::SemaphoreAcquire;
        if n > self.size {
            return self.hopeless.lock().wait(Place::Back, 0, reason, limit).is_ok();
        }
        let mut held = self.taken.lock();
        if held.with(|queue, taken| queue.is_empty() && self.take(taken, n)) {
            return true;
        }
        let Err(held) = held.wait(Place::Back, n, reason, limit) else {
            return true;
        };
        // It may have been the one that held up the line.
        held.finish(|queue, taken, wake| self.serve(queue, taken, wake));
        false
    }

    fn take(&self, taken: &mut usize, n: usize) -> bool {
        let fits = n <= self.size - *taken;
        if fits {
            *taken += n;
        }
        fits
    }

    /// Grants in line, as long as there is enough for the next.
    fn serve(&self, queue: &mut Queue, taken: &mut usize, wake: &mut Wake) {
        while let Some(n) = queue.first_weight()
            && n <= self.size - *taken
        {
            if queue.grant_next(wake) {
                *taken += n;
            }
        }
    }
}

/// Permits that are given back when this is dropped; see [`Semaphore::permit`].
///
/// ```
/// let sem = gort::sync::Semaphore::new(2);
/// let permit = sem.permit(1);
/// assert_eq!(sem.available(), 1);
/// drop(permit);
/// assert_eq!(sem.available(), 2);
/// ```
#[must_use = "the permits are given back as soon as this is dropped"]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    n: usize,
}

impl SemaphorePermit<'_> {
    /// How many permits it stands for.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// assert_eq!(sem.permit(2).count(), 2);
    /// ```
    pub fn count(&self) -> usize {
        self.n
    }

    /// Keeps the permits taken: for a later [`Semaphore::release`] elsewhere.
    ///
    /// ```
    /// let sem = gort::sync::Semaphore::new(2);
    /// sem.permit(2).forget();
    /// assert_eq!(sem.available(), 0);
    /// ```
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.release(self.n);
    }
}
