//! Connecting, with a timeout, a deadline, a context.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::sync::Arc;

use super::conn::Conn;
use super::tcp_listener::set_up;
use super::{TcpStream, ToSocketAddrs};
use crate::context::{self, Context};

/// Before addresses of the other family are tried, as in Go and RFC 6555.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// What the kernel's choice of a port has spoilt is tried again so often.
const RETRIES: usize = 2;

/// The least time that each of several addresses gets, as in Go.
const FAIR_SHARE: Duration = Duration::from_secs(2);

/// Connects to `address`; the same as [`TcpStream::connect`].
///
/// # Errors
/// Of the first address, or of looking the name up.
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

/// Connects, unless `ctx` is done before. The connection itself does not depend on `ctx`
/// afterwards.
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
pub fn dial_ctx(ctx: impl AsRef<Context>, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
    Dialer::new().dial_ctx(ctx, address)
}

/// How to connect.
///
/// What Go's dialer corrects is corrected here as well:
///
/// * If the kernel chooses the port to connect from, it may choose the very one that is dialled, if
///   nobody listens there, and the socket is connected to itself. Or it may choose one that is
///   taken, and say `EADDRNOTAVAIL`. Either is tried again, twice. (A socket that is connected to
///   itself even then Go hands out; here the connection is refused, as it should have been.)
/// * A name that has addresses of both families is dialled as in RFC 6555: those of the family that
///   comes first, and after 300 ms, or when they have failed, the others as well. The first
///   connection counts; the error is that of the family which came first.
/// * Addresses of one family are tried one after the other, each with its share of the time that is
///   left, but at least 2 s. The error is that of the first one.
/// * Connecting from an address tries only addresses of its family.
///
/// Not as in Go: the time for looking a name up is not bounded by the dialer's, nor does a context
/// end it; ports have no names (`"host:http"`); there is no `"tcp4"` and no `"tcp6"` (an address
/// says what it is), no multipath TCP, and no `Control`.
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
    fallback_delay: Option<Duration>,
}

impl Dialer {
    /// No limit but the system's, from any address.
    pub fn new() -> Dialer {
        Dialer::default()
    }

    /// The longest that a dial may take. If a name has several addresses, each gets its share, but
    /// at least 2 s.
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

    /// If a name has addresses of both families (IPv4 and IPv6), those of the second one are tried
    /// too when the first one has not connected by then: 300 ms if nothing is said.
    /// `Duration::MAX`: only when the first one has failed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use gort::net::{Dialer, TcpListener};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let dialer = Dialer::new().fallback_delay(Duration::from_millis(50));
    /// let port = listener.local_addr().unwrap().port();
    /// assert!(dialer.dial(("localhost", port)).is_ok());
    /// ```
    #[doc(alias = "FallbackDelay")]
    pub fn fallback_delay(self, delay: Duration) -> Dialer {
        Dialer {
            fallback_delay: Some(delay),
            ..self
        }
    }

    /// Connects to the first address that answers.
    ///
    /// # Errors
    /// `TimedOut`; else of the first address that failed, or of looking the name up.
    #[track_caller]
    pub fn dial(&self, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        self.dial_ctx(context::background(), address)
    }

    /// As [`Dialer::dial`], unless `ctx` is done before.
    ///
    /// # Errors
    /// The reason why `ctx` is done, and as [`Dialer::dial`].
    #[track_caller]
    pub fn dial_ctx(&self, ctx: impl AsRef<Context>, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        let ctx = ctx.as_ref();
        let end = self.end(ctx);
        let mut first = self.suitable(address.to_socket_addrs()?)?;
        let is_ipv4 = first.first().is_some_and(SocketAddr::is_ipv4);
        let second: Vec<_> = first
            .extract_if(.., |address| address.is_ipv4() != is_ipv4)
            .collect();
        if second.is_empty() {
            self.one_by_one(ctx, &first, end)
        } else {
            self.race(ctx, first, second, end)
        }
    }

    /// Those to which one can connect from the local address.
    fn suitable(&self, mut addresses: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
        let unsuitable = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        if addresses.is_empty() {
            return unsuitable("could not resolve to any addresses");
        }
        if let Some(local) = self.local {
            addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
        }
        if addresses.is_empty() {
            return unsuitable("no suitable address");
        }
        Ok(addresses)
    }

    /// Tries two families: the second one later, or when the first one has failed.
    #[track_caller]
    fn race(
        &self,
        ctx: &Context,
        first: Vec<SocketAddr>,
        second: Vec<SocketAddr>,
        end: Option<Instant>,
    ) -> io::Result<TcpStream> {
        let (ctx, cancel) = context::with_cancel(ctx);
        // Room for both, so that none waits; a connection that nobody fetches is closed with the
        // channel.
        let (results, from) = crate::channel(2);
        let start = |is_first: bool, addresses: Vec<SocketAddr>| {
            let (dialer, ctx, results) = (self.clone(), ctx.clone(), results.clone());
            drop(gort_runtime::go(move || {
                let _ = results.send((is_first, dialer.one_by_one(&ctx, &addresses, end)));
            }));
        };
        start(true, first);
        let delay = self.fallback_delay.unwrap_or(FALLBACK_DELAY);
        let mut result = from.recv_timeout(delay).ok();
        if !matches!(result, Some((_, Ok(_)))) {
            start(false, second);
        }
        let mut errors = [None, None];
        let connected = loop {
            match result.take().or_else(|| from.recv()) {
                Some((_, Ok(stream))) => break Some(stream),
                Some((is_first, Err(error))) => errors[usize::from(!is_first)] = Some(error),
                None => break None,
            }
            if errors.iter().all(Option::is_some) {
                break None;
            }
        };
        cancel.cancel();
        let [first_error, second_error] = errors;
        connected.ok_or_else(|| {
            let error = first_error.or(second_error);
            error.unwrap_or_else(|| io::ErrorKind::ConnectionAborted.into())
        })
    }

    /// Tries one address after the other.
    #[track_caller]
    fn one_by_one(
        &self,
        ctx: &Context,
        addresses: &[SocketAddr],
        end: Option<Instant>,
    ) -> io::Result<TcpStream> {
        let mut first_error = None;
        for (tried, &address) in addresses.iter().enumerate() {
            if let Some(error) = ctx.err() {
                return Err(io::Error::other(error));
            }
            let share = end.map(|end| share(Instant::now(), end, addresses.len() - tried));
            match self.patiently(|| self.attempt(ctx, address, share)) {
                Ok(stream) => return Ok(stream),
                // The first address is the preferred one, so its error says the most.
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let failed = first_error.unwrap_or_else(|| io::ErrorKind::InvalidInput.into());
        Err(ctx.err().map_or(failed, io::Error::other))
    }

    /// Tries again what the kernel's choice of a port has spoilt.
    fn patiently(&self, mut attempt: impl FnMut() -> io::Result<TcpStream>) -> io::Result<TcpStream> {
        let mut result = attempt();
        if self.local.is_some_and(|local| local.port() != 0) {
            return result;
        }
        for _ in 0..RETRIES {
            if !is_spoilt(&result) {
                return result;
            }
            // What is connected to itself is closed first, and its port is not free at once.
            drop(result);
            result = attempt();
        }
        match result {
            Ok(stream) if is_itself(&stream) => Err(io::ErrorKind::ConnectionRefused.into()),
            result => result,
        }
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
        let fd = Arc::new(Conn::connecting(std::net::TcpStream::from(socket))?);
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
                result => result,
            }
        });
        let in_time = stop();
        let peer = connected?;
        if !in_time {
            // It may set the deadline at any later time.
            return Err(io::ErrorKind::TimedOut.into());
        }
        fd.set_write_deadline(None);
        fd.connected(peer);
        Ok(TcpStream(fd))
    }
}

fn is_spoilt(result: &io::Result<TcpStream>) -> bool {
    match result {
        Ok(stream) => is_itself(stream),
        Err(error) => error.kind() == io::ErrorKind::AddrNotAvailable,
    }
}

/// Whether both ends are one and the same socket.
fn is_itself(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => local == peer,
        // The other side may have gone meanwhile.
        _ => false,
    }
}

/// When an attempt has to be over, if `left` addresses share the time until `end`.
fn share(now: Instant, end: Instant, left: usize) -> Instant {
    let all = end.saturating_duration_since(now);
    let even = all / u32::try_from(left.max(1)).unwrap_or(u32::MAX);
    now + even.max(FAIR_SHARE.min(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that is connected to itself, as the kernel makes it if it chooses the port that is
    /// dialled.
    fn itself() -> TcpStream {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&any.into()).unwrap();
        socket.connect(&socket.local_addr().unwrap()).unwrap();
        TcpStream::from_std(socket.into()).unwrap()
    }

    #[test]
    fn a_socket_that_is_connected_to_itself_is_dialled_again() {
        crate::run(|| {
            let listener = crate::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            for spoilt in 0..=3 {
                for with_itself in [true, false] {
                    let mut attempts = 0;
                    let stream = Dialer::new().patiently(|| {
                        attempts += 1;
                        match attempts > spoilt {
                            true => crate::net::dial(address),
                            false if with_itself => Ok(itself()),
                            false => Err(io::ErrorKind::AddrNotAvailable.into()),
                        }
                    });
                    assert_eq!(attempts, (spoilt + 1).min(3));
                    match stream {
                        Ok(stream) => assert_eq!(stream.peer_addr().unwrap(), address),
                        Err(error) if with_itself => {
                            assert_eq!((error.kind(), spoilt), (io::ErrorKind::ConnectionRefused, 3));
                        }
                        Err(error) => {
                            assert_eq!((error.kind(), spoilt), (io::ErrorKind::AddrNotAvailable, 3))
                        }
                    }
                }
            }
            // Who says from where has asked for it.
            let dialer = Dialer::new().local_addr(SocketAddr::from(([127, 0, 0, 1], 1)));
            assert!(is_itself(&dialer.patiently(|| Ok(itself())).unwrap()));
        });
    }

    #[test]
    fn addresses_share_the_time() {
        let now = Instant::now();
        let seconds = |n| Duration::from_secs(n);
        // Go's TestDialerPartialDeadline.
        for (all, left, expected) in [(12, 1, 12), (12, 2, 6), (12, 3, 4), (12, 1000, 2), (1, 1000, 1)] {
            assert_eq!(share(now, now + seconds(all), left), now + seconds(expected));
        }
    }
}
