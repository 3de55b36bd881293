//! The standard streams without blocking a worker, and copying from a reader to a writer.
//!
//! ```no_run
//! // `cat -n`
//! use std::io::Write;
//!
//! #[gort::main]
//! fn main() -> std::io::Result<()> {
//!     for (number, line) in (1..).zip(gort::io::stdin().lines()) {
//!         writeln!(gort::io::stdout(), "{number:6} {}", line?)?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! What waits here parks the goroutine: for input that has not come, for whoever reads the other
//! end of a pipe. A line that does not have to wait is one write, as in Go. A plain `println!` is
//! correct too; it blocks its worker while the reader is slow.

mod copy;
pub(crate) mod impls;
mod stdin;
mod stdout;

use std::fmt;
use std::io::{self, Write};

pub use copy::copy;
pub use gort_runtime::{PollFd, RegisterError};
pub use stdin::{Lines, Stdin, StdinLock, stdin};
pub use stdout::{Stderr, Stdout, stderr, stdout};

/// `write!` in one piece: each piece for itself would be a system call.
pub(crate) fn write_at_once(to: &mut (impl Write + ?Sized), args: fmt::Arguments<'_>) -> io::Result<()> {
    if let Some(text) = args.as_str() {
        return to.write_all(text.as_bytes());
    }
    let mut text = String::new();
    fmt::write(&mut text, args).map_err(|_| io::Error::other("formatter error"))?;
    to.write_all(text.as_bytes())
}
