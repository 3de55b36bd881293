//! Waiting for a lock until a context is done. Contexts stand on these locks, so here they are a
//! trait.

use std::sync::Arc;

use crate::rt::Receiver;
use crate::{
    Cond, Mutex, MutexGuard, Relock, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, WaitGroup,
};

/// What can end a wait, and then says why: a `Context` of `gort::context`, or a type of your own.
///
/// ```
/// use gort::Receiver;
/// use gort::sync::{Cancellation, Mutex};
///
/// /// Ends when the other handle of the channel is dropped.
/// struct Shutdown(Receiver<()>);
///
/// impl Cancellation for Shutdown {
///     type Error = &'static str;
///
///     fn err(&self) -> Option<&'static str> {
///         self.0.is_closed().then_some("shutting down")
///     }
///
///     fn done(&self) -> Receiver<()> {
///         self.0.clone()
///     }
/// }
///
/// let (running, seen) = gort::channel(0);
/// let (mutex, shutdown) = (Mutex::new(1), Shutdown(seen));
/// assert_eq!(*mutex.lock_ctx(&shutdown).unwrap(), 1);
/// drop(running);
/// assert_eq!(mutex.lock_ctx(&shutdown).unwrap_err(), "shutting down");
/// ```
#[doc(alias = "Context")]
pub trait Cancellation {
    /// Why it has ended.
    type Error;

    /// Why it has ended; `None` while it has not.
    fn err(&self) -> Option<Self::Error>;

    /// A channel that is closed when it ends, and not before [`err`](Cancellation::err) says why.
    fn done(&self) -> Receiver<()>;
}

impl<C: Cancellation + ?Sized> Cancellation for &C {
    type Error = C::Error;

    fn err(&self) -> Option<C::Error> {
        (**self).err()
    }

    fn done(&self) -> Receiver<()> {
        (**self).done()
    }
}

impl<C: Cancellation + ?Sized> Cancellation for Arc<C> {
    type Error = C::Error;

    fn err(&self) -> Option<C::Error> {
        (**self).err()
    }

    fn done(&self) -> Receiver<()> {
        (**self).done()
    }
}

/// Turns a wait that `ctx` may end into a result. A context that is done already ends it before it
/// begins, as in `semaphore.Weighted`.
#[track_caller]
fn until_done<C: Cancellation, R>(ctx: &C, wait: impl FnOnce() -> Option<R>) -> Result<R, C::Error> {
    if let Some(error) = ctx.err() {
        return Err(error);
    }
    wait().ok_or_else(|| ctx.err().expect("what has ended a wait says why"))
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
    pub fn lock_ctx<C: Cancellation>(&self, ctx: C) -> Result<MutexGuard<'_, T>, C::Error> {
        until_done(&ctx, || self.lock_or(&ctx.done()))
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
    pub fn read_ctx<C: Cancellation>(&self, ctx: C) -> Result<RwLockReadGuard<'_, T>, C::Error> {
        until_done(&ctx, || self.read_or(&ctx.done()))
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
    pub fn write_ctx<C: Cancellation>(&self, ctx: C) -> Result<RwLockWriteGuard<'_, T>, C::Error> {
        until_done(&ctx, || self.write_or(&ctx.done()))
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
    pub fn acquire_ctx<C: Cancellation>(&self, n: usize, ctx: C) -> Result<(), C::Error> {
        until_done(&ctx, || self.acquire_or(n, &ctx.done()).then_some(()))
    }
}

impl Cond {
    /// Waits for a notification, unless `ctx` is done before. The lock is held again afterwards,
    /// either way.
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
    pub fn wait_ctx<G, C>(&self, guard: &mut G, ctx: C) -> Result<(), C::Error>
    where
        G: Relock,
        C: Cancellation,
    {
        until_done(&ctx, || self.wait_or(guard, &ctx.done()).then_some(()))
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
    pub fn wait_ctx<C: Cancellation>(&self, ctx: C) -> Result<(), C::Error> {
        until_done(&ctx, || self.wait_or(&ctx.done()).then_some(()))
    }
}
