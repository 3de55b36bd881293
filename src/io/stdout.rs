//! Standard output and standard error, through std's handles (and so its buffer).
//!
//! A short write that finds room is made where the goroutine runs: that is one system call to ask
//! and one to write, where a helper thread would be two switches of threads more. Everything else
//! goes to a helper, so that a slow reader at the other end of a pipe keeps no worker. If others
//! take the room in between, the monitor replaces the worker, as in any system call.

use std::fmt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use gort_runtime::blocking_wait;
use gort_runtime::io::takes_a_page;

/// The longest write that a pipe which has room takes without waiting.
const SHORT: usize = 4096;

use super::impls::write_by_reference;

/// The standard output of this process. It shares its buffer with [`std::io::stdout`] and
/// `println!`, so that the order is kept.
///
/// ```
/// use std::io::Write;
///
/// writeln!(gort::io::stdout(), "{} lines", 1).unwrap();
/// ```
#[doc(alias = "Stdout")]
pub fn stdout() -> Stdout {
    Stdout(())
}

/// The standard error of this process.
///
/// ```
/// use std::io::Write;
///
/// writeln!(gort::io::stderr(), "a warning").unwrap();
/// ```
#[doc(alias = "Stderr")]
pub fn stderr() -> Stderr {
    Stderr(())
}

/// A handle of [`stdout`].
///
/// What one `write!`, `writeln!` or `write_all` writes comes out in one piece, whoever else writes.
/// For much output wrap it in a [`BufWriter`](std::io::BufWriter).
///
/// ```
/// use std::io::{BufWriter, Write};
///
/// let mut out = BufWriter::new(gort::io::stdout());
/// for i in 0..3 {
///     writeln!(out, "{i}").unwrap();
/// }
/// out.flush().unwrap();
/// ```
#[derive(Debug)]
pub struct Stdout(());

/// A handle of [`stderr`].
///
/// What one `write!`, `writeln!` or `write_all` writes comes out in one piece as far as this
/// process is concerned.
///
/// ```
/// use std::io::Write;
///
/// gort::io::stderr().write_all(b"a warning\n").unwrap();
/// ```
#[derive(Debug)]
pub struct Stderr(());

/// One of the streams.
struct Stream {
    /// Writes that are with helpers. They hold std's lock, or are about to: nobody should wait for
    /// it on a worker meanwhile. (Relaxed: whoever sees an old number waits for the lock.)
    helped: AtomicUsize,
}

impl Stream {
    /// Makes a write of `len` bytes to `fd`.
    #[track_caller]
    fn write<R: Send>(&self, fd: &impl AsFd, len: usize, write: impl FnOnce() -> R + Send) -> R {
        if len <= SHORT && self.helped.load(Ordering::Relaxed) == 0 && takes_a_page(fd.as_fd()) {
            return write();
        }
        self.helped.fetch_add(1, Ordering::Relaxed);
        crate::defer! {
            self.helped.fetch_sub(1, Ordering::Relaxed);
        }
        blocking_wait(write)
    }
}

macro_rules! writers {
    ($($handle:ident through $std:ident as $stream:ident)+) => {$(
        static $stream: Stream = Stream { helped: AtomicUsize::new(0) };

        impl Write for &$handle {
            #[track_caller]
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                let std = io::$std();
                $stream.write(&std, buf.len(), || (&std).write(buf))
            }

            #[track_caller]
            fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
                let std = io::$std();
                // With the lock: std's own takes it for each part.
                $stream.write(&std, buf.len(), || std.lock().write_all(buf))
            }

            #[track_caller]
            fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
                super::write_at_once(self, args)
            }

            #[track_caller]
            fn flush(&mut self) -> io::Result<()> {
                let std = io::$std();
                $stream.write(&std, 0, || (&std).flush())
            }
        }

        write_by_reference!($handle);
    )+};
}

writers! {
    Stdout through stdout as STDOUT
    Stderr through stderr as STDERR
}
