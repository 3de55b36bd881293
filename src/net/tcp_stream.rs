//! `TcpStream`: a connection.

use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;

use super::conn::Conn;
use super::{Dialer, ToSocketAddrs};

/// A TCP connection. [`Read`](io::Read) and [`Write`](io::Write) for `TcpStream` and `&TcpStream`
/// park the goroutine.
///
/// ```
/// use std::io::{Read, Write};
/// use std::time::{Duration, Instant};
/// use gort::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// gort::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let mut near = TcpStream::connect(listener.local_addr()?)?;
///     let (mut far, _) = listener.accept()?;
///
///     near.write_all(b"ping")?;
///     let mut word = [0; 4];
///     far.read_exact(&mut word)?;
///     assert_eq!(&word, b"ping");
///
///     far.set_read_deadline(Instant::now() + Duration::from_millis(1));
///     assert_eq!(far.read(&mut word).unwrap_err().to_string(), "i/o timeout");
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "TCPConn")]
#[doc(alias = "Conn")]
pub struct TcpStream(pub(super) Arc<Conn<net::TcpStream>>);

impl TcpStream {
    /// Connects to the first address that answers; as [`dial`](super::dial).
    ///
    /// # Errors
    /// Of the first address, or of looking the name up.
    #[doc(alias = "Dial")]
    #[track_caller]
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        Dialer::new().dial(address)
    }

    /// Connects within `limit`.
    ///
    /// # Errors
    /// `TimedOut`, `InvalidInput` for a limit of zero, and what the system says.
    #[doc(alias = "DialTimeout")]
    #[track_caller]
    pub fn connect_timeout(address: &SocketAddr, limit: Duration) -> io::Result<TcpStream> {
        if limit.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "cannot set a 0 duration timeout",
            ));
        }
        Dialer::new().timeout(limit).dial(address)
    }

    /// Reads without taking away: the next read gets the same bytes.
    ///
    /// # Errors
    /// As a read.
    #[track_caller]
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_with(|socket| socket.peek(buf))
    }

    /// What closing does with bytes that are not sent yet. `None` (the default): it returns at
    /// once, and they are sent in the background. Zero: they are thrown away, and the other side
    /// gets a reset. Otherwise closing blocks the thread for up to that long (whole seconds), so
    /// that is hardly ever wanted here.
    ///
    /// # Errors
    /// What the system says; [`Closed`](super::Closed).
    #[doc(alias = "SetLinger")]
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.0.with(|socket| SockRef::from(socket).set_linger(linger))?
    }

    /// What [`set_linger`](TcpStream::set_linger) has set.
    ///
    /// # Errors
    /// What the system says; [`Closed`](super::Closed).
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.0.with(|socket| SockRef::from(socket).linger())?
    }
}

socket_methods!(TcpStream, net::TcpStream, Conn);
stream_methods!(TcpStream, net::TcpStream, true);
ends!(TcpStream, SocketAddr);
options! { TcpStream, net::TcpStream:
    /// Whether small writes are sent at once (`TCP_NODELAY`). They are, unless this says otherwise.
    #[doc(alias = "SetNoDelay")]
    set_nodelay(on: bool) -> ();
    /// Whether small writes are sent at once.
    nodelay() -> bool;
    /// Sets the time to live of what is sent.
    set_ttl(ttl: u32) -> ();
    /// The time to live of what is sent.
    ttl() -> u32;
}
