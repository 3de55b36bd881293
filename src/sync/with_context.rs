//! Waiting for a lock until a context is done.

use crate::context::{Context, Error};
use crate::sync::{
    Cond, Mutex, MutexGuard, Relock, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, WaitGroup,
};

/// Turns a wait that `ctx` may end into a result. A context that is done already ends it before it begins, as in
/// `semaphore.Weighted`.
#[track_caller]
fn until_done<R>(ctx: &Context, wait: impl FnOnce() -> Option<R>) -> Result<R, Error> {
    if let Some(error) = ctx.err() {
        return Err(error);
    }
    // A wait that was ended was ended by the context, which then has an error.
    wait().ok_or_else(|| ctx.err().unwrap_or(Error::Canceled))
}

impl<T: ?Sized> Mutex<T> {
    /// Locks, unless `ctx` is done before.
    ///
    /// # Errors
    /// Why the context is done.
    ///
    /// ```
    /// use gort::context::{self, Error};
    ///
    /// gort::run(|| {
    ///     let mutex = gort::sync::Mutex::new(1);
    ///     let (ctx, cancel) = context::with_cancel(context::background());
    ///     *mutex.lock_ctx(&ctx).unwrap() += 1;
    ///     cancel.cancel();
    ///     assert_eq!(mutex.lock_ctx(&ctx).unwrap_err(), Error::Canceled);
    /// });
    /// ```
    #[track_caller]
    pub fn lock_ctx(&self, ctx: &Context) -> Result<MutexGuard<'_, T>, Error> {
        until_done(ctx, || self.lock_or(&ctx.done()))
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks for reading, unless `ctx` is done before.
    ///
    /// # Errors
    /// Why the context is done.
    ///
    /// ```
    /// gort::run(|| {
    ///     let lock = gort::sync::RwLock::new(1);
    ///     let ctx = gort::context::background();
    ///     assert_eq!(*lock.read_ctx(&ctx).unwrap(), 1);
    /// });
    /// ```
    #[track_caller]
    pub fn read_ctx(&self, ctx: &Context) -> Result<RwLockReadGuard<'_, T>, Error> {
        until_done(ctx, || self.read_or(&ctx.done()))
    }

    /// Locks for writing, unless `ctx` is done before.
    ///
    /// # Errors
    /// Why the context is done.
    ///
    /// ```
    /// use gort::context::{self, Error};
    /// use std::time::Duration;
    ///
    /// gort::run(|| {
    ///     let lock = gort::sync::RwLock::new(1);
    ///     let reader = lock.read();
    ///     let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(2));
    ///     assert_eq!(lock.write_ctx(&ctx).unwrap_err(), Error::DeadlineExceeded);
    ///     drop(reader);
    /// });
    /// ```
    #[track_caller]
    pub fn write_ctx(&self, ctx: &Context) -> Result<RwLockWriteGuard<'_, T>, Error> {
        until_done(ctx, || self.write_or(&ctx.done()))
    }
}

impl Semaphore {
    /// Takes `n` permits, unless `ctx` is done before.
    ///
    /// # Errors
    /// Why the context is done; no permit is taken then.
    ///
    /// ```
    /// use gort::context::{self, Error};
    /// use std::time::Duration;
    ///
    /// gort::run(|| {
    ///     let sem = gort::sync::Semaphore::new(1);
    ///     let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(2));
    ///     sem.acquire_ctx(1, &ctx).unwrap();
    ///     assert_eq!(sem.acquire_ctx(1, &ctx), Err(Error::DeadlineExceeded));
    /// });
    /// ```
    #[doc(alias = "Weighted.Acquire")]
    #[track_caller]
    pub fn acquire_ctx(&self, n: usize, ctx: &Context) -> Result<(), Error> {
        until_done(ctx, || self.acquire_or(n, &ctx.done()).then_some(()))
    }
}

impl Cond {
    /// Waits for a notification, unless `ctx` is done before. The lock is held again afterwards, either way.
    ///
    /// # Errors
    /// Why the context is done.
    ///
    /// ```
    /// use gort::context::{self, Error};
    /// use gort::sync::{Cond, Mutex};
    /// use std::time::Duration;
    ///
    /// gort::run(|| {
    ///     let (queue, filled) = (Mutex::new(Vec::<u8>::new()), Cond::new());
    ///     let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(2));
    ///     let mut guard = queue.lock();
    ///     assert_eq!(filled.wait_ctx(&mut guard, &ctx), Err(Error::DeadlineExceeded));
    ///     assert!(guard.is_empty());
    /// });
    /// ```
    #[track_caller]
    pub fn wait_ctx<G: Relock>(&self, guard: &mut G, ctx: &Context) -> Result<(), Error> {
        until_done(ctx, || self.wait_or(guard, &ctx.done()).then_some(()))
    }
}

impl WaitGroup {
    /// Waits until the count is zero, unless `ctx` is done before.
    ///
    /// # Errors
    /// Why the context is done.
    ///
    /// ```
    /// use gort::context::{self, Error};
    ///
    /// gort::run(|| {
    ///     let wg = gort::sync::WaitGroup::new();
    ///     let (ctx, cancel) = context::with_cancel(context::background());
    ///     wg.wait_ctx(&ctx).unwrap();
    ///     wg.add(1);
    ///     wg.go(move || cancel.cancel());
    ///     assert_eq!(wg.wait_ctx(&ctx), Err(Error::Canceled));
    ///     wg.done();
    /// });
    /// ```
    #[track_caller]
    pub fn wait_ctx(&self, ctx: &Context) -> Result<(), Error> {
        until_done(ctx, || self.wait_or(&ctx.done()).then_some(()))
    }
}
