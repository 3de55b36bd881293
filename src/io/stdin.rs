//! Standard input.
//!
//! One buffer for the whole process, under a lock of this library: who waits for input holds that
//! lock while parked, which std's own lock does not allow (it belongs to a thread). Reading fills
//! the buffer through std's handle, on a helper thread.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::LazyLock;

use gort_runtime::blocking_wait;

use super::impls::read_by_reference;
use crate::sync::{Mutex, MutexGuard};

/// As much as std's own buffer holds, so that its content is handed on whole.
const BUFFER: usize = 8 << 10;

static SHARED: LazyLock<Mutex<BufReader<Raw>>> =
    LazyLock::new(|| Mutex::new(BufReader::with_capacity(BUFFER, Raw)));

/// Input past our buffer.
#[derive(Debug)]
struct Raw;

impl Read for Raw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        blocking_wait(|| io::stdin().read(buf))
    }
}

/// The standard input of this process. All handles share one buffer.
///
/// Do not read through [`std::io::stdin`] as well: what is in the buffer of the one is not seen
/// through the other.
///
/// ```no_run
/// let mut name = String::new();
/// gort::io::stdin().read_line(&mut name).unwrap();
/// println!("Hello, {}!", name.trim_end());
/// ```
#[doc(alias = "Stdin")]
pub fn stdin() -> Stdin {
    Stdin(())
}

/// A handle of [`stdin`].
///
/// ```no_run
/// use std::io::Read;
///
/// let mut all = Vec::new();
/// gort::io::stdin().read_to_end(&mut all).unwrap();
/// ```
#[derive(Debug)]
pub struct Stdin(());

impl Stdin {
    /// Input for oneself, as a `BufRead`, until the guard is dropped. It may be kept across waits.
    ///
    /// ```no_run
    /// use std::io::BufRead;
    ///
    /// let mut field = Vec::new();
    /// gort::io::stdin().lock().read_until(b',', &mut field).unwrap();
    /// ```
    pub fn lock(&self) -> StdinLock<'static> {
        StdinLock(SHARED.lock())
    }

    /// Appends a line, with its end, to `line`. Gives the number of bytes: 0 at the end of the
    /// input.
    ///
    /// # Errors
    /// As [`std::io::Stdin::read_line`].
    ///
    /// ```no_run
    /// let mut line = String::new();
    /// while gort::io::stdin().read_line(&mut line).unwrap() > 0 {
    ///     println!("{} bytes", line.len());
    ///     line.clear();
    /// }
    /// ```
    pub fn read_line(&self, line: &mut String) -> io::Result<usize> {
        self.lock().read_line(line)
    }

    /// The lines, without their ends. Goroutines may share the input: each line goes to one of
    /// them.
    ///
    /// ```no_run
    /// for line in gort::io::stdin().lines() {
    ///     println!("{}", line.unwrap().to_uppercase());
    /// }
    /// ```
    #[doc(alias = "Scanner")]
    pub fn lines(self) -> Lines {
        Lines(())
    }
}

/// The iterator of [`Stdin::lines`].
///
/// ```no_run
/// let first = gort::io::stdin().lines().next();
/// ```
#[derive(Debug)]
pub struct Lines(());

impl Iterator for Lines {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<io::Result<String>> {
        stdin().lock().lines().next()
    }
}

impl Read for &Stdin {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.lock().read(buf)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.lock().read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.lock().read_to_string(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.lock().read_exact(buf)
    }
}

read_by_reference!(Stdin);

/// What [`Stdin::lock`] gives.
///
/// ```no_run
/// use std::io::BufRead;
///
/// let words: Vec<_> = gort::io::stdin().lock().split(b' ').collect();
/// ```
#[derive(Debug)]
pub struct StdinLock<'a>(MutexGuard<'a, BufReader<Raw>>);

impl Read for StdinLock<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.0.read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.0.read_to_string(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(buf)
    }
}

impl BufRead for StdinLock<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.0.consume(bytes);
    }
}
