//! Standard output and standard error, through std's handles (and so its buffer), on a helper thread.

use std::fmt;
use std::io::{self, Write};

use gort_runtime::blocking_wait;

use super::impls::write_by_reference;

/// The standard output of this process. It shares its buffer with [`std::io::stdout`] and `println!`, so that the order is kept.
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
/// What one `write!`, `writeln!` or `write_all` writes comes out in one piece, whoever else writes. For much output wrap it in a
/// [`BufWriter`](std::io::BufWriter).
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
/// What one `write!`, `writeln!` or `write_all` writes comes out in one piece as far as this process is concerned.
///
/// ```
/// use std::io::Write;
///
/// gort::io::stderr().write_all(b"a warning\n").unwrap();
/// ```
#[derive(Debug)]
pub struct Stderr(());

macro_rules! writers {
    ($($handle:ident through $std:ident)+) => {$(
        impl Write for &$handle {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                blocking_wait(|| io::$std().write(buf))
            }

            fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
                // With the lock: std's own takes it for each part.
                blocking_wait(|| io::$std().lock().write_all(buf))
            }

            fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
                super::write_at_once(self, args)
            }

            fn flush(&mut self) -> io::Result<()> {
                blocking_wait(|| io::$std().flush())
            }
        }

        write_by_reference!($handle);
    )+};
}

writers! {
    Stdout through stdout
    Stderr through stderr
}
