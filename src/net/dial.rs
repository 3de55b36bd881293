//! Connecting, with a timeout, a deadline, a context.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gort_runtime::PollFd;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::sync::Arc;

use super::tcp_listener::set_up;
use super::{TcpStream, ToSocketAddrs};
use crate::context::{self, Context};

/// The least time that each of several addresses gets, as in Go.
const FAIR_SHARE: Duration = Duration::from_secs(2);

/// Connects to `address`; the same as [`TcpStream::connect`].
///
/// # Errors
/// Of the last address tried, or of looking the name up.
///
/// ```
/// let listener = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let address = listener.local_addr().unwrap();
/// let stream = gort::run(|| gort::net::dial(address)).unwrap();
/// assert_eq!(stream.peer_addr().unwrap(), address);
/// ```
#[doc(alias = "Dial")]
#[track_caller]
pub fn dial(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    Dialer::new().dial(address)
}

/// Connects within `limit`, all addresses of a name together.
///
/// # Errors
/// `TimedOut`, and as [`dial`].
///
/// ```
/// use std::time::Duration;
///
/// let listener = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let address = listener.local_addr().unwrap();
/// assert!(gort::net::dial_timeout(address, Duration::from_secs(5)).is_ok());
/// ```
#[doc(alias = "DialTimeout")]
#[track_caller]
pub fn dial_timeout(address: impl ToSocketAddrs, limit: Duration) -> io::Result<TcpStream> {
    Dialer::new().timeout(limit).dial(address)
}

/// Connects, unless `ctx` is done before. The connection itself does not depend on `ctx` afterwards.
///
/// # Errors
/// [`context::Error`] as the source of an `io::Error`, and as [`dial`].
///
/// ```
/// use gort::{context, net};
///
/// let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let address = listener.local_addr().unwrap();
/// let (ctx, cancel) = context::with_cancel(context::background());
/// assert!(net::dial_ctx(&ctx, address).is_ok());
/// cancel.cancel();
/// let error = net::dial_ctx(&ctx, address).unwrap_err();
/// assert_eq!(error.to_string(), "context canceled");
/// ```
#[doc(alias = "DialContext")]
#[track_caller]
pub fn dial_ctx(ctx: &Context, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    Dialer::new().dial_ctx(ctx, address)
}

/// How to connect.
///
/// ```
/// use std::time::Duration;
/// use gort::net::{Dialer, TcpListener};
///
/// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
/// let dialer = Dialer::new()
///     .timeout(Duration::from_secs(5))
///     .local_addr("127.0.0.1:0".parse().unwrap());
/// let stream = dialer.dial(listener.local_addr().unwrap()).unwrap();
/// assert!(stream.nodelay().unwrap());
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Dialer {
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    local: Option<SocketAddr>,
}

impl Dialer {
    /// No limit but the system's, from any address.
    pub fn new() -> Dialer {
        Dialer::default()
    }

    /// The longest that a dial may take. If a name has several addresses, each gets its share, but at least 2 s.
    pub fn timeout(self, limit: Duration) -> Dialer {
        Dialer {
            timeout: Some(limit),
            ..self
        }
    }

    /// When a dial has to be over.
    pub fn deadline(self, at: Instant) -> Dialer {
        Dialer {
            deadline: Some(at),
            ..self
        }
    }

    /// The address to connect from.
    pub fn local_addr(self, address: SocketAddr) -> Dialer {
        Dialer {
            local: Some(address),
            ..self
        }
    }

    /// Connects to the first address that answers.
    ///
    /// # Errors
    /// `TimedOut`; else of the first address that failed, or of looking the name up.
    #[track_caller]
    pub fn dial(&self, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        self.dial_ctx(&context::background(), address)
    }

    /// As [`Dialer::dial`], unless `ctx` is done before.
    ///
    /// # Errors
    /// The reason why `ctx` is done, and as [`Dialer::dial`].
    #[track_caller]
    pub fn dial_ctx(&self, ctx: &Context, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        let end = self.end(ctx);
        let addresses = address.to_socket_addrs()?;
        let mut first_error = None;
        for (tried, &address) in addresses.iter().enumerate() {
            if let Some(error) = ctx.err() {
                return Err(io::Error::other(error));
            }
            let share = end.map(|end| share(Instant::now(), end, addresses.len() - tried));
            match self.attempt(ctx, address, share) {
                Ok(stream) => return Ok(stream),
                // The first address is the preferred one, so its error says the most.
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let failed = first_error.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "could not resolve to any addresses")
        });
        Err(ctx.err().map_or(failed, io::Error::other))
    }

    /// When everything has to be over.
    fn end(&self, ctx: &Context) -> Option<Instant> {
        let by_timeout = self.timeout.and_then(|limit| Instant::now().checked_add(limit));
        [by_timeout, self.deadline, ctx.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    #[track_caller]
    fn attempt(&self, ctx: &Context, address: SocketAddr, end: Option<Instant>) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        set_up(&SockRef::from(&socket))?;
        if let Some(local) = self.local {
            socket.bind(&local.into())?;
        }
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Ok(()) => {}
            Err(error) if gort_runtime::connect_goes_on(&error) => {}
            Err(error) => return Err(error),
        }
        // Watched from now on only: a socket that does not connect yet counts as hung up.
        let fd = Arc::new(PollFd::new(std::net::TcpStream::from(socket))?);
        fd.set_write_deadline(end);
        let interrupt = {
            let fd = Arc::downgrade(&fd);
            move || {
                if let Some(fd) = fd.upgrade() {
                    fd.set_write_deadline(Some(Instant::now()));
                }
            }
        };
        let stop = context::after_func(ctx, interrupt);
        let connected = fd.write_with(|socket| {
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            match socket.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                    Err(io::ErrorKind::WouldBlock.into())
                }
                Err(error) => Err(error),
                Ok(_) => Ok(()),
            }
        });
        let in_time = stop();
        connected?;
        if !in_time {
            // It may set the deadline at any later time.
            return Err(io::ErrorKind::TimedOut.into());
        }
        fd.set_write_deadline(None);
        Ok(TcpStream(fd))
    }
}

/// When an attempt has to be over, if `left` addresses share the time until `end`.
fn share(now: Instant, end: Instant, left: usize) -> Instant {
    let all = end.saturating_duration_since(now);
    let even = all / u32::try_from(left.max(1)).unwrap_or(u32::MAX);
    now + even.max(FAIR_SHARE.min(all))
}
