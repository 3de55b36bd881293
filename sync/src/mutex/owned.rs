//! A guard that holds its mutex alive, so that one function can lock and another one unlock.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use super::Mutex;
use crate::guard::{Key, Relock};
use crate::limit::Limit;
use crate::rt::WaitReason;

/// Access to what a [`Mutex`] in an [`Arc`] guards, without borrowing the mutex; dropping it unlocks.
///
/// It can be put into a struct, returned, or sent to another goroutine: so one function locks and another one unlocks, as Go's
/// `mu.Lock()` and `mu.Unlock()` do.
///
/// ```
/// use gort::prelude::*;
/// use gort::sync::{Mutex, OwnedMutexGuard};
/// use std::sync::Arc;
///
/// struct Transaction {
///     balance: OwnedMutexGuard<i64>,
/// }
///
/// fn begin(account: &Arc<Mutex<i64>>) -> Transaction {
///     Transaction { balance: account.lock_owned() }
/// }
///
/// impl Transaction {
///     fn commit(mut self, amount: i64) {
///         *self.balance += amount;
///     } // unlocks
/// }
///
/// # gort::run(|| {
/// let account = Arc::new(Mutex::new(1));
/// let transaction = begin(&account);
/// assert!(account.try_lock().is_none());
/// go!(transaction.commit(2)).join().unwrap();
/// assert_eq!(*account.lock(), 3);
/// # });
/// ```
///
/// It is shared between threads only if what it guards may be:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<gort::sync::OwnedMutexGuard<std::cell::Cell<i32>>>();
/// ```
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct OwnedMutexGuard<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    /// `Arc<Mutex<T>>` alone would make the guard `Sync` for a `T` that is only `Send`.
    not_auto: PhantomData<T>,
}

impl<T: ?Sized> Mutex<T> {
    /// As [`lock`](Mutex::lock), with a guard that holds the mutex alive.
    ///
    /// ```
    /// use gort::sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = mutex.lock_owned();
    /// let value = Arc::clone(&mutex);
    /// drop(mutex);
    /// assert_eq!(*guard, 1);
    /// drop(guard);
    /// assert_eq!(*value.lock(), 1);
    /// ```
    #[doc(alias = "lock_arc")]
    #[track_caller]
    pub fn lock_owned(self: &Arc<Self>) -> OwnedMutexGuard<T> {
        if !self.state.try_lock_free() {
            self.state.lock_slow(WaitReason::MutexLock, &Limit::Never);
        }
        OwnedMutexGuard::locked(self)
    }

    /// As [`try_lock`](Mutex::try_lock), with a guard that holds the mutex alive.
    ///
    /// ```
    /// use gort::sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = mutex.try_lock_owned().expect("nobody holds it");
    /// assert!(mutex.try_lock_owned().is_none());
    /// drop(guard);
    /// ```
    #[doc(alias = "try_lock_arc")]
    pub fn try_lock_owned(self: &Arc<Self>) -> Option<OwnedMutexGuard<T>> {
        self.state.try_lock().then(|| OwnedMutexGuard::locked(self))
    }

    /// As [`lock_timeout`](Mutex::lock_timeout), with a guard that holds the mutex alive.
    ///
    /// ```
    /// use gort::sync::Mutex;
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = mutex.lock_owned();
    /// assert!(mutex.lock_owned_timeout(Duration::from_millis(1)).is_none());
    /// drop(guard);
    /// ```
    #[track_caller]
    pub fn lock_owned_timeout(self: &Arc<Self>, timeout: Duration) -> Option<OwnedMutexGuard<T>> {
        let locked = self.state.try_lock_free()
            || self
                .state
                .lock_slow(WaitReason::MutexLock, &Limit::after(timeout));
        locked.then(|| OwnedMutexGuard::locked(self))
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// Of a mutex that the caller has just locked.
    fn locked(mutex: &Arc<Mutex<T>>) -> OwnedMutexGuard<T> {
        // Its guard cannot be told from other references to the mutex.
        mutex.state.forget_holder();
        OwnedMutexGuard {
            mutex: Arc::clone(mutex),
            not_auto: PhantomData,
        }
    }

    /// The mutex that it holds.
    ///
    /// ```
    /// use gort::sync::{Mutex, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = mutex.lock_owned();
    /// assert!(Arc::ptr_eq(&mutex, OwnedMutexGuard::mutex(&guard)));
    /// ```
    pub fn mutex(guard: &Self) -> &Arc<Mutex<T>> {
        &guard.mutex
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the lock's only holder.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the lock's only holder, and it is borrowed exclusively.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for OwnedMutexGuard<T> {
    fn drop(&mut self) {
        self.mutex.state.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> Relock for OwnedMutexGuard<T> {
    fn unlock_to_wait(&self, _: Key) {
        self.mutex.state.unlock();
    }

    fn lock_again(&self, _: Key) {
        if !self.mutex.state.try_lock_free() {
            self.mutex.state.lock_slow(WaitReason::MutexLock, &Limit::Never);
        }
        self.mutex.state.forget_holder();
    }
}
