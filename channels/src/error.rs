//! What a channel operation can fail with: one type per operation, and a value that was not sent is
//! given back inside.

use std::error::Error;
use std::fmt;

/// The value could not be sent: the channel is closed, or no handle that can receive is left.
///
/// ```
/// let (tx, rx) = gort_channels::channel::<String>(1);
/// drop(rx);
/// let error = tx.send("back".to_string()).unwrap_err();
/// assert_eq!(error.into_inner(), "back");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// Why [`try_send`](crate::Sender::try_send) sent nothing.
///
/// ```
/// use gort_channels::{TrySendError, channel};
/// let (tx, rx) = channel(1);
/// tx.try_send(1).unwrap();
/// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
/// drop(rx);
/// assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
/// tx.close();
/// assert_eq!(tx.try_send(4), Err(TrySendError::Closed(4)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// The buffer is full, or nobody waits at an unbuffered channel.
    Full(T),
    /// The channel is closed.
    Closed(T),
    /// No handle that can receive is left.
    Disconnected(T),
}

/// Why [`send_timeout`](crate::Sender::send_timeout) sent nothing.
///
/// ```
/// use gort_channels::{SendTimeoutError, channel};
/// use std::time::Duration;
/// let (tx, _rx) = channel(0);
/// let error = tx.send_timeout(7, Duration::from_millis(1)).unwrap_err();
/// assert_eq!(error, SendTimeoutError::Timeout(7));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// The time was up first.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
    /// No handle that can receive is left.
    Disconnected(T),
}

/// Why [`try_recv`](crate::Receiver::try_recv) received nothing.
///
/// ```
/// use gort_channels::{TryRecvError, channel};
/// let (tx, rx) = channel::<u8>(1);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// drop(tx);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is there now.
    Empty,
    /// The channel is closed and drained: nothing will ever be there.
    Closed,
}

/// Why [`recv_timeout`](crate::Receiver::recv_timeout) received nothing.
///
/// ```
/// use gort_channels::{RecvTimeoutError, channel};
/// use std::time::Duration;
/// let (_tx, rx) = channel::<u8>(0);
/// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time was up first.
    Timeout,
    /// The channel is closed and drained.
    Closed,
}

/// [`Select::select`](crate::Select::select) has nothing to wait for: it is empty, or each of its
/// operations has dropped out.
///
/// ```
/// let mut select = gort_channels::Select::new();
/// assert_eq!(select.select().unwrap_err(), gort_channels::SelectError);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectError;

/// Why [`Select::try_select`](crate::Select::try_select) chose nothing.
///
/// ```
/// use gort_channels::{Select, TrySelectError, channel};
/// let (_tx, rx) = channel::<u8>(0);
/// let mut select = Select::new();
/// select.recv(&rx);
/// assert_eq!(select.try_select().unwrap_err(), TrySelectError::NotReady);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrySelectError {
    /// No operation can be done now.
    NotReady,
    /// No operation can ever be done.
    DroppedOut,
}

/// Why [`Select::select_timeout`](crate::Select::select_timeout) chose nothing.
///
/// ```
/// use gort_channels::{Select, SelectTimeoutError, channel};
/// let (_tx, rx) = channel::<u8>(0);
/// let mut select = Select::new();
/// select.recv(&rx);
/// let error = select.select_timeout(std::time::Duration::from_millis(1)).unwrap_err();
/// assert!(error.is_timeout());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectTimeoutError {
    /// The time was up first.
    Timeout,
    /// No operation can ever be done.
    DroppedOut,
}

const CLOSED: &str = "the channel is closed";
const NO_RECEIVER: &str = "no receiver is left";
const TIMEOUT: &str = "timed out";
const DROPPED_OUT: &str = "no operation can ever become ready";

impl<T> SendError<T> {
    /// The value that was not sent.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (tx, rx) = channel(1);
    /// drop(rx);
    /// assert_eq!(tx.send("kept").unwrap_err().into_inner(), "kept");
    /// ```
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// The value that was not sent.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (tx, _rx) = channel(0);
    /// assert_eq!(tx.try_send("kept").unwrap_err().into_inner(), "kept");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether it may work later.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (tx, _rx) = channel(0);
    /// assert!(tx.try_send(1).unwrap_err().is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the channel is closed.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (tx, _rx) = channel(1);
    /// tx.close();
    /// assert!(tx.try_send(1).unwrap_err().is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether nobody can receive any more.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (tx, rx) = channel(1);
    /// drop(rx);
    /// assert!(tx.try_send(1).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> SendTimeoutError<T> {
    /// The value that was not sent.
    ///
    /// ```
    /// use gort_channels::channel;
    /// use std::time::Duration;
    /// let (tx, _rx) = channel(0);
    /// assert_eq!(tx.send_timeout("kept", Duration::ZERO).unwrap_err().into_inner(), "kept");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Closed(value) | Self::Disconnected(value) => value,
        }
    }

    /// Whether the time was up.
    ///
    /// ```
    /// use gort_channels::channel;
    /// use std::time::Duration;
    /// let (tx, _rx) = channel(0);
    /// assert!(tx.send_timeout(1, Duration::from_millis(1)).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether the channel is closed.
    ///
    /// ```
    /// use gort_channels::channel;
    /// use std::time::Duration;
    /// let (tx, _rx) = channel(0);
    /// tx.close();
    /// assert!(tx.send_timeout(1, Duration::from_secs(1)).unwrap_err().is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// Whether nobody can receive any more.
    ///
    /// ```
    /// use gort_channels::channel;
    /// use std::time::Duration;
    /// let (tx, rx) = channel(0);
    /// drop(rx);
    /// assert!(tx.send_timeout(1, Duration::from_secs(1)).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl TryRecvError {
    /// Whether it may work later.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (_tx, rx) = channel::<u8>(1);
    /// assert!(rx.try_recv().unwrap_err().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// Whether the channel is closed and drained.
    ///
    /// ```
    /// use gort_channels::channel;
    /// let (tx, rx) = channel::<u8>(1);
    /// drop(tx);
    /// assert!(rx.try_recv().unwrap_err().is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

impl RecvTimeoutError {
    /// Whether the time was up.
    ///
    /// ```
    /// use gort_channels::channel;
    /// use std::time::Duration;
    /// let (_tx, rx) = channel::<u8>(1);
    /// assert!(rx.recv_timeout(Duration::from_millis(1)).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        *self == Self::Timeout
    }

    /// Whether the channel is closed and drained.
    ///
    /// ```
    /// use gort_channels::channel;
    /// use std::time::Duration;
    /// let (tx, rx) = channel::<u8>(1);
    /// drop(tx);
    /// assert!(rx.recv_timeout(Duration::from_secs(1)).unwrap_err().is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

impl TrySelectError {
    /// Whether it may work later.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    ///
    /// let ch = Chan::<u8>::new(0);
    /// let mut set = Select::new();
    /// set.recv(&ch);
    /// assert!(set.try_select().unwrap_err().is_not_ready());
    /// ```
    pub fn is_not_ready(&self) -> bool {
        *self == Self::NotReady
    }

    /// Whether no operation can ever be done.
    ///
    /// ```
    /// assert!(gort_channels::Select::new().try_select().unwrap_err().is_dropped_out());
    /// ```
    pub fn is_dropped_out(&self) -> bool {
        *self == Self::DroppedOut
    }
}

impl SelectTimeoutError {
    /// Whether the time was up.
    ///
    /// ```
    /// use gort_channels::{Chan, Select};
    /// use std::time::Duration;
    /// let ch = Chan::<u8>::new(0);
    /// let mut set = Select::new();
    /// set.recv(&ch);
    /// assert!(set.select_timeout(Duration::from_millis(1)).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        *self == Self::Timeout
    }

    /// Whether no operation can ever be done.
    ///
    /// ```
    /// use std::time::Duration;
    /// let error = gort_channels::Select::new().select_timeout(Duration::from_secs(1)).unwrap_err();
    /// assert!(error.is_dropped_out());
    /// ```
    pub fn is_dropped_out(&self) -> bool {
        *self == Self::DroppedOut
    }
}

// The values are left out of Debug, so that `unwrap` works whatever `T` is.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
            Self::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot send: the channel is closed or no receiver is left")
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => CLOSED,
            Self::Disconnected(_) => NO_RECEIVER,
        };
        write!(f, "cannot send: {why}")
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Timeout(_) => TIMEOUT,
            Self::Closed(_) => CLOSED,
            Self::Disconnected(_) => NO_RECEIVER,
        };
        write!(f, "cannot send: {why}")
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Empty => "the channel is empty",
            Self::Closed => CLOSED,
        };
        write!(f, "cannot receive: {why}")
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Timeout => TIMEOUT,
            Self::Closed => CLOSED,
        };
        write!(f, "cannot receive: {why}")
    }
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot select: {DROPPED_OUT}")
    }
}

impl fmt::Display for TrySelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::NotReady => "no operation is ready",
            Self::DroppedOut => DROPPED_OUT,
        };
        write!(f, "cannot select: {why}")
    }
}

impl fmt::Display for SelectTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Timeout => TIMEOUT,
            Self::DroppedOut => DROPPED_OUT,
        };
        write!(f, "cannot select: {why}")
    }
}

impl<T> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl<T> Error for SendTimeoutError<T> {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
impl Error for SelectError {}
impl Error for TrySelectError {}
impl Error for SelectTimeoutError {}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(error: SendError<T>) -> Self {
        Self::Closed(error.0)
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(error: SendError<T>) -> Self {
        Self::Closed(error.0)
    }
}

impl From<SelectError> for TrySelectError {
    fn from(SelectError: SelectError) -> Self {
        Self::DroppedOut
    }
}

impl From<SelectError> for SelectTimeoutError {
    fn from(SelectError: SelectError) -> Self {
        Self::DroppedOut
    }
}
