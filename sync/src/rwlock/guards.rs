//! The guards of an `RwLock`.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::{RwLock, State};
use crate::guard::{Key, Relock};
use crate::limit::Limit;

/// Shared access to what an [`RwLock`] guards; dropping it unlocks. It may be sent to another
/// goroutine and dropped there.
///
/// ```
/// use gort::sync::{RwLock, RwLockReadGuard};
///
/// let lock = RwLock::new(1);
/// let (one, two): (RwLockReadGuard<'_, i32>, _) = (lock.read(), lock.read());
/// assert_eq!(*one, *two);
/// ```
#[must_use = "the lock is unlocked as soon as the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

/// Exclusive access to what an [`RwLock`] guards; dropping it unlocks. It may be sent to another
/// goroutine and dropped there.
///
/// ```
/// use gort::sync::{RwLock, RwLockWriteGuard};
///
/// let lock = RwLock::new(1);
/// let mut writing: RwLockWriteGuard<'_, i32> = lock.write();
/// *writing += 1;
/// drop(writing);
/// assert_eq!(*lock.read(), 2);
/// ```
#[must_use = "the lock is unlocked as soon as the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// `&RwLock<T>` alone would make the guard `Sync` for less than `&mut T` is, and covariant in
    /// `T`.
    exclusive: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// # Safety
    /// `lock` is held for reading, and the guard takes that over.
    #[inline]
    pub(super) unsafe fn new(lock: &'a RwLock<T>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard { lock }
    }

    /// A guard for a part of the value.
    ///
    /// ```
    /// use gort::sync::{RwLock, RwLockReadGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let name = RwLockReadGuard::map(pair.read(), |pair| &pair.1);
    /// assert_eq!(*name, "one");
    /// ```
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&T) -> &U) -> MappedRwLockReadGuard<'a, U> {
        // SAFETY: read-locked by `guard`, and from the forgetting on by the new guard.
        let value = NonNull::from(part(unsafe { &*guard.lock.value.get() }));
        let state = &ManuallyDrop::new(guard).lock.state;
        MappedRwLockReadGuard {
            state,
            value,
            shared: PhantomData,
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// # Safety
    /// `lock` is held for writing, and the guard takes that over.
    #[inline]
    pub(super) unsafe fn new(lock: &'a RwLock<T>) -> RwLockWriteGuard<'a, T> {
        RwLockWriteGuard {
            lock,
            exclusive: PhantomData,
        }
    }

    /// Goes on as a reader, without a moment in which a writer could get in; readers that wait come
    /// in too.
    ///
    /// ```
    /// use gort::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writing = lock.write();
    /// *writing = 2;
    /// let reading = RwLockWriteGuard::downgrade(writing);
    /// assert_eq!((*reading, *lock.read()), (2, 2));
    /// ```
    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let lock = ManuallyDrop::new(guard).lock;
        lock.state.downgrade();
        RwLockReadGuard { lock }
    }

    /// A guard for a part of the value.
    ///
    /// ```
    /// use gort::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// *RwLockWriteGuard::map(pair.write(), |pair| &mut pair.0) = 7;
    /// assert_eq!(*pair.read(), (7, "one"));
    /// ```
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&mut T) -> &mut U) -> MappedRwLockWriteGuard<'a, U> {
        // SAFETY: write-locked by `guard`, and from the forgetting on by the new guard.
        let value = NonNull::from(part(unsafe { &mut *guard.lock.value.get() }));
        let state = &ManuallyDrop::new(guard).lock.state;
        MappedRwLockWriteGuard {
            state,
            value,
            exclusive: PhantomData,
        }
    }
}

/// As [`RwLockReadGuard`], for a part of the value.
///
/// ```
/// use gort::sync::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
///
/// let list = RwLock::new(vec![1, 2]);
/// let last: MappedRwLockReadGuard<'_, i32> = RwLockReadGuard::map(list.read(), |list| &list[1]);
/// assert_eq!(*last, 2);
/// ```
#[must_use = "the lock is unlocked as soon as the guard is dropped"]
pub struct MappedRwLockReadGuard<'a, T: ?Sized> {
    state: &'a State,
    value: NonNull<T>,
    shared: PhantomData<&'a T>,
}

/// As [`RwLockWriteGuard`], for a part of the value.
///
/// ```
/// use gort::sync::{MappedRwLockWriteGuard, RwLock, RwLockWriteGuard};
///
/// let list = RwLock::new(vec![1, 2]);
/// let mut last: MappedRwLockWriteGuard<'_, i32> = RwLockWriteGuard::map(list.write(), |list| &mut list[1]);
/// *last = 3;
/// drop(last);
/// assert_eq!(*list.read(), [1, 3]);
/// ```
#[must_use = "the lock is unlocked as soon as the guard is dropped"]
pub struct MappedRwLockWriteGuard<'a, T: ?Sized> {
    state: &'a State,
    value: NonNull<T>,
    exclusive: PhantomData<&'a mut T>,
}

// SAFETY: it is a `&T` and the state of the lock, which any thread may unlock.
unsafe impl<T: ?Sized + Sync> Send for MappedRwLockReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockReadGuard<'_, T> {}
// SAFETY: it is a `&mut T` and the state of the lock, which any thread may unlock.
unsafe impl<T: ?Sized + Send> Send for MappedRwLockWriteGuard<'_, T> {}
// SAFETY: through `&self` only a `&T` can be had.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockWriteGuard<'_, T> {}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: read-locked: nobody has exclusive access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: write-locked by this guard alone.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: write-locked by this guard alone, which is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for MappedRwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: read-locked, and the part lives as long as the value.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> Deref for MappedRwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: write-locked by this guard alone, and the part lives as long as the value.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.state.unlock_read();
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.state.unlock_write();
    }
}

impl<T: ?Sized> Drop for MappedRwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.state.unlock_read();
    }
}

impl<T: ?Sized> Drop for MappedRwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.state.unlock_write();
    }
}

impl<T: ?Sized> Relock for RwLockReadGuard<'_, T> {
    fn unlock_to_wait(&self, _: Key) {
        self.lock.state.unlock_read();
    }

    fn lock_again(&self, _: Key) {
        self.lock.state.read(&Limit::Never);
    }
}

impl<T: ?Sized> Relock for RwLockWriteGuard<'_, T> {
    fn unlock_to_wait(&self, _: Key) {
        self.lock.state.unlock_write();
    }

    fn lock_again(&self, _: Key) {
        self.lock.state.write(&Limit::Never);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
