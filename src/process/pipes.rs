//! The pipes to and from a child.
//!
//! [`Pipe`] is the one place that knows how they wait: through helper threads.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::Stdio;

use gort_runtime::blocking_wait;

/// An end of a pipe.
#[derive(Debug)]
struct Pipe<T>(T);

impl<T: Read + Send> Pipe<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        blocking_wait(|| self.0.read(buf))
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        blocking_wait(|| self.0.read_vectored(bufs))
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        blocking_wait(|| self.0.read_to_end(buf))
    }
}

impl<T: Send> Pipe<T>
where
    T: Sync,
    for<'a> &'a T: Write,
{
    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        blocking_wait(|| (&self.0).write(buf))
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        blocking_wait(|| (&self.0).write_vectored(bufs))
    }

    fn write_all(&self, buf: &[u8]) -> io::Result<()> {
        blocking_wait(|| (&self.0).write_all(buf))
    }
}

macro_rules! ends {
    ($($(#[$meta:meta])* $name:ident)+) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name(Pipe<std::process::$name>);

        impl From<std::process::$name> for $name {
            fn from(end: std::process::$name) -> $name {
                $name(Pipe(end))
            }
        }

        impl From<$name> for std::process::$name {
            fn from(end: $name) -> std::process::$name {
                end.0.0
            }
        }

        impl From<$name> for Stdio {
            fn from(end: $name) -> Stdio {
                end.0.0.into()
            }
        }

        impl From<$name> for OwnedFd {
            fn from(end: $name) -> OwnedFd {
                end.0.0.into()
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.0.as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.0.0.as_raw_fd()
            }
        }
    )+};
}

ends! {
    /// What a child reads: its standard input. Dropping it says that there is no more.
    ///
    /// ```
    /// use gort::process::{Command, Stdio};
    /// use std::io::Write;
    ///
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    /// child.stdin.take().unwrap().write_all(b"text").unwrap();
    /// assert_eq!(child.wait_with_output().unwrap().stdout, b"text");
    /// ```
    #[doc(alias = "StdinPipe")]
    ChildStdin
    /// What a child writes: its standard output. Each read visits a helper thread: read lines through a
    /// [`BufReader`](std::io::BufReader).
    ///
    /// ```
    /// use gort::process::{Command, Stdio};
    /// use std::io::{BufRead, BufReader};
    ///
    /// let mut child = Command::new("echo").arg("a line").stdout(Stdio::piped()).spawn().unwrap();
    /// let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    /// assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["a line"]);
    /// child.wait().unwrap();
    /// ```
    #[doc(alias = "StdoutPipe")]
    ChildStdout
    /// What a child complains: its standard error.
    ///
    /// ```
    /// use gort::process::{Command, Stdio};
    /// use std::io::Read;
    ///
    /// let mut child = Command::new("sh").args(["-c", "echo no >&2"]).stderr(Stdio::piped()).spawn().unwrap();
    /// let mut said = String::new();
    /// child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    /// assert_eq!(said, "no\n");
    /// child.wait().unwrap();
    /// ```
    #[doc(alias = "StderrPipe")]
    ChildStderr
}

macro_rules! readers {
    ($($name:ident)+) => {$(
        impl Read for $name {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.read(buf)
            }

            fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.0.read_vectored(bufs)
            }

            fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
                self.0.read_to_end(buf)
            }
        }
    )+};
}
readers! { ChildStdout ChildStderr }

impl Write for &ChildStdin {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.0.write_all(buf)
    }

    fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        crate::io::write_at_once(self, args)
    }

    /// There is nothing to do.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for ChildStdin {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        (&*self).write_all(buf)
    }

    fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        (&*self).write_fmt(args)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
