//! Child processes without blocking a worker: [`std::process`], and of Go's `os/exec` what goes beyond it.
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
//! What waits (for the end of a child, for its output, for its reading what it is sent) parks the goroutine. Today it does so
//! through the helper pool: a child that is waited for, or whose output is collected, takes up one helper thread, of which there are
//! [`Builder::blocking_threads`](crate::runtime::Builder::blocking_threads) (512); with more children at once, the later ones are seen to
//! when the earlier ones end.
//!
//! [`Command::context`] ends a child with a context, [`Command::on_cancel`] says how, [`Command::wait_delay`] how long that may take.
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
