//! What can go wrong with a descriptor that is watched.

use std::fmt;
use std::io;

/// A descriptor could not be registered. It is given back.
pub struct RegisterError<T> {
    /// What the system said.
    pub error: io::Error,
    /// The descriptor; it may be non-blocking now.
    pub io: T,
}

impl<T> fmt::Debug for RegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for RegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the descriptor cannot be watched: {}", self.error)
    }
}

impl<T> std::error::Error for RegisterError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<T> From<RegisterError<T>> for io::Error {
    fn from(error: RegisterError<T>) -> io::Error {
        error.error
    }
}

/// A descriptor for which the system has no events.
#[derive(Debug)]
pub(super) struct NotPollable;

impl fmt::Display for NotPollable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system has no events for a file or a directory: use gort::fs, or gort::blocking")
    }
}

impl std::error::Error for NotPollable {}

/// The descriptor was closed, by this goroutine or another one.
///
/// As an `io::Error` its kind is `NotConnected`, with this as its source.
#[doc(alias = "ErrClosed")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("use of closed network connection")
    }
}

impl std::error::Error for Closed {}

impl From<Closed> for io::Error {
    fn from(closed: Closed) -> io::Error {
        io::Error::new(io::ErrorKind::NotConnected, closed)
    }
}
