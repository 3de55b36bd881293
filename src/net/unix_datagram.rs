//! `UnixDatagram`: datagrams between processes of one machine.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gort_runtime::PollFd;

/// Between two attempts to send to a socket whose queue is full, unless this one is connected to
/// it.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// A Unix domain socket for datagrams. None is lost: who sends waits while the receiver's queue is
/// full.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// gort::run(|| {
///     let (near, far) = gort::net::UnixDatagram::pair()?;
///     near.send(b"one")?;
///     near.send(b"two")?;
///     let mut buffer = [0; 8];
///     assert_eq!(far.recv(&mut buffer)?, 3);
///     assert_eq!(&buffer[..3], b"one");
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "UnixConn")]
pub struct UnixDatagram(Arc<PollFd<net::UnixDatagram>>);

impl UnixDatagram {
    /// Makes the socket at `path`.
    ///
    /// # Errors
    /// What the system says: `AddrInUse` if the file exists.
    #[doc(alias = "ListenUnixgram")]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::bind(path)?)
    }

    /// As [`bind`](UnixDatagram::bind), at any address.
    ///
    /// # Errors
    /// As there.
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::bind_addr(address)?)
    }

    /// A socket without an address: it can send, and nobody can answer.
    ///
    /// # Errors
    /// What the system says.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// What the system says.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (near, far) = net::UnixDatagram::pair()?;
        Ok((UnixDatagram::from_std(near)?, UnixDatagram::from_std(far)?))
    }

    /// From now on [`send`](UnixDatagram::send) sends there.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.0.with(|socket| socket.connect(path))?
    }

    /// As [`connect`](UnixDatagram::connect), to any address.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        self.0.with(|socket| socket.connect_addr(address))?
    }

    /// As [`send_to`](UnixDatagram::send_to), to any address.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn send_to_addr(&self, datagram: &[u8], address: &SocketAddr) -> io::Result<usize> {
        self.send_patiently(|socket| socket.send_to_addr(datagram, address))
    }

    /// Sends a datagram to the socket at `path`.
    ///
    /// # Errors
    /// What the system says; `TimedOut` at the write deadline.
    #[track_caller]
    pub fn send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.send_patiently(|socket| socket.send_to(datagram, path))
    }

    /// Sends to a socket to which this one is not connected. The system reports only that this one
    /// has room, not that the other one has; and it does so after every attempt anew. So there is a
    /// pause between attempts.
    #[track_caller]
    fn send_patiently(
        &self,
        mut send: impl FnMut(&net::UnixDatagram) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut pause = SHORTEST_PAUSE;
        let mut refused = false;
        self.0.write_with(|socket| {
            if std::mem::replace(&mut refused, true) {
                crate::time::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            send(socket)
        })
    }

    /// Ends one direction, or both.
    ///
    /// # Errors
    /// What the system says; [`Closed`](super::Closed).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.with(|socket| socket.shutdown(how))?
    }
}

datagram_methods!(UnixDatagram, SocketAddr);
socket_methods!(UnixDatagram, net::UnixDatagram, PollFd);
options! { UnixDatagram, net::UnixDatagram:
    /// The address it is bound to.
    #[doc(alias = "LocalAddr")]
    local_addr() -> SocketAddr;
    /// The address it is connected to.
    #[doc(alias = "RemoteAddr")]
    peer_addr() -> SocketAddr;
}
