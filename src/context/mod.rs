//! Deadlines, cancellation and values that go along with a piece of work, across goroutines: Go's
//! package `context`.
//!
//! A [`Context`] is handed down the calls of a piece of work. Functions here derive a context from
//! a parent; when a context is cancelled, so are all that were derived from it.
//!
//! ```
//! use gort::prelude::*;
//! use gort::context;
//! use std::time::Duration;
//!
//! # gort::run(|| {
//! let (ctx, cancel) = context::with_timeout(context::background(), Duration::from_secs(60));
//! let numbers = chan!(u64);
//! let (out, done) = (numbers.tx(), ctx.done());
//! let producer = go!({
//!     for n in 0.. {
//!         select! {
//!             out <- n => {}
//!             <-done => return n,
//!         }
//!     }
//!     unreachable!()
//! });
//! assert_eq!((chan!(<-numbers), chan!(<-numbers)), (Some(0), Some(1)));
//! cancel();
//! assert_eq!(producer.join().unwrap(), 2);
//! assert_eq!(ctx.err(), Some(context::Error::Canceled));
//! # });
//! ```
//!
//! # Dropping instead of cancelling
//!
//! Dropping a [`CancelFunc`] cancels nothing, as in Go: `let (ctx, _) = with_timeout(…)` is a
//! context with a timeout. What Go leaks then until the parent is cancelled, is freed here: a
//! context that nobody holds and nobody listens to leaves its parent and stops its timer. To cancel
//! at the end of a block write `defer! { cancel(); }`, or keep what [`CancelFunc::on_drop`] gives.
//!
//! # Where it differs from Go
//!
//! `Context` is a type and no interface, so there are no contexts of other makes, and no `None`
//! parent. Values have [typed keys](Key).

use std::any::{Any, TypeId};
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::Receiver;

mod cancel;
#[cfg(not(loom))]
mod derive;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

use cancel::Core;
#[cfg(not(loom))]
pub use derive::{
    CancelCauseFunc, CancelFunc, CancelOnDrop, StopFunc, after_func, with_cancel, with_cancel_cause,
    with_deadline, with_deadline_cause, with_timeout, with_timeout_cause, with_value, without_cancel,
};
#[cfg(not(loom))]
pub(crate) use derive::{Cancelable, cancelable};

/// Why a context is done.
///
/// ```
/// use gort::context::{self, Error};
///
/// let (ctx, cancel) = context::with_cancel(context::background());
/// cancel();
/// assert_eq!(ctx.err(), Some(Error::Canceled));
/// assert_eq!(Error::DeadlineExceeded.to_string(), "context deadline exceeded");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// It was cancelled: `context canceled`.
    Canceled,
    /// Its deadline has passed: `context deadline exceeded`.
    DeadlineExceeded,
}

impl Error {
    /// Whether it is [`DeadlineExceeded`](Error::DeadlineExceeded).
    ///
    /// ```
    /// assert!(gort::context::Error::DeadlineExceeded.is_timeout());
    /// ```
    #[doc(alias = "Timeout")]
    pub fn is_timeout(&self) -> bool {
        *self == Error::DeadlineExceeded
    }

    /// Whether `error` is this one, or came of it: Go's `errors.Is(err, context.Canceled)`. Looks
    /// at its [sources](StdError::source), and into an `io::Error` made from another error.
    ///
    /// ```
    /// use gort::context::{self, Error};
    /// use gort::net;
    ///
    /// let (ctx, cancel) = context::with_cancel(context::background());
    /// cancel();
    /// let error = net::dial_ctx(&ctx, "127.0.0.1:9").unwrap_err();
    /// assert!(Error::Canceled.is_in(&error));
    /// assert!(!Error::DeadlineExceeded.is_in(&error));
    /// // A cause may be any error: a signal's has `Canceled` as its source.
    /// assert!(Error::Canceled.is_in(&*context::cause(&ctx).unwrap()));
    /// ```
    #[doc(alias = "errors.Is")]
    pub fn is_in(&self, error: &(dyn StdError + 'static)) -> bool {
        std::iter::successors(Some(error), |&error| beneath(error))
            .any(|error| error.downcast_ref() == Some(self))
    }
}

/// What an error came of. (The source of an `io::Error` made from another error is not that one,
/// but the next.)
fn beneath<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Canceled => "context canceled",
            Error::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl StdError for Error {}

/// What a context was cancelled with; see [`cause`].
///
/// ```
/// use gort::context::{self, Cause};
///
/// let (ctx, cancel) = context::with_cancel_cause(context::background());
/// cancel.cancel("disk full");
/// let cause: Option<Cause> = context::cause(ctx);
/// assert_eq!(cause.unwrap().to_string(), "disk full");
/// ```
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// A key for [`with_value`]: a type of one's own, which names a value and its type.
///
/// ```
/// use gort::context::{self, Key};
///
/// struct UserId;
/// impl Key for UserId {
///     type Value = u64;
/// }
///
/// let ctx = context::with_value::<UserId>(context::background(), 7);
/// assert_eq!(ctx.value::<UserId>(), Some(&7));
/// ```
pub trait Key: 'static {
    /// What is stored under the key.
    type Value: Send + Sync + 'static;
}

/// A deadline, a cancellation signal and values. Cloning it gives another handle of the same
/// context.
///
/// `Debug` and `Display` show how it was derived, as in Go: `context.Background.WithCancel`.
///
/// ```
/// use gort::context;
/// use gort::prelude::*;
///
/// gort::run(|| {
///     let (ctx, cancel) = context::with_cancel(context::background());
///     let worker = go!([ctx] {
///         select! { <-ctx.done() => ctx.err() }
///     });
///     cancel();
///     assert_eq!(worker.join().unwrap(), Some(context::Error::Canceled));
/// });
/// ```
#[derive(Clone)]
pub struct Context {
    node: Arc<Node>,
}

/// One step of a derivation.
struct Node {
    parent: Option<Context>,
    step: Step,
    /// What cancels it: its own core, or the next one above; `None` if nothing ever does.
    core: Option<Arc<Core>>,
    deadline: Option<Instant>,
}

enum Step {
    Background,
    Todo,
    Cancel,
    Deadline(Instant),
    Value {
        key: TypeId,
        name: &'static str,
        value: Box<dyn Any + Send + Sync>,
    },
    WithoutCancel,
    /// Cancelled by somebody else: how it is shown.
    #[cfg(not(loom))]
    Wrapped {
        before: &'static str,
        after: String,
    },
}

impl Node {
    /// Whether the core is its own, and not an ancestor's.
    fn owns_core(&self) -> bool {
        match self.step {
            Step::Cancel | Step::Deadline(_) => true,
            #[cfg(not(loom))]
            Step::Wrapped { .. } => true,
            _ => false,
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop, since a chain may be longer than a stack is deep.
        let mut next = self.leave();
        while let Some(mut node) = next.and_then(|parent| Arc::into_inner(parent.node)) {
            next = node.leave();
        }
    }
}

impl Node {
    /// The last handle is gone: leaves what it was part of, and gives the parent.
    fn leave(&mut self) -> Option<Context> {
        if self.owns_core()
            && let Some(core) = self.core.take()
        {
            core.unheld();
        }
        self.parent.take()
    }
}

impl AsRef<Context> for Context {
    fn as_ref(&self) -> &Context {
        self
    }
}

fn root(slot: &'static OnceLock<Context>, step: Step) -> Context {
    slot.get_or_init(|| {
        Context::new(Node {
            parent: None,
            step,
            core: None,
            deadline: None,
        })
    })
    .clone()
}

/// The root of all contexts: never cancelled, no deadline, no values.
///
/// ```
/// let ctx = gort::context::background();
/// assert_eq!(ctx.err(), None);
/// assert_eq!(format!("{ctx}"), "context.Background");
/// ```
#[doc(alias = "Background")]
pub fn background() -> Context {
    static BACKGROUND: OnceLock<Context> = OnceLock::new();
    root(&BACKGROUND, Step::Background)
}

/// As [`background`], for where it is not clear yet which context to use.
///
/// ```
/// assert_eq!(format!("{}", gort::context::todo()), "context.TODO");
/// ```
#[doc(alias = "TODO")]
pub fn todo() -> Context {
    static TODO: OnceLock<Context> = OnceLock::new();
    root(&TODO, Step::Todo)
}

/// Why `ctx` was cancelled: what the function of [`with_cancel_cause`] was given, or the cause of
/// the deadline, or else the same as [`Context::err`]. `None` while it is not done.
///
/// ```
/// use gort::context;
///
/// let (ctx, cancel) = context::with_cancel_cause(context::background());
/// assert!(context::cause(&ctx).is_none());
/// cancel.cancel(std::io::Error::other("disk full"));
/// assert_eq!(context::cause(&ctx).unwrap().to_string(), "disk full");
/// assert_eq!(ctx.err(), Some(context::Error::Canceled));
/// ```
#[doc(alias = "Cause")]
pub fn cause(ctx: impl AsRef<Context>) -> Option<Cause> {
    ctx.as_ref().node.core.as_ref()?.cause()
}

impl Context {
    fn new(node: Node) -> Context {
        Context { node: Arc::new(node) }
    }

    /// The channel that is closed when the context is done; for one that is never cancelled, a
    /// channel that never is. Each call gives a handle of the same channel.
    ///
    /// ```
    /// use gort::prelude::*;
    /// use gort::context;
    ///
    /// # gort::run(|| {
    /// let (ctx, cancel) = context::with_cancel(context::background());
    /// go!({ cancel(); });
    /// chan!(<-ctx.done());
    /// assert!(ctx.err().is_some());
    /// # });
    /// ```
    #[doc(alias = "Done")]
    pub fn done(&self) -> Receiver<()> {
        match &self.node.core {
            Some(core) => core.done(),
            None => never(),
        }
    }

    /// Why it is done; `None` until [`done`](Context::done) is closed, and never afterwards.
    ///
    /// ```
    /// use gort::context::{self, Error};
    /// use std::time::Duration;
    ///
    /// let (ctx, _cancel) = context::with_timeout(context::background(), Duration::ZERO);
    /// assert_eq!(ctx.err(), Some(Error::DeadlineExceeded));
    /// ```
    #[doc(alias = "Err")]
    pub fn err(&self) -> Option<Error> {
        self.node.core.as_ref()?.err()
    }

    /// When it will be cancelled at the latest.
    ///
    /// ```
    /// use gort::context;
    /// use std::time::{Duration, Instant};
    ///
    /// assert_eq!(context::background().deadline(), None);
    /// let at = Instant::now() + Duration::from_secs(60);
    /// let (ctx, _cancel) = context::with_deadline(context::background(), at);
    /// assert_eq!(ctx.deadline(), Some(at));
    /// ```
    #[doc(alias = "Deadline")]
    pub fn deadline(&self) -> Option<Instant> {
        self.node.deadline
    }

    /// The value that was stored under `K` last, on the way from the root to this context.
    ///
    /// ```
    /// use gort::context::{self, Key};
    ///
    /// struct Name;
    /// impl Key for Name {
    ///     type Value = String;
    /// }
    /// assert_eq!(context::background().value::<Name>(), None);
    /// ```
    #[doc(alias = "Value")]
    pub fn value<K: Key>(&self) -> Option<&K::Value> {
        self.ancestors().find_map(|node| match &node.step {
            Step::Value { key, value, .. } if *key == TypeId::of::<K>() => value.downcast_ref(),
            _ => None,
        })
    }

    /// This one, its parent, and so on.
    fn ancestors(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(&*self.node), |node| {
            node.parent.as_ref().map(|parent| &*parent.node)
        })
    }
}

/// So that a wait for a lock ends with it: [`Mutex::lock_ctx`](crate::sync::Mutex::lock_ctx) and
/// the like.
#[cfg(not(loom))]
impl crate::sync::Cancellation for Context {
    type Error = Error;

    fn err(&self) -> Option<Error> {
        self.err()
    }

    fn done(&self) -> Receiver<()> {
        self.done()
    }
}

/// A channel on which nothing ever happens.
fn never() -> Receiver<()> {
    static NEVER: OnceLock<(crate::Sender<()>, Receiver<()>)> = OnceLock::new();
    NEVER.get_or_init(|| crate::channel(0)).1.clone()
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.ancestors().map(|node| &node.step).collect();
        #[cfg(not(loom))]
        for step in &steps {
            if let Step::Wrapped { before, .. } = step {
                f.write_str(before)?;
            }
        }
        for step in steps.into_iter().rev() {
            match step {
                #[cfg(not(loom))]
                Step::Wrapped { after, .. } => f.write_str(after)?,
                Step::Background => f.write_str("context.Background")?,
                Step::Todo => f.write_str("context.TODO")?,
                Step::Cancel => f.write_str(".WithCancel")?,
                Step::Deadline(at) => {
                    let left = at.saturating_duration_since(gort_runtime::now());
                    write!(f, ".WithDeadline({at:?} [{left:?}])")?;
                }
                Step::Value { name, .. } => write!(f, ".WithValue({name})")?,
                Step::WithoutCancel => f.write_str(".WithoutCancel")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
