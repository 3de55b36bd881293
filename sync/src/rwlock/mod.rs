//! `RwLock`: the lock itself. Who holds it and whose turn it is lies in `state`, the guards in `guards`.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::time::Duration;

use super::guard::UnlockedWithoutGuard;
use super::limit::Limit;
#[cfg(not(loom))]
use super::limit::until_done;
use super::rt::const_unless_loom;
#[cfg(not(loom))]
use crate::rt::RecvFrom;

mod guards;
#[cfg(not(loom))]
mod owned;
mod state;

pub use guards::{MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard};
#[cfg(not(loom))]
pub use owned::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub(super) use state::State;

/// A lock for goroutines that many readers or one writer may hold. Waiting parks the goroutine.
///
/// A waiting writer goes before readers that come later, as in Go: so a goroutine that holds it for reading and reads again
/// can deadlock with a writer in between. When a writer leaves, all readers that wait by then have their turn before the next
/// writer, so neither kind starves. Not re-entrant; a read lock cannot be upgraded.
///
/// No poisoning: a panic while it is held unlocks it, as `defer mu.Unlock()` does in Go; what the panicking goroutine left half
/// done is what the next one finds. Go's `sync: Unlock of unlocked RWMutex` cannot happen: a guard unlocks once.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::RwLock;
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// gort::run(|| {
///     let ages = Arc::new(RwLock::new(HashMap::new()));
///     go!([ages] { ages.write().insert("gopher", 17) }).join().unwrap();
///     let (one, two) = (ages.read(), ages.read());
///     assert_eq!((one["gopher"], two["gopher"]), (17, 17));
///     assert!(ages.try_write().is_none());
/// });
/// ```
#[doc(alias = "RWMutex")]
pub struct RwLock<T: ?Sized> {
    state: State,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through guards only: many shared ones, hence `Sync`, or one exclusive one, hence `Send`.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}
// SAFETY: a lock owns its value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}

impl<T> RwLock<T> {
    const_unless_loom! {
        /// An unlocked lock.
        ///
        /// ```
        /// use gort::sync::RwLock;
        ///
        /// static LEVEL: RwLock<u32> = RwLock::new(3);
        /// assert_eq!(*LEVEL.read(), 3);
        /// ```
        pub fn new(value: T) -> RwLock<T> {
            RwLock { state: State::new(), value: UnsafeCell::new(value) }
        }
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// let table = gort::sync::RwLock::named("table", 7);
    /// assert_eq!(*table.read(), 7);
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>, value: T) -> RwLock<T> {
        let name = name.into();
        let named = RwLock::new(value);
        for label in named.state.labels() {
            label.set(name.clone());
        }
        named
    }

    /// Gives the value.
    ///
    /// ```
    /// let lock = gort::sync::RwLock::new(1);
    /// assert_eq!(lock.into_inner(), 1);
    /// ```
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks for reading; waits while it is locked for writing or a writer waits.
    ///
    /// ```
    /// let lock = gort::sync::RwLock::new(1);
    /// let (a, b) = (lock.read(), lock.read());
    /// assert_eq!(*a + *b, 2);
    /// ```
    #[doc(alias = "RLock")]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.state.read(&Limit::Never);
        // SAFETY: locked for reading.
        unsafe { RwLockReadGuard::new(self) }
    }

    /// Locks for writing; waits while it is locked.
    ///
    /// ```
    /// let lock = gort::sync::RwLock::new(1);
    /// *lock.write() += 1;
    /// assert_eq!(*lock.read(), 2);
    /// ```
    #[doc(alias = "Lock")]
    #[track_caller]
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.state.write(&Limit::Never);
        // SAFETY: locked for writing.
        unsafe { RwLockWriteGuard::new(self) }
    }

    /// Locks for reading if that needs no waiting: nobody writes, or waits to.
    ///
    /// ```
    /// let lock = gort::sync::RwLock::new(1);
    /// let guard = lock.write();
    /// assert!(lock.try_read().is_none());
    /// drop(guard);
    /// assert!(lock.try_read().is_some());
    /// ```
    #[doc(alias = "TryRLock")]
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        // SAFETY: locked for reading.
        self.state
            .try_read()
            .then(|| unsafe { RwLockReadGuard::new(self) })
    }

    /// Locks for writing if that needs no waiting.
    ///
    /// ```
    /// let lock = gort::sync::RwLock::new(1);
    /// let guard = lock.read();
    /// assert!(lock.try_write().is_none());
    /// drop(guard);
    /// assert!(lock.try_write().is_some());
    /// ```
    #[doc(alias = "TryLock")]
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        // SAFETY: locked for writing.
        self.state
            .try_write()
            .then(|| unsafe { RwLockWriteGuard::new(self) })
    }

    /// Locks for reading; gives up after `timeout`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let lock = gort::sync::RwLock::new(1);
    /// let writing = lock.write();
    /// assert!(lock.read_timeout(Duration::from_millis(1)).is_none());
    /// drop(writing);
    /// assert!(lock.read_timeout(Duration::from_millis(1)).is_some());
    /// ```
    #[doc(alias = "try_read_for")]
    #[track_caller]
    pub fn read_timeout(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        // SAFETY: locked for reading.
        (self.state.try_read() || self.state.read(&Limit::after(timeout)))
            .then(|| unsafe { RwLockReadGuard::new(self) })
    }

    /// Locks for writing; gives up after `timeout`. Readers that waited behind it then go on.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let lock = gort::sync::RwLock::new(1);
    /// let guard = lock.read();
    /// assert!(lock.write_timeout(Duration::from_millis(1)).is_none());
    /// ```
    #[doc(alias = "try_write_for")]
    #[track_caller]
    pub fn write_timeout(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        // SAFETY: locked for writing.
        (self.state.try_write() || self.state.write(&Limit::after(timeout)))
            .then(|| unsafe { RwLockWriteGuard::new(self) })
    }

    /// Locks for reading; gives up when a value comes from `done`, or when it is closed.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let lock = gort::sync::RwLock::new(1);
    /// let (guard, done) = (lock.write(), chan!(()));
    /// done.close();
    /// assert!(lock.read_or(&done).is_none());
    /// ```
    #[cfg(not(loom))]
    #[track_caller]
    pub fn read_or(&self, done: &impl RecvFrom) -> Option<RwLockReadGuard<'_, T>> {
        self.try_read().or_else(|| {
            until_done(done, |limit| {
                // SAFETY: locked for reading.
                let guard = self
                    .state
                    .read(limit)
                    .then(|| unsafe { RwLockReadGuard::new(self) });
                guard.filter(|_| !limit.has_come())
            })
        })
    }

    /// Locks for writing; gives up when a value comes from `done`, or when it is closed.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// let lock = gort::sync::RwLock::new(1);
    /// let (guard, done) = (lock.read(), chan!(()));
    /// done.close();
    /// assert!(lock.write_or(&done).is_none());
    /// ```
    #[cfg(not(loom))]
    #[track_caller]
    pub fn write_or(&self, done: &impl RecvFrom) -> Option<RwLockWriteGuard<'_, T>> {
        self.try_write().or_else(|| {
            until_done(done, |limit| {
                // SAFETY: locked for writing.
                let guard = self
                    .state
                    .write(limit)
                    .then(|| unsafe { RwLockWriteGuard::new(self) });
                guard.filter(|_| !limit.has_come())
            })
        })
    }

    /// Who waits now, in line: `true` for writers.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> Vec<bool> {
        self.state.waiting()
    }

    /// Whether it is free and nothing is left of those who waited.
    #[cfg(all(test, loom))]
    pub(super) fn at_rest(&self) -> bool {
        self.state.at_rest()
    }

    /// The value, without locking: the exclusive borrow is proof enough.
    ///
    /// ```
    /// let mut lock = gort::sync::RwLock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Go's `rw.Unlock()` and `rw.RUnlock()`, which says what to write instead.
    ///
    /// ```compile_fail,E0277
    /// let lock = gort::sync::RwLock::new(1);
    /// lock.unlock();
    /// ```
    #[doc(hidden)]
    pub fn unlock(&self)
    where
        Self: UnlockedWithoutGuard,
    {
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(guard) => f.debug_tuple("RwLock").field(&&*guard).finish(),
            None => f.write_str("RwLock(<locked>)"),
        }
    }
}
