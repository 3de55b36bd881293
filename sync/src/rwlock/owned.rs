//! Guards that hold their lock alive, so that one function can lock and another one unlock.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::RwLock;
use crate::guard::{Key, Relock};
use crate::limit::Limit;

/// Shared access to what an [`RwLock`] in an [`Arc`] guards, without borrowing the lock; dropping
/// it unlocks.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::{OwnedRwLockReadGuard, RwLock};
/// use std::sync::Arc;
///
/// # gort::run(|| {
/// let lock = Arc::new(RwLock::new(String::from("shared")));
/// let reading: OwnedRwLockReadGuard<String> = lock.read_owned();
/// go!({ assert_eq!(*reading, "shared") }).join().unwrap(); // unlocked there
/// assert!(lock.try_write().is_some());
/// # });
/// ```
#[must_use = "the lock is unlocked as soon as the guard is dropped"]
pub struct OwnedRwLockReadGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
}

/// Exclusive access to what an [`RwLock`] in an [`Arc`] guards, without borrowing the lock;
/// dropping it unlocks.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::{OwnedRwLockWriteGuard, RwLock};
/// use std::sync::Arc;
///
/// # gort::run(|| {
/// let lock = Arc::new(RwLock::new(1));
/// let mut writing: OwnedRwLockWriteGuard<i32> = lock.write_owned();
/// go!({ *writing += 1 }).join().unwrap(); // unlocked there
/// assert_eq!(*lock.read(), 2);
/// # });
/// ```
#[must_use = "the lock is unlocked as soon as the guard is dropped"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
    /// `Arc<RwLock<T>>` alone says nothing of exclusive access.
    exclusive: PhantomData<T>,
}

impl<T: ?Sized> RwLock<T> {
    /// As [`read`](RwLock::read), with a guard that holds the lock alive.
    ///
    /// ```
    /// use gort::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.read_owned();
    /// assert!(lock.try_write().is_none());
    /// drop(lock);
    /// assert_eq!(*guard, 1);
    /// ```
    #[doc(alias = "read_arc")]
    #[track_caller]
    pub fn read_owned(self: &Arc<Self>) -> OwnedRwLockReadGuard<T> {
        self.state.read(&Limit::Never);
        OwnedRwLockReadGuard::locked(self)
    }

    /// As [`try_read`](RwLock::try_read), with a guard that holds the lock alive.
    ///
    /// ```
    /// use gort::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// assert!(lock.try_read_owned().is_some());
    /// let _guard = lock.write();
    /// assert!(lock.try_read_owned().is_none());
    /// ```
    #[doc(alias = "try_read_arc")]
    #[track_caller]
    pub fn try_read_owned(self: &Arc<Self>) -> Option<OwnedRwLockReadGuard<T>> {
        self.state.try_read().then(|| OwnedRwLockReadGuard::locked(self))
    }

    /// As [`read_timeout`](RwLock::read_timeout), with a guard that holds the lock alive.
    ///
    /// ```
    /// use gort::sync::RwLock;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let _guard = lock.write();
    /// assert!(lock.read_owned_timeout(Duration::from_millis(1)).is_none());
    /// ```
    #[track_caller]
    pub fn read_owned_timeout(self: &Arc<Self>, timeout: Duration) -> Option<OwnedRwLockReadGuard<T>> {
        let locked = self.state.try_read() || self.state.read(&Limit::after(timeout));
        locked.then(|| OwnedRwLockReadGuard::locked(self))
    }

    /// As [`write`](RwLock::write), with a guard that holds the lock alive.
    ///
    /// ```
    /// use gort::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.write_owned();
    /// assert!(lock.try_write().is_none());
    /// drop(lock);
    /// assert_eq!(*guard, 1);
    /// ```
    #[doc(alias = "write_arc")]
    #[track_caller]
    pub fn write_owned(self: &Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        self.state.write(&Limit::Never);
        OwnedRwLockWriteGuard::locked(self)
    }

    /// As [`try_write`](RwLock::try_write), with a guard that holds the lock alive.
    ///
    /// ```
    /// use gort::sync::RwLock;
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// assert!(lock.try_write_owned().is_some());
    /// let _guard = lock.read();
    /// assert!(lock.try_write_owned().is_none());
    /// ```
    #[doc(alias = "try_write_arc")]
    #[track_caller]
    pub fn try_write_owned(self: &Arc<Self>) -> Option<OwnedRwLockWriteGuard<T>> {
        self.state
            .try_write()
            .then(|| OwnedRwLockWriteGuard::locked(self))
    }

    /// As [`write_timeout`](RwLock::write_timeout), with a guard that holds the lock alive.
    ///
    /// ```
    /// use gort::sync::RwLock;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let _guard = lock.read();
    /// assert!(lock.write_owned_timeout(Duration::from_millis(1)).is_none());
    /// ```
    #[track_caller]
    pub fn write_owned_timeout(self: &Arc<Self>, timeout: Duration) -> Option<OwnedRwLockWriteGuard<T>> {
        let locked = self.state.try_write() || self.state.write(&Limit::after(timeout));
        locked.then(|| OwnedRwLockWriteGuard::locked(self))
    }
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// Of a lock that the caller has just locked for this.
    fn locked(lock: &Arc<RwLock<T>>) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard {
            lock: Arc::clone(lock),
        }
    }

    /// The lock that it holds.
    ///
    /// ```
    /// use gort::sync::{OwnedRwLockReadGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.read_owned();
    /// assert!(Arc::ptr_eq(&lock, OwnedRwLockReadGuard::lock(&guard)));
    /// ```
    pub fn lock(guard: &Self) -> &Arc<RwLock<T>> {
        &guard.lock
    }
}

impl<T: ?Sized> Deref for OwnedRwLockReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: read-locked: nobody has exclusive access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for OwnedRwLockReadGuard<T> {
    fn drop(&mut self) {
        self.lock.state.unlock_read();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Relock for OwnedRwLockReadGuard<T> {
    fn unlock_to_wait(&self, _: Key) {
        self.lock.state.unlock_read();
    }

    fn lock_again(&self, _: Key) {
        self.lock.state.read(&Limit::Never);
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// Of a lock that the caller has just locked for this.
    fn locked(lock: &Arc<RwLock<T>>) -> OwnedRwLockWriteGuard<T> {
        OwnedRwLockWriteGuard {
            lock: Arc::clone(lock),
            exclusive: PhantomData,
        }
    }

    /// The lock that it holds.
    ///
    /// ```
    /// use gort::sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = lock.write_owned();
    /// assert!(Arc::ptr_eq(&lock, OwnedRwLockWriteGuard::lock(&guard)));
    /// ```
    pub fn lock(guard: &Self) -> &Arc<RwLock<T>> {
        &guard.lock
    }

    /// Goes on as a reader, without a moment in which a writer could get in; readers that wait come
    /// in too.
    ///
    /// ```
    /// use gort::sync::{OwnedRwLockWriteGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let mut writing = lock.write_owned();
    /// *writing = 2;
    /// let reading = OwnedRwLockWriteGuard::downgrade(writing);
    /// assert_eq!((*reading, *lock.read()), (2, 2));
    /// ```
    #[track_caller]
    pub fn downgrade(guard: Self) -> OwnedRwLockReadGuard<T> {
        let guard = ManuallyDrop::new(guard);
        guard.lock.state.downgrade();
        // SAFETY: `guard` is not dropped, so its handle of the lock moves out of it.
        let lock = unsafe { ptr::read(&guard.lock) };
        OwnedRwLockReadGuard { lock }
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: write-locked by this guard alone.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: write-locked by this guard alone, which is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for OwnedRwLockWriteGuard<T> {
    fn drop(&mut self) {
        self.lock.state.unlock_write();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Relock for OwnedRwLockWriteGuard<T> {
    fn unlock_to_wait(&self, _: Key) {
        self.lock.state.unlock_write();
    }

    fn lock_again(&self, _: Key) {
        self.lock.state.write(&Limit::Never);
    }
}
