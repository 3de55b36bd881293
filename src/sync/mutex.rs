//! `Mutex`: Go's algorithm. In normal mode an unlocked mutex goes to whoever comes first, which is fast; a waiter that has
//! lost for 1 ms switches it to starvation mode, in which it is handed over in line, so that nobody starves.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use super::guard::{Key, Relock};
use super::limit::Limit;
#[cfg(not(loom))]
use super::limit::until_done;
use super::rt::{self, AtomicU32, Ordering, WaitReason, const_unless_loom};
use super::sema::Sema;
use super::wait_list::Place;
#[cfg(not(loom))]
use crate::__private::RecvFrom;

mod mapped;

pub use mapped::MappedMutexGuard;

const LOCKED: u32 = 1;
/// A waiter is awake and tries: an unlock need not wake another.
const WOKEN: u32 = 2;
const STARVING: u32 = 4;
const WAITER: u32 = 8;
/// Waiting longer than this makes a waiter starving.
const STARVATION: Duration = Duration::from_millis(1);
/// Rounds of spinning while the owner is probably about to unlock, and pauses in each.
const SPINS: u32 = 4;
const PAUSES: u32 = 30;

/// A mutual exclusion lock for goroutines. Waiting parks the goroutine.
///
/// No poisoning: a panic while it is held unlocks it, as `defer mu.Unlock()` does in Go. Not re-entrant. The guard may be
/// sent to another goroutine and dropped there.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::Mutex;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let count = Arc::new(Mutex::new(0));
///     let handles: Vec<_> = (0..10).map(|_| go!([count] { *count.lock() += 1 })).collect();
///     handles.into_iter().for_each(|handle| handle.join().unwrap());
///     assert_eq!(*count.lock(), 10);
/// });
/// ```
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    state: State,
    value: UnsafeCell<T>,
}

struct State {
    word: AtomicU32,
    sema: Sema,
}

impl Default for State {
    fn default() -> State {
        State {
            word: AtomicU32::new(0),
            sema: Sema::new(),
        }
    }
}

// SAFETY: the value is reached through a guard only, of which there is one at a time.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}
// SAFETY: a mutex owns its value.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}

impl<T> Mutex<T> {
    const_unless_loom! {
        /// An unlocked mutex.
        ///
        /// ```
        /// static TOTAL: gort::sync::Mutex<u32> = gort::sync::Mutex::new(0);
        ///
        /// *TOTAL.lock() += 1;
        /// assert_eq!(*TOTAL.lock(), 1);
        /// ```
        pub fn new(value: T) -> Mutex<T> {
            let state = State { word: AtomicU32::new(0), sema: Sema::new() };
            Mutex { state, value: UnsafeCell::new(value) }
        }
    }

    /// Gives the value.
    ///
    /// ```
    /// assert_eq!(gort::sync::Mutex::new(7).into_inner(), 7);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks; waits if it is locked. Locking it twice in one goroutine waits for ever.
    ///
    /// ```
    /// let mutex = gort::sync::Mutex::new(vec![1]);
    /// mutex.lock().push(2);
    /// assert_eq!(*mutex.lock(), [1, 2]);
    /// ```
    #[doc(alias = "Lock")]
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        if !self.state.try_lock_free() {
            self.state.lock_slow(&Limit::Never);
        }
        MutexGuard {
            mutex: self,
            not_auto: PhantomData,
        }
    }

    /// Locks if that needs no waiting.
    ///
    /// ```
    /// let mutex = gort::sync::Mutex::new(1);
    /// let guard = mutex.lock();
    /// assert!(mutex.try_lock().is_none());
    /// drop(guard);
    /// assert!(mutex.try_lock().is_some());
    /// ```
    #[doc(alias = "TryLock")]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.state.try_lock().then(|| MutexGuard {
            mutex: self,
            not_auto: PhantomData,
        })
    }

    /// Locks; gives up after `timeout`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mutex = gort::sync::Mutex::new(1);
    /// let guard = mutex.lock();
    /// assert!(mutex.lock_timeout(Duration::from_millis(1)).is_none());
    /// drop(guard);
    /// assert!(mutex.lock_timeout(Duration::from_millis(1)).is_some());
    /// ```
    #[doc(alias = "try_lock_for")]
    #[track_caller]
    pub fn lock_timeout(&self, timeout: Duration) -> Option<MutexGuard<'_, T>> {
        let locked = self.state.try_lock_free() || self.state.lock_slow(&Limit::after(timeout));
        locked.then(|| MutexGuard {
            mutex: self,
            not_auto: PhantomData,
        })
    }

    /// Locks; gives up when a value comes from `done`, or when it is closed.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let mutex = gort::sync::Mutex::new(1);
    /// let done = chan!(());
    /// let guard = mutex.lock();
    /// done.close();
    /// assert!(mutex.lock_or(&done).is_none());
    /// ```
    #[cfg(not(loom))]
    #[track_caller]
    pub fn lock_or(&self, done: &impl RecvFrom) -> Option<MutexGuard<'_, T>> {
        let locked = self.state.try_lock_free()
            || until_done(done, |limit| {
                let locked = self.state.lock_slow(limit);
                if locked && limit.has_come() {
                    self.state.unlock();
                }
                locked && !limit.has_come()
            });
        locked.then(|| MutexGuard {
            mutex: self,
            not_auto: PhantomData,
        })
    }

    /// Whether it is free and nothing is left of those who waited.
    #[cfg(all(test, loom))]
    pub(super) fn at_rest(&self) -> bool {
        self.state.word.load(Ordering::Relaxed) == 0 && !self.state.sema.try_acquire()
    }

    /// The value, without locking: the exclusive borrow is proof enough.
    ///
    /// ```
    /// let mut mutex = gort::sync::Mutex::new(1);
    /// *mutex.get_mut() += 1;
    /// assert_eq!(mutex.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl State {
    #[inline]
    fn try_lock_free(&self) -> bool {
        // Acquire pairs with the release in `unlock`.
        self.word
            .compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    fn try_lock(&self) -> bool {
        let old = self.word.load(Ordering::Relaxed);
        old & (LOCKED | STARVING) == 0
            && self
                .word
                .compare_exchange(old, old | LOCKED, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    #[cold]
    #[track_caller]
    fn lock_slow(&self, limit: &Limit<'_>) -> bool {
        let mut waiting_since: Option<Instant> = None;
        let mut starving = false;
        let mut awoke = false;
        let mut spins = 0;
        let mut old = self.word.load(Ordering::Relaxed);
        loop {
            // In starvation mode the mutex is handed to a waiter: a newcomer could not get it by spinning.
            if old & (LOCKED | STARVING) == LOCKED && spins < SPINS && rt::spinning_helps() {
                let tell = !awoke && old & WOKEN == 0 && old >= WAITER;
                if tell
                    && self
                        .word
                        .compare_exchange(old, old | WOKEN, Ordering::Relaxed, Ordering::Relaxed)
                        .is_ok()
                {
                    awoke = true;
                }
                (0..PAUSES).for_each(|_| std::hint::spin_loop());
                spins += 1;
                old = self.word.load(Ordering::Relaxed);
                continue;
            }
            let mut new = old;
            if old & STARVING == 0 {
                new |= LOCKED;
            }
            if old & (LOCKED | STARVING) != 0 {
                new += WAITER;
            }
            if starving && old & LOCKED != 0 {
                new |= STARVING;
            }
            if awoke {
                new &= !WOKEN;
            }
            if let Err(seen) = self
                .word
                .compare_exchange(old, new, Ordering::Acquire, Ordering::Relaxed)
            {
                old = seen;
                continue;
            }
            if old & (LOCKED | STARVING) == 0 {
                return true;
            }
            // One that has waited before goes to the front of the line.
            let place = if waiting_since.is_some() {
                Place::Front
            } else {
                Place::Back
            };
            let since = *waiting_since.get_or_insert_with(Instant::now);
            if !self.sema.acquire(WaitReason::MutexLock, place, limit) {
                return self.give_up();
            }
            starving |= rt::longer_than(since, STARVATION);
            old = self.word.load(Ordering::Relaxed);
            if old & STARVING != 0 {
                // Handed over: LOCKED is not set and this waiter is still counted. The permit's lock ordered it.
                let leave_mode = !starving || old / WAITER == 1;
                let change = LOCKED
                    .wrapping_sub(WAITER)
                    .wrapping_sub(if leave_mode { STARVING } else { 0 });
                self.word.fetch_add(change, Ordering::Acquire);
                return true;
            }
            awoke = true;
            spins = 0;
        }
    }

    /// Ends the wait of one that is counted as a waiter, and whose time ran out before it got a permit. `true` if it got the
    /// lock after all.
    ///
    /// An unlock that counted a waiter off (or hands over, in starvation mode) releases a permit a moment later. If it may be
    /// that the only waiter left to take it is this one, it has to be awaited.
    #[cold]
    fn give_up(&self) -> bool {
        loop {
            if self.sema.try_acquire() {
                return self.last_try();
            }
            let old = self.word.load(Ordering::Relaxed);
            let handing_over = old & (LOCKED | STARVING) == STARVING;
            if old < WAITER || handing_over && old / WAITER == 1 {
                rt::gosched();
                continue;
            }
            // Starvation mode ends with the last waiter.
            let left = old - WAITER;
            let new = if left < WAITER { left & !STARVING } else { left };
            if self
                .word
                .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                return false;
            }
        }
    }

    /// Locks with a permit, if it does not have to wait again.
    fn last_try(&self) -> bool {
        let mut old = self.word.load(Ordering::Relaxed);
        loop {
            let (new, locked) = if old & STARVING != 0 {
                // Handed over, as in `lock_slow`; a waiter without patience leaves the mode.
                (((old - WAITER) | LOCKED) & !STARVING, true)
            } else if old & LOCKED == 0 {
                ((old | LOCKED) & !WOKEN, true)
            } else {
                // The owner's unlock will wake the next.
                (old & !WOKEN, false)
            };
            match self
                .word
                .compare_exchange(old, new, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return locked,
                Err(seen) => old = seen,
            }
        }
    }

    #[inline]
    fn unlock(&self) {
        // Release pairs with the acquire of whoever locks next.
        let new = self.word.fetch_sub(LOCKED, Ordering::Release) - LOCKED;
        if new != 0 {
            self.unlock_slow(new);
        }
    }

    #[cold]
    fn unlock_slow(&self, mut old: u32) {
        if old & STARVING != 0 {
            // LOCKED stays clear, but STARVING keeps newcomers off until the waiter has taken over.
            return self.sema.release(1);
        }
        loop {
            if old < WAITER || old & (LOCKED | WOKEN | STARVING) != 0 {
                return;
            }
            let new = (old - WAITER) | WOKEN;
            match self
                .word
                .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return self.sema.release(1),
                Err(seen) => old = seen,
            }
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            Some(guard) => f.debug_tuple("Mutex").field(&&*guard).finish(),
            None => f.write_str("Mutex(<locked>)"),
        }
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

/// Access to what a [`Mutex`] guards; dropping it unlocks.
///
/// ```
/// use gort::sync::{Mutex, MutexGuard};
///
/// let mutex = Mutex::new(1);
/// let mut guard: MutexGuard<'_, i32> = mutex.lock();
/// *guard += 1;
/// drop(guard);
/// assert_eq!(*mutex.lock(), 2);
/// ```
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// `&Mutex<T>` alone would make the guard `Sync` for a `T` that is only `Send`.
    not_auto: PhantomData<&'a mut T>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the lock's only holder.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the lock's only holder, and it is borrowed exclusively.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.state.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Relock for MutexGuard<'_, T> {
    fn unlock(&self, _: Key) {
        self.mutex.state.unlock();
    }

    fn relock(&self, _: Key) {
        if !self.mutex.state.try_lock_free() {
            self.mutex.state.lock_slow(&Limit::Never);
        }
    }
}
