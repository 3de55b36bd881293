//! Addresses, and names that have to be looked up first.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What can be turned into socket addresses: addresses themselves, `"host:port"`, `("host", port)`.
///
/// Std's trait of this name looks names up on the calling thread; this one does it in the helper
/// pool, and only if there is a name to look up.
///
/// Without a host (`":80"`) it is the machine itself, as in Go: every address of it for who
/// listens, the loopback for who dials. An IPv6 address may have a zone (`"[fe80::1%eth0]:80"`).
///
/// ```
/// use gort::net::ToSocketAddrs;
///
/// let addresses = ("127.0.0.1", 80).to_socket_addrs().unwrap();
/// assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
/// ```
pub trait ToSocketAddrs {
    /// The addresses, in the order in which they should be tried.
    ///
    /// # Errors
    /// `InvalidInput` for what is no address, and what the system's resolver says.
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>>;
}

/// The addresses of `"host:port"`, from the system's resolver. Parks the goroutine.
///
/// # Errors
/// What the resolver says; `InvalidInput` without a port.
///
/// ```
/// let addresses = gort::run(|| gort::net::lookup_host("localhost:80")).unwrap();
/// assert!(addresses.iter().all(|address| address.port() == 80 && address.ip().is_loopback()));
/// ```
#[doc(alias = "LookupHost")]
#[doc(alias = "Resolver")]
pub fn lookup_host(host: &str) -> io::Result<Vec<SocketAddr>> {
    host.to_socket_addrs()
}

impl ToSocketAddrs for str {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.parse() {
            return Ok(vec![address]);
        }
        let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        let (host, port) = self
            .rsplit_once(':')
            .ok_or_else(|| invalid("invalid socket address"))?;
        let port: u16 = port.parse().map_err(|_| invalid("invalid port value"))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        (bare.unwrap_or(host), port).to_socket_addrs()
    }
}

impl ToSocketAddrs for String {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().to_socket_addrs()
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        let &(host, port) = self;
        if host.is_empty() {
            // The first one takes connections of both families, where there are two.
            return Ok(vec![
                (Ipv6Addr::UNSPECIFIED, port).into(),
                (Ipv4Addr::UNSPECIFIED, port).into(),
            ]);
        }
        match host.parse::<IpAddr>() {
            Ok(ip) => Ok(vec![SocketAddr::new(ip, port)]),
            Err(_) => {
                crate::blocking(|| Ok(std::net::ToSocketAddrs::to_socket_addrs(&(host, port))?.collect()))
            }
        }
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        (self.0.as_str(), self.1).to_socket_addrs()
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(self.to_vec())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).to_socket_addrs()
    }
}

macro_rules! is_address {
    ($($type:ty,)*) => {$(
        impl ToSocketAddrs for $type {
            fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)])
            }
        }
    )*};
}

is_address!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16),
);

/// Tries every address until one works. The last error otherwise.
pub(super) fn each<R>(
    addresses: impl ToSocketAddrs,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "could not resolve to any addresses");
    for address in addresses.to_socket_addrs()? {
        match attempt(address) {
            Ok(result) => return Ok(result),
            Err(error) => last = error,
        }
    }
    Err(last)
}
