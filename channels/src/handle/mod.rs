//! What people hold: [`Chan`], [`Sender`], [`Receiver`].
//!
//! The three differ only in which side they count on and which methods they have. The methods of each side are written once,
//! as macros, and given to the handles of that side.

pub(crate) mod count;
mod iter;
mod receiver;
mod sender;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};

use self::count::{Counted, RECEIVES, SENDS};
pub use self::iter::{IntoIter, Iter, TryIter};
use self::receiver::receive_methods;
use self::sender::send_methods;

/// Makes a channel with room for `capacity` values and returns its two ends.
///
/// With capacity 0 a send waits until a receiver takes the value.
///
/// # Panics
/// With `makechan: size out of range` if that many values cannot be held in memory.
///
/// ```
/// let (tx, rx) = gort_channels::channel::<&str>(1);
/// tx.send("hello").unwrap();
/// assert_eq!(rx.recv(), Some("hello"));
/// ```
#[doc(alias = "make")]
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let counted = Counted::<T, RECEIVES>::new(capacity);
    (
        Sender {
            counted: counted.alias(),
        },
        Receiver { counted },
    )
}

/// Both directions of a channel: Go's `chan T`.
///
/// Cloning it makes another handle to the same channel. As long as a `Chan` is left, the channel can be sent to and received
/// from, so it is not closed by itself: keep [`tx`](Chan::tx) or [`rx`](Chan::rx) where one direction is enough.
///
/// ```
/// use gort_channels::Chan;
/// let numbers = Chan::<u32>::new(2);
/// let tx = numbers.tx();
/// tx.send(1).unwrap();
/// numbers.send(2).unwrap();
/// numbers.close();
/// assert_eq!(numbers.iter().sum::<u32>(), 3);
/// ```
#[doc(alias = "chan")]
pub struct Chan<T> {
    counted: Counted<T, { SENDS | RECEIVES }>,
}

/// The end that sends: Go's `chan<- T`.
///
/// Clones send to the same channel. When the last handle that can send is dropped, the channel is closed.
///
/// ```
/// let (tx, rx) = gort_channels::channel(0);
/// let thread = std::thread::spawn(move || tx.send(5).unwrap());
/// assert_eq!(rx.recv(), Some(5));
/// thread.join().unwrap();
/// assert_eq!(rx.recv(), None);
/// ```
#[doc(alias = "chan<-")]
pub struct Sender<T> {
    counted: Counted<T, SENDS>,
}

/// The end that receives: Go's `<-chan T`.
///
/// Clones receive from the same channel: each value goes to one of them. When the last handle that can receive is dropped,
/// sends fail and give the value back, and values nobody took are dropped.
///
/// ```
/// let (tx, rx) = gort_channels::channel(0);
/// drop(rx);
/// assert_eq!(tx.send(5).unwrap_err().into_inner(), 5);
/// ```
#[doc(alias = "<-chan")]
pub struct Receiver<T> {
    counted: Counted<T, RECEIVES>,
}

send_methods!(Sender);
send_methods!(Chan);
receive_methods!(Receiver);
receive_methods!(Chan);

impl<T> Sender<T> {
    /// Makes the channel the outlet of an event source, such as a timer: it stays open even when the last handle that can
    /// send is gone, and `abandoned` is called when the last one that can receive is, so that the source can stop. Called
    /// again, it calls the function that it was given before.
    ///
    /// ```
    /// use gort_channels::{TryRecvError, channel};
    /// use std::sync::mpsc;
    ///
    /// let (note, stopped) = mpsc::channel();
    /// let (tx, rx) = channel::<()>(0);
    /// tx.feed(move || note.send("nobody listens").unwrap());
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// drop(rx);
    /// assert_eq!(stopped.recv().unwrap(), "nobody listens");
    /// ```
    pub fn feed(&self, abandoned: impl FnOnce() + Send + 'static) {
        self.core().feed(Box::new(abandoned));
    }

    /// Whether some goroutine waits to receive, about: for event sources that need not hurry when none does.
    ///
    /// ```
    /// let (tx, _rx) = gort_channels::channel::<u8>(0);
    /// assert!(!tx.is_awaited());
    /// ```
    pub fn is_awaited(&self) -> bool {
        !self.core().recvq().looks_empty()
    }
}

impl<T> Chan<T> {
    /// Makes a channel with room for `capacity` values.
    ///
    /// # Panics
    /// With `makechan: size out of range` if that many values cannot be held in memory.
    ///
    /// ```
    /// let ch = gort_channels::Chan::<u8>::new(3);
    /// assert_eq!(ch.capacity(), 3);
    /// ```
    #[doc(alias = "make")]
    #[track_caller]
    pub fn new(capacity: usize) -> Chan<T> {
        Chan {
            counted: Counted::new(capacity),
        }
    }

    /// A handle that can only send.
    ///
    /// ```
    /// let ch = gort_channels::Chan::new(1);
    /// ch.tx().send('a').unwrap();
    /// assert_eq!(ch.recv(), Some('a'));
    /// ```
    pub fn tx(&self) -> Sender<T> {
        self.counted.add_sender();
        Sender {
            counted: self.counted.alias(),
        }
    }

    /// A handle that can only receive.
    ///
    /// ```
    /// let ch = gort_channels::Chan::new(1);
    /// let rx = ch.rx();
    /// ch.send('a').unwrap();
    /// assert_eq!(rx.recv(), Some('a'));
    /// ```
    pub fn rx(&self) -> Receiver<T> {
        self.counted.add_receiver();
        Receiver {
            counted: self.counted.alias(),
        }
    }

    /// Turns it into the two ends.
    ///
    /// ```
    /// let (tx, rx) = gort_channels::Chan::new(1).split();
    /// tx.send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.into_iter().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn split(self) -> (Sender<T>, Receiver<T>) {
        // The two ends take over the two counts.
        let chan = std::mem::ManuallyDrop::new(self);
        (
            Sender {
                counted: chan.counted.alias(),
            },
            Receiver {
                counted: chan.counted.alias(),
            },
        )
    }
}

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Chan<T> {
        self.counted.add_sender();
        self.counted.add_receiver();
        Chan {
            counted: self.counted.alias(),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.counted.add_sender();
        Sender {
            counted: self.counted.alias(),
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.counted.add_receiver();
        Receiver {
            counted: self.counted.alias(),
        }
    }
}

impl<T> Drop for Chan<T> {
    fn drop(&mut self) {
        /// Dropped also if the sending side panics (a waker of a user's may).
        struct Receiving<'a, T>(&'a Counted<T, { SENDS | RECEIVES }>);
        impl<T> Drop for Receiving<'_, T> {
            fn drop(&mut self) {
                // SAFETY: a `Chan` counts on both sides, and nothing is used after this.
                unsafe { self.0.drop_receiver() };
            }
        }
        let _then = Receiving(&self.counted);
        // SAFETY: a `Chan` counts on both sides.
        unsafe { self.counted.drop_sender() };
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // SAFETY: a `Sender` counts as one that can send, and is gone after this.
        unsafe { self.counted.drop_sender() };
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // SAFETY: a `Receiver` counts as one that can receive, and is gone after this.
        unsafe { self.counted.drop_receiver() };
    }
}

impl<T> From<Chan<T>> for (Sender<T>, Receiver<T>) {
    fn from(chan: Chan<T>) -> Self {
        chan.split()
    }
}

impl<T> From<Chan<T>> for Sender<T> {
    fn from(chan: Chan<T>) -> Self {
        chan.split().0
    }
}

impl<T> From<Chan<T>> for Receiver<T> {
    fn from(chan: Chan<T>) -> Self {
        chan.split().1
    }
}

impl<T> From<&Chan<T>> for Sender<T> {
    fn from(chan: &Chan<T>) -> Self {
        chan.tx()
    }
}

impl<T> From<&Chan<T>> for Receiver<T> {
    fn from(chan: &Chan<T>) -> Self {
        chan.rx()
    }
}

/// What all three handles have in common: identity, and how they print.
macro_rules! common {
    ($Handle:ident) => {
        impl<T> $Handle<T> {
            /// How many values are in the buffer. Values of blocked senders do not count.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(2);
            /// ch.send("a value").unwrap();
            /// assert_eq!((ch.len(), ch.tx().len(), ch.rx().len()), (1, 1, 1));
            /// ```
            #[inline]
            #[track_caller]
            pub fn len(&self) -> usize {
                crate::rt::explore::glance(crate::chan::ops::LEN, self.core().address());
                self.counted.core().len()
            }

            /// Whether no value is in the buffer.
            ///
            /// ```
            /// let ch = gort_channels::Chan::<u8>::new(2);
            /// assert!(ch.is_empty() && ch.rx().is_empty());
            /// ```
            #[inline]
            #[track_caller]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether the buffer has no room. A channel without a buffer is always empty and always full.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(2);
            /// ch.send(1).unwrap();
            /// assert!(!ch.is_full());
            /// ch.send(2).unwrap();
            /// assert!(ch.is_full() && ch.tx().is_full());
            /// ```
            #[inline]
            #[track_caller]
            pub fn is_full(&self) -> bool {
                self.len() == self.capacity()
            }

            /// For how many values the channel was made.
            ///
            /// ```
            /// let ch = gort_channels::Chan::<u8>::new(2);
            /// assert_eq!((ch.capacity(), ch.tx().capacity()), (2, 2));
            /// ```
            #[doc(alias = "cap")]
            #[inline]
            pub fn capacity(&self) -> usize {
                self.counted.core().capacity()
            }

            /// Whether the channel was closed. Values may still be in it.
            ///
            /// ```
            /// let ch = gort_channels::Chan::new(2);
            /// ch.send(1).unwrap();
            /// ch.close();
            /// assert!(ch.is_closed() && !ch.is_empty());
            /// ```
            #[inline]
            #[track_caller]
            pub fn is_closed(&self) -> bool {
                crate::rt::explore::glance(crate::chan::ops::IS_CLOSED, self.core().address());
                self.counted.core().is_closed()
            }

            /// Names the channel, for reports. Costs nothing but here.
            ///
            /// ```
            /// let jobs = gort_channels::Chan::<u8>::new(0).named("jobs");
            /// # drop(jobs);
            /// ```
            pub fn named(self, name: impl Into<std::borrow::Cow<'static, str>>) -> Self {
                #[cfg(not(loom))]
                self.core().label().set(name);
                #[cfg(loom)]
                drop(name);
                self
            }

            /// Whether both are handles of one channel. `==` says the same.
            ///
            /// ```
            /// let (a, b) = (gort_channels::Chan::<u8>::new(0), gort_channels::Chan::<u8>::new(0));
            /// assert!(a.tx().same_channel(&a.tx()) && !a.same_channel(&b));
            /// ```
            #[inline]
            pub fn same_channel(&self, other: &Self) -> bool {
                self == other
            }

            #[inline(always)]
            pub(crate) fn core(&self) -> &crate::chan::Core<T> {
                self.counted.core()
            }
        }

        impl<T> fmt::Debug for $Handle<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Handle))
                    .field("address", &format_args!("{:#x}", self.counted.address()))
                    .field("len", &self.counted.core().len())
                    .field("capacity", &self.capacity())
                    .field("closed", &self.counted.core().is_closed())
                    .finish()
            }
        }

        impl<T> Eq for $Handle<T> {}

        impl<T> Hash for $Handle<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.counted.address().hash(state);
            }
        }

        // A panic never leaves a channel half changed: its lock is held over no user code.
        impl<T> UnwindSafe for $Handle<T> {}
        impl<T> RefUnwindSafe for $Handle<T> {}
    };
}

common!(Chan);
common!(Sender);
common!(Receiver);

macro_rules! equal {
    ($($Left:ident == $Right:ident),*) => {$(
        impl<T> PartialEq<$Right<T>> for $Left<T> {
            fn eq(&self, other: &$Right<T>) -> bool {
                self.counted.address() == other.counted.address()
            }
        }
    )*};
}

equal!(
    Chan == Chan,
    Sender == Sender,
    Receiver == Receiver,
    Chan == Sender,
    Chan == Receiver,
    Sender == Chan,
    Sender == Receiver,
    Receiver == Chan,
    Receiver == Sender
);

#[cfg(all(test, not(loom)))]
mod tests;
