//! `Mutex`: the lock itself. Whose turn it is lies in `state`.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::guard::{Key, Relock, UnlockedWithoutGuard};
use super::limit::Limit;
#[cfg(not(loom))]
use super::limit::until_done;
use super::rt::{WaitReason, const_unless_loom};
#[cfg(not(loom))]
use crate::rt::RecvFrom;

mod mapped;
#[cfg(not(loom))]
mod owned;
mod state;

pub use mapped::MappedMutexGuard;
#[cfg(not(loom))]
pub use owned::OwnedMutexGuard;
pub(super) use state::State;

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
#[repr(C)]
pub struct Mutex<T: ?Sized> {
    state: State,
    value: UnsafeCell<T>,
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
            Mutex { state: State::new(), value: UnsafeCell::new(value) }
        }
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// let accounts = gort::sync::Mutex::named("accounts", 7);
    /// assert_eq!(*accounts.lock(), 7);
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>, value: T) -> Mutex<T> {
        let name = name.into();
        let named = Mutex::new(value);
        named.state.label().set(name);
        named
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
            self.state.lock_slow(WaitReason::MutexLock, &Limit::Never);
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
    #[track_caller]
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
        let locked = self.state.try_lock_free()
            || self
                .state
                .lock_slow(WaitReason::MutexLock, &Limit::after(timeout));
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
                let locked = self.state.lock_slow(WaitReason::MutexLock, limit);
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
        self.state.at_rest()
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

    /// Go's `mu.Unlock()`, which says what to write instead.
    ///
    /// ```compile_fail,E0277
    /// let lock = gort::sync::Mutex::new(1);
    /// lock.unlock();
    /// ```
    #[doc(hidden)]
    pub fn unlock(&self)
    where
        Self: UnlockedWithoutGuard,
    {
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
    fn unlock_to_wait(&self, _: Key) {
        self.mutex.state.unlock();
    }

    fn lock_again(&self, _: Key) {
        if !self.mutex.state.try_lock_free() {
            self.mutex.state.lock_slow(WaitReason::MutexLock, &Limit::Never);
        }
    }
}
