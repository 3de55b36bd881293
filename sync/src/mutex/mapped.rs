//! A guard for a part of what a mutex guards.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::{MutexGuard, State};

/// As [`MutexGuard`], for a part of the value. A [`Cond`](crate::Cond) cannot wait with it, because
/// the part might be gone when it has locked again.
///
/// ```
/// use gort::sync::{MappedMutexGuard, Mutex, MutexGuard};
///
/// let pair = Mutex::new((1, "one"));
/// let mut first: MappedMutexGuard<'_, i32> = MutexGuard::map(pair.lock(), |pair| &mut pair.0);
/// *first = 2;
/// drop(first);
/// assert_eq!(*pair.lock(), (2, "one"));
/// ```
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    state: &'a State,
    part: NonNull<T>,
    exclusive: PhantomData<&'a mut T>,
}

// SAFETY: it is a `&mut T` and the state of the mutex, which any thread may unlock.
unsafe impl<T: ?Sized + Send> Send for MappedMutexGuard<'_, T> {}
// SAFETY: through `&self` only a `&T` can be had.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// A guard for a part of the value.
    ///
    /// ```
    /// use gort::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "text".to_string()));
    /// let mut text = MutexGuard::map(pair.lock(), |pair| &mut pair.1);
    /// text.push('!');
    /// assert!(pair.try_lock().is_none());
    /// drop(text);
    /// assert_eq!(pair.lock().1, "text!");
    /// ```
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&mut T) -> &mut U) -> MappedMutexGuard<'a, U> {
        // SAFETY: locked by `guard`, and from the forgetting on by the new guard.
        let part = NonNull::from(part(unsafe { &mut *guard.mutex.value.get() }));
        let state = &ManuallyDrop::new(guard).mutex.state;
        MappedMutexGuard {
            state,
            part,
            exclusive: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the lock's only holder, and the part lives as long as the value.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and the guard is borrowed exclusively.
        unsafe { self.part.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    fn drop(&mut self) {
        self.state.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
