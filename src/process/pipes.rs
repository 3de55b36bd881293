//! The pipes to and from a child.
//!
//! How they wait is known here only: through helper threads.

use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::process::Stdio;

use gort_runtime::blocking_wait;

use crate::io::impls::write_through;

macro_rules! ends {
    ($($(#[$meta:meta])* $name:ident)+) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name(std::process::$name);

        impl From<std::process::$name> for $name {
            fn from(end: std::process::$name) -> $name {
                $name(end)
            }
        }

        impl From<$name> for std::process::$name {
            fn from(end: $name) -> std::process::$name {
                end.0
            }
        }

        impl From<$name> for Stdio {
            fn from(end: $name) -> Stdio {
                end.0.into()
            }
        }

        impl From<$name> for OwnedFd {
            fn from(end: $name) -> OwnedFd {
                end.0.into()
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.0.as_raw_fd()
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
    /// What a child writes: its standard output. Each read visits a helper thread: read lines
    /// through a [`BufReader`](std::io::BufReader).
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
                blocking_wait(|| self.0.read(buf))
            }

            fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                blocking_wait(|| self.0.read_vectored(bufs))
            }

            fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
                blocking_wait(|| self.0.read_to_end(buf))
            }
        }
    )+};
}
readers! { ChildStdout ChildStderr }

write_through!(ChildStdin, blocking_wait);
