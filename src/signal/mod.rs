//! Signals of the operating system: Go's package `os/signal`.
//!
//! A program that asks for a signal gets it from a channel, and what the signal would have done
//! does not happen. When nobody listens any more, it happens again.
//!
//! ```
//! use gort::prelude::*;
//! use gort::signal::{self, Signal};
//!
//! # gort::run(|| {
//! let stop = signal::notify(&[Signal::INT, Signal::TERM]);
//! go!({
//!     Signal::TERM.raise().unwrap(); // as `kill PID` does
//! });
//! select! {
//!     Some(signal) = <-stop => assert_eq!(signal.to_string(), "terminated"),
//! }
//! drop(stop);                        // Go's `signal.Stop`: the next one ends the program
//! # });
//! ```
//!
//! # Where it differs from Go
//!
//! * The channel is made by [`notify`], and dropping its last receiver is `Stop`.
//! * When [`reset`] or [`ignore`] takes the last signal of a channel, the channel is closed.
//! * A number that cannot be caught, or must not be, is no [`Signal`]; Go's `Notify` takes it and
//!   does nothing.
//! * A signal that everybody has stopped listening for does again what it did before gort was
//!   asked, even if that is not the system's default: SIGPIPE, which Rust's programs ignore, is
//!   ignored.
//!
//! While anybody listens no deadlock is reported: a signal may still come.

use std::fmt;
use std::io;

use gort_runtime::signals::{Action, is_ignored};

use crate::Receiver;
use crate::context::{self, CancelFunc, Context};

mod listeners;
mod names;

use listeners::Listening;
use listeners::{Set, Target};
pub use names::{Signal, SignalError};

/// The room in a channel of [`notify`].
pub const CAPACITY: usize = 16;

/// A channel that gives each of `signals` that the process receives; with an empty list, every
/// signal that has a name.
///
/// It has room for [`CAPACITY`] signals; one that comes while it is full is dropped, as in Go.
/// Equal signals that come faster than they are handed on may become one. Several channels may
/// listen for the same signal: each gets it.
///
/// Dropping the last receiver stops the delivery. If nobody else listens for a signal then, it does
/// what it did before.
///
/// # Panics
/// If the system refuses the thread, or the descriptors, that signals are received with.
///
/// ```
/// use gort::signal::{self, Signal};
///
/// # gort::run(|| {
/// let changes = signal::notify(&[Signal::WINCH]);
/// Signal::WINCH.raise().unwrap();
/// assert_eq!(changes.recv(), Some(Signal::WINCH));
/// # });
/// ```
#[doc(alias = "Notify")]
#[doc(alias = "Stop")]
#[track_caller]
pub fn notify(signals: &[Signal]) -> Receiver<Signal> {
    notify_buffered(CAPACITY, signals)
}

/// As [`notify`], with room for `capacity` signals. With none, a signal is dropped unless somebody
/// is receiving.
///
/// # Panics
/// As [`notify`].
///
/// ```
/// use gort::signal::{self, Signal};
///
/// assert_eq!(signal::notify_buffered(1, &[Signal::USR1]).capacity(), 1);
/// ```
#[track_caller]
pub fn notify_buffered(capacity: usize, signals: &[Signal]) -> Receiver<Signal> {
    let (sender, receiver) = crate::channel(capacity);
    match listeners::add(Set::of(signals), Target::Channel(sender.clone())) {
        Ok(id) => sender.feed(move || listeners::remove(id)),
        Err(error) => refused(&error),
    }
    receiver
}

#[track_caller]
fn refused(error: &io::Error) -> ! {
    panic!("os/signal: cannot listen for signals: {error}")
}

/// A context that is done when one of `signals` comes, when the function is called, or when
/// `parent` is done. An empty list is every signal that has a name.
///
/// [`cause`](crate::context::cause) gives [`Received`] if it was a signal. Only the first one
/// counts, but the others are caught too, until the function is called, as in Go, or the context is
/// gone: so call it as soon as the context is done, if a second Ctrl-C is to end the program.
///
/// # Panics
/// As [`notify`].
///
/// ```
/// use gort::prelude::*;
/// use gort::context;
/// use gort::signal::{self, Received, Signal};
///
/// # gort::run(|| {
/// let (ctx, stop) = signal::notify_context(context::background(), &[Signal::INT, Signal::USR2]);
/// assert_eq!(
///     ctx.to_string(),
///     "signal.NotifyContext(context.Background, [interrupt user defined signal 2])"
/// );
/// Signal::USR2.raise().unwrap();
/// chan!(<-ctx.done());
/// stop();
/// let cause = context::cause(&ctx).unwrap();
/// assert_eq!(cause.to_string(), "user defined signal 2 signal received");
/// assert_eq!(cause.downcast_ref(), Some(&Received(Signal::USR2)));
/// # });
/// ```
#[doc(alias = "NotifyContext")]
#[track_caller]
pub fn notify_context(parent: impl AsRef<Context>, signals: &[Signal]) -> (Context, CancelFunc) {
    let words: Vec<String> = signals.iter().map(ToString::to_string).collect();
    let after = match signals {
        [] => ")".to_owned(),
        _ => format!(", [{}])", words.join(" ")),
    };
    let (ctx, cancelable) = context::cancelable(parent.as_ref(), "signal.NotifyContext(", after);
    match listeners::add(Set::of(signals), Target::Context(cancelable.clone())) {
        Ok(id) => cancelable.attach(Box::new(Listening(id))),
        Err(error) => refused(&error),
    }
    (ctx, cancelable.cancel_func())
}

/// The cause of a context that a signal has cancelled. Its source is
/// [`Error::Canceled`](crate::context::Error), so that [`is_in`](crate::context::Error::is_in)
/// finds it, as Go's `errors.Is` does.
///
/// ```
/// use gort::context::Error;
/// use gort::signal::{Received, Signal};
///
/// assert_eq!(Received(Signal::INT).to_string(), "interrupt signal received");
/// assert!(Error::Canceled.is_in(&Received(Signal::INT)));
/// assert!(!Error::DeadlineExceeded.is_in(&Received(Signal::INT)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Received(pub Signal);

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signal received", self.0)
    }
}

impl std::error::Error for Received {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&crate::context::Error::Canceled)
    }
}

/// Takes `signals` from everybody who listens for them, and undoes [`ignore`]: they do again what
/// they did before. An empty list is all signals that have a name.
///
/// A channel that has no signal left is closed, after what is in it. A signal that comes meanwhile
/// is either in it, or does what it did before: this waits until what was caught is delivered.
///
/// ```
/// use gort::signal::{self, Signal};
///
/// # gort::run(|| {
/// let hangups = signal::notify(&[Signal::HUP]);
/// signal::reset(&[Signal::HUP]);
/// assert_eq!(hangups.recv(), None);
/// # });
/// ```
#[doc(alias = "Reset")]
pub fn reset(signals: &[Signal]) {
    listeners::unwant(Set::of(signals), Action::AsBefore);
}

/// Has `signals` do nothing, and takes them from everybody who listens for them. An empty list is
/// all signals that have a name.
///
/// Programs that are started afterwards ignore them too. [`reset`] and [`notify`] undo it.
///
/// ```
/// use gort::signal::{self, Signal};
///
/// signal::ignore(&[Signal::USR1]);
/// assert!(signal::ignored(Signal::USR1));
/// Signal::USR1.raise().unwrap(); // nothing happens
/// signal::reset(&[Signal::USR1]);
/// assert!(!signal::ignored(Signal::USR1));
/// ```
#[doc(alias = "Ignore")]
pub fn ignore(signals: &[Signal]) {
    listeners::unwant(Set::of(signals), Action::Ignore);
}

/// Whether the process ignores a signal, because of [`ignore`] or since it was started.
///
/// ```
/// use gort::signal::{self, Signal};
///
/// assert!(signal::ignored(Signal::PIPE), "Rust's programs ignore it");
/// assert!(!signal::ignored(Signal::TERM));
/// ```
#[doc(alias = "Ignored")]
pub fn ignored(signal: Signal) -> bool {
    is_ignored(signal.as_raw())
}
