//! The functions that derive a context from another, and the functions that they give back.

use std::any::TypeId;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cancel::{Attachment, Core};
use super::{Cause, Context, Error, Key, Node, Step};

/// Cancels a context: call it, `cancel()`, as often as you like and from anywhere. Clones cancel
/// the same context.
///
/// Only the first call does anything. When a call returns, the context and all that were derived
/// from it are done. Dropping it cancels nothing (the [module](super) says why, and what becomes of
/// the context).
///
/// ```
/// use gort::context;
///
/// let (ctx, cancel) = context::with_cancel(context::background());
/// let also = cancel.clone();
/// cancel();
/// also();
/// assert_eq!(ctx.err(), Some(context::Error::Canceled));
/// ```
#[derive(Clone)]
#[must_use = "dropping it cancels nothing; write `defer! { cancel(); }`"]
pub struct CancelFunc(Arc<dyn Fn() + Send + Sync>);

impl CancelFunc {
    fn of(core: &Arc<Core>) -> CancelFunc {
        let core = Arc::clone(core);
        CancelFunc(Arc::new(move || {
            core.cancel(Error::Canceled, Arc::new(Error::Canceled));
        }))
    }

    /// The same as calling it.
    ///
    /// ```
    /// let (ctx, cancel) = gort::context::with_cancel(gort::context::background());
    /// cancel.cancel();
    /// assert!(ctx.err().is_some());
    /// ```
    pub fn cancel(&self) {
        (self.0)();
    }

    /// A guard that cancels when it is dropped.
    ///
    /// ```
    /// let (ctx, cancel) = gort::context::with_cancel(gort::context::background());
    /// {
    ///     let _guard = cancel.on_drop();
    ///     assert!(ctx.err().is_none());
    /// }
    /// assert!(ctx.err().is_some());
    /// ```
    pub fn on_drop(self) -> CancelOnDrop {
        CancelOnDrop(self)
    }
}

impl Deref for CancelFunc {
    type Target = dyn Fn() + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for CancelFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CancelFunc")
    }
}

/// Cancels a context when it is dropped; see [`CancelFunc::on_drop`].
///
/// ```
/// use gort::context;
///
/// let (ctx, cancel) = context::with_cancel(context::background());
/// {
///     let _guard = cancel.on_drop();
///     assert!(ctx.err().is_none());
/// }
/// assert_eq!(ctx.err(), Some(context::Error::Canceled));
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it cancels at once"]
pub struct CancelOnDrop(CancelFunc);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Cancels a context of [`with_cancel_cause`], with a cause. In all else as a [`CancelFunc`].
///
/// ```
/// use gort::context;
///
/// let (ctx, cancel) = context::with_cancel_cause(context::background());
/// cancel.cancel("out of paper");
/// assert_eq!(ctx.err(), Some(context::Error::Canceled));
/// assert_eq!(context::cause(ctx).unwrap().to_string(), "out of paper");
/// ```
#[derive(Clone)]
#[must_use = "dropping it cancels nothing"]
pub struct CancelCauseFunc(Arc<Core>);

impl CancelCauseFunc {
    /// Cancels, with `cause` for [`cause`](super::cause) to give. Any error will do, a `&str` or
    /// `String` too.
    ///
    /// ```
    /// use gort::context;
    ///
    /// let (ctx, cancel) = context::with_cancel_cause(context::background());
    /// cancel.cancel("the user left");
    /// cancel.cancel("too late");
    /// assert_eq!(context::cause(ctx).unwrap().to_string(), "the user left");
    /// ```
    pub fn cancel(&self, cause: impl Into<Box<dyn StdError + Send + Sync>>) {
        self.cancel_with(Some(cause.into().into()));
    }

    /// Cancels with a cause that is shared already; `None` is `Canceled`, as Go's `nil`.
    ///
    /// ```
    /// use gort::context;
    ///
    /// let (ctx, cancel) = context::with_cancel_cause(context::background());
    /// cancel.cancel_with(None);
    /// assert_eq!(context::cause(ctx).unwrap().to_string(), "context canceled");
    /// ```
    pub fn cancel_with(&self, cause: Option<Cause>) {
        self.0.cancel(
            Error::Canceled,
            cause.unwrap_or_else(|| Arc::new(Error::Canceled)),
        );
    }
}

impl fmt::Debug for CancelCauseFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CancelCauseFunc")
    }
}

/// Takes a function of [`after_func`] back: call it, `stop()`.
///
/// It gives `true` if the function had not been started, and will not be; `false` if it was, or was
/// stopped before. It does not wait for it. Dropping the `StopFunc` stops nothing.
///
/// ```
/// use gort::context;
///
/// let (ctx, cancel) = context::with_cancel(context::background());
/// let stop = context::after_func(ctx, || unreachable!("it was stopped"));
/// assert!(stop());
/// cancel();
/// ```
#[derive(Clone)]
pub struct StopFunc(Arc<dyn Fn() -> bool + Send + Sync>);

impl StopFunc {
    /// The same as calling it.
    ///
    /// ```
    /// let stop = gort::context::after_func(gort::context::background(), || ());
    /// assert!(stop.stop());
    /// assert!(!stop.stop());
    /// ```
    pub fn stop(&self) -> bool {
        (self.0)()
    }
}

impl Deref for StopFunc {
    type Target = dyn Fn() -> bool + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for StopFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StopFunc")
    }
}

/// The inside of a context that somebody else cancels: `signal`.
#[derive(Clone)]
pub(crate) struct Cancelable(Arc<Core>);

impl Cancelable {
    pub(crate) fn cancel(&self, cause: Cause) {
        self.0.cancel(Error::Canceled, cause);
    }

    /// Keeps what will cancel it, until its function is called or nobody can notice the context's
    /// end any more.
    pub(crate) fn attach(&self, attachment: Attachment) {
        self.0.attach(attachment);
    }

    /// Cancels, and drops what was attached.
    pub(crate) fn cancel_func(self) -> CancelFunc {
        CancelFunc(Arc::new(move || {
            self.cancel(Arc::new(Error::Canceled));
            self.0.detach();
        }))
    }
}

/// A context that somebody else cancels. It is shown as its parent between `before` and `after`.
pub(crate) fn cancelable(parent: &Context, before: &'static str, after: String) -> (Context, Cancelable) {
    let (ctx, core) = cancellable(parent, Step::Wrapped { before, after }, parent.deadline());
    (ctx, Cancelable(core))
}

fn cancellable(parent: &Context, step: Step, deadline: Option<Instant>) -> (Context, Arc<Core>) {
    let core = Core::below(parent.node.core.as_ref(), None);
    let ctx = Context::new(Node {
        parent: Some(parent.clone()),
        step,
        core: Some(Arc::clone(&core)),
        deadline,
    });
    (ctx, core)
}

/// A context that is done when the function is called, or when `parent` is done.
///
/// ```
/// use gort::context;
///
/// let (parent, cancel) = context::with_cancel(context::background());
/// let (child, _) = context::with_cancel(&parent);
/// cancel();
/// assert_eq!(child.err(), Some(context::Error::Canceled));
/// ```
#[doc(alias = "WithCancel")]
pub fn with_cancel(parent: impl AsRef<Context>) -> (Context, CancelFunc) {
    let parent = parent.as_ref();
    let (ctx, core) = cancellable(parent, Step::Cancel, parent.deadline());
    (ctx, CancelFunc::of(&core))
}

/// As [`with_cancel`]; the function takes a cause.
///
/// ```
/// use gort::context;
///
/// let (ctx, cancel) = context::with_cancel_cause(context::background());
/// cancel.cancel("enough");
/// assert_eq!(context::cause(&ctx).unwrap().to_string(), "enough");
/// ```
#[doc(alias = "WithCancelCause")]
pub fn with_cancel_cause(parent: impl AsRef<Context>) -> (Context, CancelCauseFunc) {
    let parent = parent.as_ref();
    let (ctx, core) = cancellable(parent, Step::Cancel, parent.deadline());
    (ctx, CancelCauseFunc(core))
}

/// A context that is done at `deadline`, when the function is called, or when `parent` is done.
///
/// ```
/// use gort::prelude::*;
/// use gort::context;
/// use std::time::{Duration, Instant};
///
/// # gort::run(|| {
/// let at = Instant::now() + Duration::from_millis(1);
/// let (ctx, _cancel) = context::with_deadline(context::background(), at);
/// chan!(<-ctx.done());
/// assert!(Instant::now() >= at);
/// assert_eq!(ctx.err(), Some(context::Error::DeadlineExceeded));
/// # });
/// ```
#[doc(alias = "WithDeadline")]
pub fn with_deadline(parent: impl AsRef<Context>, deadline: Instant) -> (Context, CancelFunc) {
    until(parent.as_ref(), deadline, None)
}

/// As [`with_deadline`]; if it is the deadline that ends the context, [`cause`](super::cause) gives
/// `cause`.
///
/// ```
/// use gort::context;
/// use std::time::Instant;
///
/// let (ctx, _cancel) = context::with_deadline_cause(context::background(), Instant::now(), "too slow");
/// assert_eq!(context::cause(&ctx).unwrap().to_string(), "too slow");
/// ```
#[doc(alias = "WithDeadlineCause")]
pub fn with_deadline_cause(
    parent: impl AsRef<Context>,
    deadline: Instant,
    cause: impl Into<Box<dyn StdError + Send + Sync>>,
) -> (Context, CancelFunc) {
    until(parent.as_ref(), deadline, Some(cause.into().into()))
}

/// [`with_deadline`], `timeout` from now.
///
/// ```
/// use gort::prelude::*;
/// use gort::context;
/// use std::time::Duration;
///
/// # gort::run(|| {
/// let (ctx, cancel) = context::with_timeout(context::background(), Duration::from_millis(1));
/// defer! { cancel(); }
/// let never = chan!(());
/// select! {
///     <-never => unreachable!(),
///     <-ctx.done() => assert_eq!(ctx.err().unwrap().to_string(), "context deadline exceeded"),
/// }
/// # });
/// ```
#[doc(alias = "WithTimeout")]
pub fn with_timeout(parent: impl AsRef<Context>, timeout: Duration) -> (Context, CancelFunc) {
    until(parent.as_ref(), crate::time::deadline(timeout), None)
}

/// As [`with_timeout`]; if it is the deadline that ends the context, [`cause`](super::cause) gives
/// `cause`.
///
/// ```
/// use gort::context;
/// use std::time::Duration;
///
/// let (ctx, cancel) = context::with_timeout_cause(context::background(), Duration::from_secs(60), "too slow");
/// cancel();
/// assert_eq!(context::cause(&ctx).unwrap().to_string(), "context canceled");
/// ```
#[doc(alias = "WithTimeoutCause")]
pub fn with_timeout_cause(
    parent: impl AsRef<Context>,
    timeout: Duration,
    cause: impl Into<Box<dyn StdError + Send + Sync>>,
) -> (Context, CancelFunc) {
    until(
        parent.as_ref(),
        crate::time::deadline(timeout),
        Some(cause.into().into()),
    )
}

fn until(parent: &Context, deadline: Instant, cause: Option<Cause>) -> (Context, CancelFunc) {
    if parent.deadline().is_some_and(|earlier| earlier <= deadline) {
        // The parent's comes first.
        return with_cancel(parent);
    }
    let (ctx, core) = cancellable(parent, Step::Deadline(deadline), Some(deadline));
    let cause = cause.unwrap_or_else(|| Arc::new(Error::DeadlineExceeded));
    let left = deadline.saturating_duration_since(gort_runtime::now());
    if left.is_zero() {
        core.cancel(Error::DeadlineExceeded, cause);
    } else {
        // The timer keeps the core: somebody may listen who does not hold the context any more. The
        // core lets go of the timer when it is cancelled, or does not matter any more.
        let late = Arc::clone(&core);
        core.set_timer(|| {
            crate::time::after_func(left, move || {
                late.cancel(Error::DeadlineExceeded, Arc::clone(&cause))
            })
        });
    }
    (ctx, CancelFunc::of(&core))
}

/// A context with a value, for [`Context::value`]. In all else it is as `parent`.
///
/// ```
/// use gort::context::{self, Key};
///
/// struct RequestId;
/// impl Key for RequestId {
///     type Value = String;
/// }
///
/// let ctx = context::with_value::<RequestId>(context::background(), "a7".to_string());
/// assert_eq!(ctx.value::<RequestId>().unwrap(), "a7");
/// ```
#[doc(alias = "WithValue")]
pub fn with_value<K: Key>(parent: impl AsRef<Context>, value: K::Value) -> Context {
    let parent = parent.as_ref();
    Context::new(Node {
        parent: Some(parent.clone()),
        step: Step::Value {
            key: TypeId::of::<K>(),
            name: std::any::type_name::<K>(),
            value: Box::new(value),
        },
        core: parent.node.core.clone(),
        deadline: parent.deadline(),
    })
}

/// A context with `parent`'s values that is not cancelled when `parent` is, and has no deadline.
///
/// ```
/// use gort::context;
///
/// let (parent, cancel) = context::with_cancel(context::background());
/// let ctx = context::without_cancel(&parent);
/// cancel();
/// assert_eq!(ctx.err(), None);
/// ```
#[doc(alias = "WithoutCancel")]
pub fn without_cancel(parent: impl AsRef<Context>) -> Context {
    Context::new(Node {
        parent: Some(parent.as_ref().clone()),
        step: Step::WithoutCancel,
        core: None,
        deadline: None,
    })
}

/// Calls `f` in a goroutine of its own when `ctx` is done; at once if it is done already. The
/// [`StopFunc`] takes that back.
///
/// # Panics
/// A panic of `f` is a panic that nobody can observe: it ends the program.
///
/// ```
/// use gort::prelude::*;
/// use gort::context;
///
/// # gort::run(|| {
/// let (ctx, cancel) = context::with_cancel(context::background());
/// let called = chan!(&str, 1);
/// let tx = called.tx();
/// let stop = context::after_func(&ctx, move || chan!(tx <- "cleaned up"));
/// cancel();
/// assert_eq!(chan!(<-called), Some("cleaned up"));
/// assert!(!stop());
/// # });
/// ```
#[doc(alias = "AfterFunc")]
pub fn after_func(ctx: impl AsRef<Context>, f: impl FnOnce() + Send + 'static) -> StopFunc {
    let core = Core::below(ctx.as_ref().node.core.as_ref(), Some(Box::new(f)));
    StopFunc(Arc::new(move || core.stop()))
}
