//! Futures in goroutines: [`wait`] parks the goroutine, not the worker, until a future is ready.
//!
//! So an `async` library is called like any other function. The other way round, `async` code waits
//! for goroutines by awaiting a [`JoinHandle`](crate::JoinHandle), and for channels with
//! [`recv_async`](crate::Receiver::recv_async) and [`send_async`](crate::Sender::send_async).
//!
//! ```
//! use gort::future::wait;
//! use gort::prelude::*;
//!
//! # gort::run(|| {
//! let numbers = chan!(u32);
//! let tx = numbers.tx();
//! let sum = go!(wait(async move {
//!     numbers.recv_async().await.unwrap() + numbers.recv_async().await.unwrap()
//! }));
//! chan!(tx <- 40);
//! chan!(tx <- 2);
//! assert_eq!(sum.join().unwrap(), 42);
//! # });
//! ```
//!
//! # Futures that belong to another runtime
//!
//! Those of tokio's timers and sockets need its runtime to run, and want to be *polled within its
//! context*. Hold such a runtime aside, and either hand it the future and wait for what it gives
//! back, `wait(handle.spawn(future))`, or enter it for each poll. A guard like that of tokio's
//! `Handle::enter` must not be kept while a goroutine waits: it is tied to the thread. Pinning does
//! not help, since others run on a pinned thread meanwhile: they are within that context too, and a
//! second guard that is dropped out of order panics. `interop/examples/async_bridge.rs` shows both.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use gort_runtime::CallTimer;
#[doc(inline)]
pub use gort_runtime::future::wait;

use crate::context::{Context, Error};

/// The future was not ready in time.
///
/// ```
/// assert_eq!(gort::future::Elapsed.to_string(), "the future was not ready in time");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the future was not ready in time")
    }
}

impl std::error::Error for Elapsed {}

/// An alarm that is taken back when it is dropped.
struct Alarm(Arc<CallTimer>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// As [`wait`], until `deadline` at most. The future is polled at least once.
///
/// # Errors
/// The deadline came first; the future has been dropped.
///
/// # Panics
/// With the panic of the future.
///
/// ```
/// use gort::future::{Elapsed, wait_until};
/// use std::future::{pending, ready};
/// use std::time::Instant;
///
/// # gort::run(|| {
/// assert_eq!(wait_until(ready(7), Instant::now()), Ok(7));
/// assert_eq!(wait_until(pending::<u8>(), Instant::now()), Err(Elapsed));
/// # });
/// ```
#[track_caller]
pub fn wait_until<F: IntoFuture>(future: F, deadline: Instant) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future.into_future());
    let rang = Arc::new(AtomicBool::new(false));
    let mut alarm = None;
    wait(poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // Relaxed: the flag guards nothing.
        if rang.load(Ordering::Relaxed) {
            return Poll::Ready(Err(Elapsed));
        }
        if alarm.is_none() {
            // The waker stays the same for the whole wait.
            let (rang, waker) = (Arc::clone(&rang), cx.waker().clone());
            let ring = move || {
                rang.store(true, Ordering::Relaxed);
                waker.wake_by_ref();
            };
            // Called where timers expire: the waker is `wait`'s own.
            let timer = CallTimer::for_listeners(ring, || true);
            timer.start(deadline);
            alarm = Some(Alarm(timer));
        }
        Poll::Pending
    }))
}

/// [`wait_until`], `limit` from now.
///
/// # Errors
/// The time was up first; the future has been dropped.
///
/// # Panics
/// With the panic of the future.
///
/// ```
/// use gort::future::{Elapsed, wait_timeout};
/// use std::time::Duration;
///
/// # gort::run(|| {
/// let (_tx, rx) = gort::channel::<u8>(0);
/// assert_eq!(wait_timeout(rx.recv_async(), Duration::from_millis(2)), Err(Elapsed));
/// # });
/// ```
#[track_caller]
pub fn wait_timeout<F: IntoFuture>(future: F, limit: Duration) -> Result<F::Output, Elapsed> {
    wait_until(future, crate::time::deadline(limit))
}

/// As [`wait`], unless `ctx` is done before. If it is done already the future is not polled at all.
///
/// # Errors
/// Why the context is done; the future has been dropped.
///
/// # Panics
/// With the panic of the future.
///
/// ```
/// use gort::context::{self, Error};
/// use gort::future::wait_context;
///
/// # gort::run(|| {
/// let (ctx, cancel) = context::with_cancel(context::background());
/// assert_eq!(wait_context(&ctx, async { 7 }), Ok(7));
/// cancel();
/// assert_eq!(wait_context(&ctx, async { 7 }), Err(Error::Canceled));
/// # });
/// ```
#[track_caller]
pub fn wait_context<F: IntoFuture>(ctx: impl AsRef<Context>, future: F) -> Result<F::Output, Error> {
    let ctx = ctx.as_ref();
    let mut future = pin!(future.into_future());
    if let Some(error) = ctx.err() {
        return Err(error);
    }
    let done = ctx.done();
    let mut done = pin!(done.recv_async());
    wait(poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // A context whose channel is closed has an error.
        let ended = |_| Err(ctx.err().unwrap_or(Error::Canceled));
        done.as_mut().poll(cx).map(ended)
    }))
}
