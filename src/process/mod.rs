//! Child processes without blocking a worker: [`std::process`], and of Go's `os/exec` what goes
//! beyond it.
//!
//! ```
//! use gort::prelude::*;
//! use gort::process::Command;
//!
//! gort::run(|| {
//!     let echoes: Vec<_> = (0..4).map(|i| go!({ Command::new("echo").arg(i.to_string()).output() })).collect();
//!     for (i, echo) in echoes.into_iter().enumerate() {
//!         let output = echo.join().unwrap().unwrap();
//!         assert_eq!(output.stdout, format!("{i}\n").into_bytes());
//!     }
//! });
//! ```
//!
//! What waits (for the end of a child, for its output, for its reading what it is sent) parks the
//! goroutine. The end of a child reaches it through the poller, where the system can tell it that
//! way (Linux's pidfd); for a pipe, a thread waits in its place: one while the output of a child is
//! collected. Such threads are not counted as
//! [`Builder::blocking_threads`](crate::runtime::Builder::blocking_threads), so that any number of
//! children keeps nobody from reading a file, but as
//! [`Builder::max_threads`](crate::runtime::Builder::max_threads).
//!
//! [`Command::context`] ends a child with a context, [`Command::on_cancel`] says how,
//! [`Command::wait_delay`] how long that may take.
//!
//! A child that nobody waits for stays a zombie when it has ended: see [`Child`].
//!
//! Only Unix systems have this module.

mod child;
mod command;
mod error;
mod pipes;
mod wait;

pub use child::{Child, Process};
pub use command::Command;
pub use error::WaitError;
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};
#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};
