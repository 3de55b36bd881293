//! Go's channels and select for Rust: the channels of `gort`.
//!
//! * [`channel`] makes a [`Sender`] and a [`Receiver`]; [`Chan`] is both in one.
//! * Capacity 0 is a rendezvous: a send is over when a receiver has the value. With a buffer, a
//!   send waits only when it is full.
//! * Values come out in the order in which they went in, and those who wait are served in the order
//!   in which they came.
//! * Everything works from goroutines, from plain threads (which it blocks), and as futures.
//! * [`Select`] waits for one of many; the `select!` macro is in the crate `gort`.
//!
//! ```
//! use gort_channels::channel;
//! use std::thread;
//!
//! let (tx, rx) = channel(0);
//! thread::spawn(move || {
//!     for i in 1..=3 {
//!         tx.send(i).unwrap();
//!     }
//! });
//! assert_eq!(rx.into_iter().sum::<i32>(), 6);
//! ```
//!
//! # The end of a channel
//!
//! [`close`](Sender::close) ends it for receivers: they get what is left, then `None`. The last
//! handle that can send closes it too. When the last handle that can receive is gone, sends fail
//! and give the value back.
//!
//! # How it works
//!
//! `channels/README.md` in the repository has the invariants, the lock order, the three passes of a
//! select, and the proofs that no wake-up and no value is lost.

mod chan;
#[cfg(not(loom))]
pub mod clock;
pub mod error;
mod handle;
#[cfg(not(loom))]
mod join;
#[doc(hidden)]
pub mod macro_support;
mod offer;
mod ring;
mod rt;
mod select;
mod shim;
pub mod source;
mod waiter;
mod waitq;

#[cfg(all(test, loom))]
mod loom_tests;

pub use self::chan::{RecvFuture, SendFuture};
pub use self::error::{
    RecvTimeoutError, SelectError, SelectTimeoutError, SendError, SendTimeoutError, TryRecvError,
    TrySelectError, TrySendError,
};
pub use self::handle::{Chan, IntoIter, Iter, Receiver, Sender, TryIter, channel};
pub use self::offer::Offer;
pub use self::select::{Select, Selected};
