//! `TcpListener`: connections that come in.

use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gort_runtime::PollFd;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::conn::Conn;
use super::{TcpStream, ToSocketAddrs, addr};

/// Connections that the kernel keeps ready; it takes less if `net.core.somaxconn` is lower.
const BACKLOG: i32 = 4096;
/// Between two probes whether the other side is still there, as in Go.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A TCP socket that listens.
///
/// Any number of goroutines may accept from it. [`close`](TcpListener::close) (or a deadline) ends
/// the accepts that wait.
///
/// ```
/// use gort::net::{TcpListener, TcpStream};
/// use gort::prelude::*;
///
/// # fn main() -> std::io::Result<()> {
/// gort::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let address = listener.local_addr()?;
///     let server = go!([listener] { listener.incoming().take(2).filter(|stream| stream.is_ok()).count() });
///     TcpStream::connect(address)?;
///     TcpStream::connect(address)?;
///     assert_eq!(server.join().unwrap(), 2);
///     listener.close()
/// })
/// # }
/// ```
#[doc(alias = "TCPListener")]
pub struct TcpListener(Arc<PollFd<net::TcpListener>>);

impl TcpListener {
    /// Listens on the first address that can be had; port 0 is any free one. `SO_REUSEADDR` is set,
    /// as in Go and in std; what it accepts has `TCP_NODELAY` and keep-alive probes, as in Go.
    ///
    /// # Errors
    /// Of the last attempt, or of looking the name up.
    #[doc(alias = "Listen")]
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        addr::each(address, |address| {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_reuse_address(true)?;
            // Connections inherit these; setting them on each would be three system calls more per
            // connection.
            set_up(&SockRef::from(&socket))?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            TcpListener::from_std(socket.into())
        })
    }

    /// The next connection, and who it is from.
    ///
    /// When descriptors run out this fails (`EMFILE`, `ENFILE`) and the connection stays where it
    /// is, so it fails again at once: a server that goes on with the next turn of its loop uses a
    /// whole processor. [`incoming`](TcpListener::incoming) shows the loop that waits.
    ///
    /// # Errors
    /// What the system says; `TimedOut` at the read deadline; [`Closed`](super::Closed).
    #[doc(alias = "Accept")]
    #[track_caller]
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = self.0.read_with(net::TcpListener::accept)?;
        Ok((TcpStream(Arc::new(Conn::to(stream, from)?)), from))
    }

    /// Connections, for ever: until [`Closed`](super::Closed), which ends it.
    ///
    /// Mind the errors: `incoming().flatten()` spins when descriptors run out, since each
    /// [`accept`](TcpListener::accept) fails at once then. A server waits after an error, longer
    /// each time:
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use gort::net::{TcpListener, TcpStream};
    /// use gort::prelude::*;
    ///
    /// fn serve(listener: &TcpListener, handle: fn(TcpStream)) {
    ///     let mut nap = Duration::ZERO;
    ///     for stream in listener.incoming() {
    ///         match stream {
    ///             Ok(stream) => {
    ///                 nap = Duration::ZERO;
    ///                 go!(handle(stream));
    ///             }
    ///             // Some descriptors come back when connections end. Go's servers wait like this too.
    ///             Err(error) => {
    ///                 nap = (2 * nap).clamp(Duration::from_millis(5), Duration::from_secs(1));
    ///                 eprintln!("accept: {error}; trying again in {nap:?}");
    ///                 gort::time::sleep(nap);
    ///             }
    ///         }
    ///     }
    /// }
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self)
    }
}

/// What a connection gets: no delay, probes.
pub(super) fn set_up(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    let probes = TcpKeepalive::new()
        .with_time(KEEP_ALIVE)
        .with_interval(KEEP_ALIVE);
    socket.set_tcp_keepalive(&probes)
}

socket_methods!(TcpListener, net::TcpListener, PollFd);
options! { TcpListener, net::TcpListener:
    /// The address it listens on.
    #[doc(alias = "Addr")]
    local_addr() -> SocketAddr;
    /// Sets the time to live of what connections send.
    set_ttl(ttl: u32) -> ();
    /// The time to live of what connections send.
    ttl() -> u32;
}

/// The connections of a listener: [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'a>(&'a TcpListener);

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    /// The next connection; `None` when the listener is closed.
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        match self.0.accept() {
            Ok((stream, _)) => Some(Ok(stream)),
            Err(_) if self.0.is_closed() => None,
            Err(error) => Some(Err(error)),
        }
    }
}
