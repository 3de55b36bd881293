//! Unix domain sockets: streams and listeners.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use gort_runtime::PollFd;

use super::conn::Conn;

/// A connection between processes of one machine. [`Read`](io::Read) and [`Write`](io::Write) for
/// `UnixStream` and `&UnixStream` park the goroutine.
///
/// ```
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// gort::run(|| {
///     let (mut near, mut far) = gort::net::UnixStream::pair()?;
///     near.write_all(b"hello")?;
///     near.shutdown(std::net::Shutdown::Write)?;
///     let mut text = String::new();
///     far.read_to_string(&mut text)?;
///     assert_eq!(text, "hello");
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "UnixConn")]
pub struct UnixStream(Arc<Conn<net::UnixStream>>);

impl UnixStream {
    /// Connects to the socket at `path`. It may wait until the listener has room for one more,
    /// which takes a thread of the helper pool.
    ///
    /// # Errors
    /// What the system says: `NotFound` without such a file, `ConnectionRefused` if nobody listens.
    #[doc(alias = "DialUnix")]
    #[track_caller]
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let path = path.as_ref();
        UnixStream::from_std(crate::blocking(|| net::UnixStream::connect(path))?)
    }

    /// As [`connect`](UnixStream::connect), to any address: an abstract one, for instance.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        UnixStream::from_std(crate::blocking(|| net::UnixStream::connect_addr(address))?)
    }

    /// Reads without taking away: the next read gets the same bytes.
    ///
    /// # Errors
    /// As a read.
    #[track_caller]
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0
            .read_with(|socket| gort_runtime::net::peek(socket.as_fd(), buf))
    }

    /// Two ends that are connected to each other.
    ///
    /// # Errors
    /// What the system says.
    #[doc(alias = "Pipe")]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (near, far) = net::UnixStream::pair()?;
        Ok((UnixStream::from_std(near)?, UnixStream::from_std(far)?))
    }
}

socket_methods!(UnixStream, net::UnixStream, Conn);
// A read ends behind a piece with which the other side has sent descriptors, whatever follows.
stream_methods!(UnixStream, net::UnixStream, false);
ends!(UnixStream, SocketAddr);

/// A Unix domain socket that listens.
///
/// ```
/// use gort::net::{UnixListener, UnixStream};
/// use gort::prelude::*;
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("socket");
/// gort::run(|| {
///     let listener = UnixListener::bind(&path)?;
///     let client = go!([path] { UnixStream::connect(path).is_ok() });
///     listener.accept()?;
///     assert!(client.join().unwrap());
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixListener(Arc<PollFd<net::UnixListener>>);

impl UnixListener {
    /// Makes the socket at `path` and listens on it. The file stays when the listener is closed, as
    /// in std; Go removes it.
    ///
    /// # Errors
    /// What the system says: `AddrInUse` if the file exists.
    #[doc(alias = "ListenUnix")]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        UnixListener::from_std(net::UnixListener::bind(path)?)
    }

    /// As [`bind`](UnixListener::bind), at any address.
    ///
    /// # Errors
    /// As there.
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        UnixListener::from_std(net::UnixListener::bind_addr(address)?)
    }

    /// The next connection, and who it is from.
    ///
    /// When descriptors run out this fails at once, again and again: see
    /// [`TcpListener::incoming`](super::TcpListener::incoming) for the loop of a server.
    ///
    /// # Errors
    /// What the system says; `TimedOut` at the read deadline; [`Closed`](super::Closed).
    #[doc(alias = "AcceptUnix")]
    #[track_caller]
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, from) = self.0.read_with(net::UnixListener::accept)?;
        let conn = Conn::to(stream, from.clone())?;
        Ok((UnixStream(Arc::new(conn)), from))
    }

    /// Connections, for ever: until [`Closed`](super::Closed), which ends it. After an error a
    /// server waits, as [`TcpListener::incoming`](super::TcpListener::incoming) shows.
    pub fn incoming(&self) -> UnixIncoming<'_> {
        UnixIncoming(self)
    }
}

socket_methods!(UnixListener, net::UnixListener, PollFd);
options! { UnixListener, net::UnixListener:
    /// The address it listens on.
    #[doc(alias = "Addr")]
    local_addr() -> SocketAddr;
}

impl<'a> IntoIterator for &'a UnixListener {
    type Item = io::Result<UnixStream>;
    type IntoIter = UnixIncoming<'a>;

    fn into_iter(self) -> UnixIncoming<'a> {
        self.incoming()
    }
}

/// The connections of a listener: [`UnixListener::incoming`].
#[derive(Debug)]
pub struct UnixIncoming<'a>(&'a UnixListener);

impl Iterator for UnixIncoming<'_> {
    type Item = io::Result<UnixStream>;

    /// The next connection; `None` when the listener is closed.
    fn next(&mut self) -> Option<io::Result<UnixStream>> {
        match self.0.accept() {
            Ok((stream, _)) => Some(Ok(stream)),
            Err(_) if self.0.is_closed() => None,
            Err(error) => Some(Err(error)),
        }
    }
}
