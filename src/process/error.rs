//! Why waiting for a child is an error although the child has ended.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::process::{ExitStatus, Output};

use crate::context::Error;

/// A child did not end by itself: its context ended it, or its output did not end in time.
///
/// It comes inside of an [`io::Error`], whose kind is `TimedOut` unless a context was cancelled,
/// and which gives it by [`downcast`](io::Error::downcast) or [`get_ref`](io::Error::get_ref).
///
/// ```
/// use gort::context;
/// use gort::process::{Command, WaitError};
///
/// gort::run(|| {
///     let (ctx, cancel) = context::with_cancel(context::background());
///     let child = Command::new("sleep").arg("1000").context(&ctx).spawn().unwrap();
///     cancel();
///     let error = child.wait_with_output().unwrap_err();
///     assert_eq!(error.to_string(), "context canceled (signal: 9 (SIGKILL))");
///     let ended = error.downcast::<WaitError>().unwrap();
///     assert_eq!(ended.context_error(), Some(context::Error::Canceled));
///     assert!(!ended.status().success());
/// });
/// ```
#[derive(Debug)]
pub struct WaitError {
    reason: Option<Error>,
    output: Output,
}

impl WaitError {
    /// `reason`: why the context ended it; `None` if the wait delay did.
    pub(super) fn new(reason: Option<Error>, output: Output) -> WaitError {
        WaitError { reason, output }
    }

    /// Why the context was done; `None` if the child had ended by itself, but its output was open
    /// after the [wait delay](super::Command::wait_delay).
    ///
    /// ```
    /// use gort::context::{self, Error};
    /// use gort::process::{Command, WaitError};
    ///
    /// gort::run(|| {
    ///     let (ctx, cancel) = context::with_cancel(context::background());
    ///     let mut child = Command::new("sleep").arg("1000").context(&ctx).spawn().unwrap();
    ///     cancel();
    ///     let error = child.wait().unwrap_err().downcast::<WaitError>().unwrap();
    ///     assert_eq!(error.context_error(), Some(Error::Canceled));
    /// });
    /// ```
    pub fn context_error(&self) -> Option<Error> {
        self.reason
    }

    /// How the child ended.
    ///
    /// ```
    /// # use gort::process::WaitError;
    /// fn by_a_signal(error: &WaitError) -> bool {
    ///     error.status().code().is_none()
    /// }
    /// ```
    pub fn status(&self) -> ExitStatus {
        self.output.status
    }

    /// How the child ended, and, where output was collected, what it had written by then.
    ///
    /// ```
    /// # use gort::process::WaitError;
    /// fn first_words(error: &WaitError) -> &[u8] {
    ///     &error.output().stdout
    /// }
    /// ```
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// As [`output`](WaitError::output).
    ///
    /// ```
    /// # use gort::process::{Output, WaitError};
    /// fn good_enough(error: WaitError) -> Output {
    ///     error.into_output()
    /// }
    /// ```
    pub fn into_output(self) -> Output {
        self.output
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(f, "{reason} ({})", self.status()),
            None => write!(
                f,
                "wait delay expired before output was complete ({})",
                self.status()
            ),
        }
    }
}

impl StdError for WaitError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.reason.as_ref().map(|reason| reason as _)
    }
}

impl From<WaitError> for io::Error {
    fn from(error: WaitError) -> io::Error {
        let kind = match error.reason {
            Some(Error::Canceled) => io::ErrorKind::Other,
            Some(Error::DeadlineExceeded) | None => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, error)
    }
}

/// What kept a child from being started.
pub(super) fn not_started(error: Error) -> io::Error {
    match error {
        Error::Canceled => io::Error::other(error),
        Error::DeadlineExceeded => io::Error::new(io::ErrorKind::TimedOut, error),
    }
}
