//! What a Go-flavoured program uses all the time: `use gort::prelude::*;`.

#[doc(no_inline)]
pub use crate::{Chan, JoinHandle, Receiver, Sender, chan, defer, go, select};
