//! What all sockets have in common: deadlines, timeouts, closing, cloning, the way to std and back.
//! Macros, so that each type has its methods in its own docs.

use std::io::{self, IoSlice};

/// `$socket` is a tuple struct around `Arc<$fd<$std>>`; `$fd` is `PollFd`, or as good as one.
macro_rules! socket_methods {
    ($socket:ident, $std:ty, $fd:ident) => {
        impl $socket {
            /// Takes over a socket of std. It becomes non-blocking.
            ///
            /// # Errors
            /// What the system says when the poller cannot watch it.
            pub fn from_std(socket: $std) -> std::io::Result<$socket> {
                Ok($socket(std::sync::Arc::new($fd::new(socket)?)))
            }

            /// The socket as std's, blocking again. If there are clones of this one, it is a
            /// duplicate of the descriptor, and since blocking is a property of what both refer to,
            /// it stays non-blocking.
            ///
            /// # Errors
            /// [`Closed`](crate::net::Closed), and what the system says.
            pub fn into_std(self) -> std::io::Result<$std> {
                match std::sync::Arc::try_unwrap(self.0) {
                    Ok(fd) => {
                        let socket = fd.into_inner()?;
                        socket.set_nonblocking(false)?;
                        Ok(socket)
                    }
                    Err(shared) => shared.with(<$std>::try_clone)?,
                }
            }

            /// Another handle of the same socket. It never fails and makes no new descriptor; it
            /// returns a `Result` as std's does.
            ///
            /// # Errors
            /// None.
            pub fn try_clone(&self) -> std::io::Result<$socket> {
                Ok(self.clone())
            }

            /// Closes the socket for everybody who has a handle. Calls that wait fail with
            /// [`Closed`](crate::net::Closed), as do all that come later.
            ///
            /// # Errors
            /// [`Closed`](crate::net::Closed) if it was closed before.
            #[doc(alias = "Close")]
            pub fn close(&self) -> std::io::Result<()> {
                Ok(self.0.close()?)
            }

            /// Whether it was closed on this side.
            pub fn is_closed(&self) -> bool {
                self.0.is_closed()
            }

            /// Sets both deadlines; see [`set_read_deadline`](Self::set_read_deadline).
            #[doc(alias = "SetDeadline")]
            pub fn set_deadline(&self, at: impl Into<Option<std::time::Instant>>) {
                self.0.set_deadline(at.into());
            }

            /// Calls that receive (or accept) and are not done by then fail with `TimedOut`, those
            /// that wait already too. `None`: no deadline. It stands until it is set again, even
            /// when it has passed.
            ///
            /// On clones too: they are the same socket.
            #[doc(alias = "SetReadDeadline")]
            pub fn set_read_deadline(&self, at: impl Into<Option<std::time::Instant>>) {
                self.0.set_read_deadline(at.into());
            }

            /// The deadline of calls that send; see [`set_read_deadline`](Self::set_read_deadline).
            #[doc(alias = "SetWriteDeadline")]
            pub fn set_write_deadline(&self, at: impl Into<Option<std::time::Instant>>) {
                self.0.set_write_deadline(at.into());
            }

            /// How long one call that receives may wait, from its beginning. It then fails with
            /// `TimedOut`.
            ///
            /// # Errors
            /// `InvalidInput` for zero.
            pub fn set_read_timeout(&self, limit: Option<std::time::Duration>) -> std::io::Result<()> {
                self.0.set_read_timeout(limit)
            }

            /// How long one call that sends may wait, from its beginning. It then fails with
            /// `TimedOut`.
            ///
            /// # Errors
            /// `InvalidInput` for zero.
            pub fn set_write_timeout(&self, limit: Option<std::time::Duration>) -> std::io::Result<()> {
                self.0.set_write_timeout(limit)
            }

            /// What [`set_read_timeout`](Self::set_read_timeout) has set.
            ///
            /// # Errors
            /// None; it returns a `Result` as std's does.
            pub fn read_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.0.read_timeout())
            }

            /// What [`set_write_timeout`](Self::set_write_timeout) has set.
            ///
            /// # Errors
            /// None; it returns a `Result` as std's does.
            pub fn write_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.0.write_timeout())
            }

            /// Takes the error that the socket holds, if any.
            ///
            /// # Errors
            /// What the system says; [`Closed`](crate::net::Closed).
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.0.with(<$std>::take_error)?
            }

            /// Lends std's socket, for options that are not here. It is non-blocking. The loan
            /// keeps the descriptor open.
            ///
            /// # Errors
            /// [`Closed`](crate::net::Closed).
            pub fn with_std<R>(&self, f: impl FnOnce(&$std) -> R) -> std::io::Result<R> {
                Ok(self.0.with(f)?)
            }
        }

        impl Clone for $socket {
            /// Another handle of the same socket.
            fn clone(&self) -> $socket {
                $socket(std::sync::Arc::clone(&self.0))
            }
        }

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut out = f.debug_struct(stringify!($socket));
                match self.0.with(|socket| out.field("socket", socket).finish()) {
                    Ok(result) => result,
                    Err(closed) => write!(f, "{}({closed})", stringify!($socket)),
                }
            }
        }

        /// The descriptor's number. It is not borrowed (there is no `AsFd`): somebody may close the
        /// socket at any time.
        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.0.as_raw_fd()
            }
        }

        impl TryFrom<$std> for $socket {
            type Error = std::io::Error;

            fn try_from(socket: $std) -> std::io::Result<$socket> {
                $socket::from_std(socket)
            }
        }

        /// As the socket's `into_std`.
        impl TryFrom<$socket> for std::os::fd::OwnedFd {
            type Error = std::io::Error;

            fn try_from(socket: $socket) -> std::io::Result<std::os::fd::OwnedFd> {
                Ok(socket.into_std()?.into())
            }
        }

        impl TryFrom<std::os::fd::OwnedFd> for $socket {
            type Error = std::io::Error;

            fn try_from(fd: std::os::fd::OwnedFd) -> std::io::Result<$socket> {
                $socket::from_std(<$std>::from(fd))
            }
        }
    };
}

/// So many buffers every system takes in one call (Linux: 1024). std passes on no more than the
/// system takes.
const BUFFERS: usize = 16;

/// What `write` says of a write that was to be whole. An error behind some bytes is met by the next
/// one: the deadline has still passed then, the other side has still gone.
pub(super) fn so_far((written, result): (usize, io::Result<()>)) -> io::Result<usize> {
    match result {
        Err(error) if written == 0 => Err(error),
        _ => Ok(written),
    }
}

/// Buffers of which some bytes are written already.
pub(super) struct Rest<'a, 'b> {
    all: &'a [IoSlice<'b>],
    /// Made when the system does not take everything at once.
    rest: Vec<IoSlice<'b>>,
}

impl<'a, 'b> Rest<'a, 'b> {
    pub(super) fn new(all: &'a [IoSlice<'b>]) -> Rest<'a, 'b> {
        Rest {
            all,
            rest: Vec::new(),
        }
    }

    pub(super) fn length(&self) -> usize {
        self.all.iter().map(|buf| buf.len()).sum()
    }

    /// The bytes behind the first `done`.
    pub(super) fn from(&mut self, done: usize) -> &[IoSlice<'b>] {
        if done == 0 {
            return self.all;
        }
        self.rest = self.all.to_vec();
        let mut rest = &mut self.rest[..];
        IoSlice::advance_slices(&mut rest, done);
        rest
    }
}

/// How many bytes there is room for in these buffers, or are to be written from them; 0 if the
/// system may not look at all of them, so that nothing can be concluded from how many it moved.
pub(super) fn room<B: std::ops::Deref<Target = [u8]>>(bufs: &[B]) -> usize {
    if bufs.len() > BUFFERS {
        0
    } else {
        bufs.iter().map(|buf| buf.len()).sum()
    }
}

/// `Read` and `Write` for a byte stream and for a reference to it, and what goes with them.
/// `$short_is_all`: whether a read that gets less than there is room for has got all there is.
macro_rules! stream_methods {
    ($socket:ident, $std:ty, $short_is_all:literal) => {
        impl $socket {
            /// Ends one direction, or both. The other side reads the end of the stream; whoever
            /// reads here does so too if reading was ended.
            ///
            /// # Errors
            /// What the system says; [`Closed`](crate::net::Closed).
            #[doc(alias = "CloseRead")]
            #[doc(alias = "CloseWrite")]
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.0.with(|socket| socket.shutdown(how))?
            }

            /// Two handles of the same socket: for the goroutine that reads and the one that
            /// writes. Both can do both.
            pub fn into_split(self) -> ($socket, $socket) {
                (self.clone(), self)
            }
        }

        impl std::io::Read for &$socket {
            #[track_caller]
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                let room = if $short_is_all { buf.len() } else { 0 };
                self.0.read_stream(room, |socket| {
                    gort_runtime::net::receive(std::os::fd::AsFd::as_fd(socket), buf)
                })
            }

            #[track_caller]
            fn read_vectored(&mut self, bufs: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                let room = if $short_is_all {
                    crate::net::shared::room(bufs)
                } else {
                    0
                };
                self.0.read_stream(room, |mut socket| {
                    std::io::Read::read_vectored(&mut socket, bufs)
                })
            }
        }

        /// A write is one operation, whatever its length: all of it is written, unless an error
        /// comes in between, and nothing that others write comes in between. So is a `write!`, and
        /// a `writeln!`.
        impl std::io::Write for &$socket {
            /// Writes all of `buf`. Less is written only if an error came in between, which the
            /// next write meets.
            #[track_caller]
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                crate::net::shared::so_far(self.write_whole(buf))
            }

            /// As `write`.
            #[track_caller]
            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                let mut rest = crate::net::shared::Rest::new(bufs);
                let (length, all) = (rest.length(), crate::net::shared::room(bufs) > 0);
                crate::net::shared::so_far(self.0.write_whole(length, all, |mut socket, done| {
                    std::io::Write::write_vectored(&mut socket, rest.from(done))
                }))
            }

            #[track_caller]
            fn write_all(&mut self, buf: &[u8]) -> std::io::Result<()> {
                self.write_whole(buf).1
            }

            #[track_caller]
            fn write_fmt(&mut self, args: std::fmt::Arguments<'_>) -> std::io::Result<()> {
                crate::io::write_at_once(self, args)
            }

            /// Nothing is held back here.
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        impl $socket {
            #[track_caller]
            fn write_whole(&self, buf: &[u8]) -> (usize, std::io::Result<()>) {
                self.0.write_whole(buf.len(), true, |socket, done| {
                    gort_runtime::net::send(std::os::fd::AsFd::as_fd(socket), &buf[done..])
                })
            }
        }

        crate::io::impls::read_by_reference!($socket);
        crate::io::impls::write_by_reference!($socket);
    };
}

/// The addresses of a connection, which its `Conn` remembers.
macro_rules! ends {
    ($socket:ident, $addr:ty) => {
        impl $socket {
            /// The other side's address. It is remembered: a connection that was reset, or closed,
            /// has it still, as in Go.
            ///
            /// # Errors
            /// Of a socket that was not connected when it was taken over from std: what the system
            /// says; [`Closed`](crate::net::Closed).
            #[doc(alias = "RemoteAddr")]
            pub fn peer_addr(&self) -> std::io::Result<$addr> {
                self.0.peer_addr()
            }

            /// This side's address. It is remembered as the [other side's](Self::peer_addr) is.
            ///
            /// # Errors
            /// As there.
            #[doc(alias = "LocalAddr")]
            pub fn local_addr(&self) -> std::io::Result<$addr> {
                self.0.local_addr()
            }
        }
    };
}

/// Methods that std's socket has and that do not wait.
macro_rules! options {
    ($socket:ident, $std:ty: $($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        impl $socket {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// What the system says; [`Closed`](crate::net::Closed).
            pub fn $name(&self $(, $arg: $type)*) -> std::io::Result<$result> {
                self.0.with(|socket| <$std>::$name(socket $(, $arg)*))?
            }
        )*}
    };
}

/// What sockets for datagrams have in common. `$address` is std's type for the addresses.
macro_rules! datagram_methods {
    ($socket:ident, $address:ty) => {
        impl $socket {
            /// Receives a datagram; what does not fit is lost. Gives its length and who it is from.
            ///
            /// # Errors
            /// What the system says; `TimedOut` at the read deadline.
            #[doc(alias = "ReadFrom")]
            #[track_caller]
            pub fn recv_from(&self, buf: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.0.read_with(|socket| socket.recv_from(buf))
            }

            /// As [`recv_from`](Self::recv_from), without the sender's address.
            ///
            /// # Errors
            /// As there.
            #[track_caller]
            pub fn recv(&self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.0.read_with(|socket| socket.recv(buf))
            }

            /// As [`recv`](Self::recv), but the datagram stays.
            ///
            /// # Errors
            /// As there.
            #[track_caller]
            pub fn peek(&self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.0
                    .read_with(|socket| gort_runtime::net::peek(std::os::fd::AsFd::as_fd(socket), buf))
            }

            /// Sends a datagram to the socket that this one is connected to.
            ///
            /// # Errors
            /// As [`send_to`](Self::send_to); `ConnectionRefused` if nobody is there.
            #[track_caller]
            pub fn send(&self, datagram: &[u8]) -> std::io::Result<usize> {
                self.0.write_with(|socket| socket.send(datagram))
            }
        }
    };
}
