//! `blocking_ctx`: a blocking call that a context keeps from beginning.

use gort_runtime::{Withdrawal, blocking_unless};

use crate::context::{self, Context, Error};

/// As [`blocking`](crate::blocking), unless `ctx` is done before a helper thread has begun with
/// `f`: then `f` is taken out of the queue and never runs. Once it runs it is waited for, since no
/// thread can be stopped in the middle of a call.
///
/// # Errors
/// Why the context is done.
///
/// # Panics
/// With the panic of `f`.
///
/// ```
/// use gort::context::{self, Error};
///
/// gort::run(|| {
///     let (ctx, cancel) = context::with_cancel(context::background());
///     assert_eq!(gort::blocking_ctx(&ctx, || 7), Ok(7));
///     cancel();
///     assert_eq!(gort::blocking_ctx(&ctx, || 7), Err(Error::Canceled));
/// });
/// ```
#[track_caller]
pub fn blocking_ctx<F, T>(ctx: impl AsRef<Context>, f: F) -> Result<T, Error>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let ctx = ctx.as_ref();
    if let Some(error) = ctx.err() {
        return Err(error);
    }
    let withdrawal = Withdrawal::new();
    let its = withdrawal.clone();
    let stop = context::after_func(ctx, move || its.withdraw());
    // Also when `f` panics.
    crate::defer! {
        stop();
    }
    // A call that was withdrawn was withdrawn by the context, which then has an error.
    blocking_unless(&withdrawal, f).ok_or_else(|| ctx.err().unwrap_or(Error::Canceled))
}
