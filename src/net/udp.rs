//! `UdpSocket`: datagrams.

use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use gort_runtime::PollFd;

use super::{ToSocketAddrs, addr};

/// A UDP socket.
///
/// ```
/// use gort::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// gort::run(|| {
///     let near = UdpSocket::bind("127.0.0.1:0")?;
///     let far = UdpSocket::bind("127.0.0.1:0")?;
///     near.send_to(b"hello", far.local_addr()?)?;
///     let mut buffer = [0; 16];
///     let (n, from) = far.recv_from(&mut buffer)?;
///     assert_eq!((&buffer[..n], from), (&b"hello"[..], near.local_addr()?));
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "UDPConn")]
#[doc(alias = "PacketConn")]
pub struct UdpSocket(Arc<PollFd<net::UdpSocket>>);

impl UdpSocket {
    /// Binds to the first address that can be had; port 0 is any free one.
    ///
    /// # Errors
    /// Of the last attempt, or of looking the name up.
    #[doc(alias = "ListenUDP")]
    #[doc(alias = "ListenPacket")]
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        addr::each(address, |address| {
            UdpSocket::from_std(net::UdpSocket::bind(address)?)
        })
    }

    /// From now on datagrams come from this address only, and [`send`](UdpSocket::send) sends
    /// there; if nobody took one, the next one finds out.
    ///
    /// # Errors
    /// Of the last attempt, or of looking the name up.
    #[doc(alias = "DialUDP")]
    pub fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        addr::each(address, |address| {
            self.0.with(|socket| socket.connect(address))?
        })
    }

    /// Sends a datagram to the first of the addresses.
    ///
    /// # Errors
    /// What the system says; `TimedOut` at the write deadline.
    #[doc(alias = "WriteTo")]
    #[track_caller]
    pub fn send_to(&self, datagram: &[u8], address: impl ToSocketAddrs) -> io::Result<usize> {
        let Some(&address) = address.to_socket_addrs()?.first() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no addresses to send data to",
            ));
        };
        self.0.write_with(|socket| socket.send_to(datagram, address))
    }

    /// As [`recv_from`](UdpSocket::recv_from), but the datagram stays.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.read_with(|socket| socket.peek_from(buf))
    }
}

datagram_methods!(UdpSocket, SocketAddr);
socket_methods!(UdpSocket, net::UdpSocket, PollFd);
options! { UdpSocket, net::UdpSocket:
    /// The address it is bound to.
    #[doc(alias = "LocalAddr")]
    local_addr() -> SocketAddr;
    /// The address it is connected to.
    #[doc(alias = "RemoteAddr")]
    peer_addr() -> SocketAddr;
    /// Whether it may send to broadcast addresses.
    broadcast() -> bool;
    /// Lets it send to broadcast addresses.
    set_broadcast(on: bool) -> ();
    /// The time to live of what is sent.
    ttl() -> u32;
    /// Sets the time to live of what is sent.
    set_ttl(ttl: u32) -> ();
    /// Whether it receives what it sends to a group itself.
    multicast_loop_v4() -> bool;
    /// Lets it receive what it sends to a group itself.
    set_multicast_loop_v4(on: bool) -> ();
    /// Whether it receives what it sends to an IPv6 group itself.
    multicast_loop_v6() -> bool;
    /// Lets it receive what it sends to an IPv6 group itself.
    set_multicast_loop_v6(on: bool) -> ();
    /// How far datagrams to a group go.
    multicast_ttl_v4() -> u32;
    /// Sets how far datagrams to a group go.
    set_multicast_ttl_v4(ttl: u32) -> ();
    /// Joins a group.
    #[doc(alias = "ListenMulticastUDP")]
    join_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    /// Joins a group.
    join_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
    /// Leaves a group.
    leave_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    /// Leaves a group.
    leave_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
}
