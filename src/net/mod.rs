//! Sockets whose calls park the goroutine, never the worker; Go's package `net` in std's shapes.
//!
//! Everything here reads as its twin in `std::net` and `std::os::unix::net`:
//! [`Read`](std::io::Read) and [`Write`](std::io::Write) for `T` and `&T`, the same methods, the
//! same errors. So crates that are written against these traits run on goroutines unchanged. What
//! Go adds is here too:
//!
//! * *Deadlines*: [`set_deadline`](TcpStream::set_deadline) ends the calls that wait already, from
//!   any goroutine. A call that runs out of time fails with
//!   [`TimedOut`](std::io::ErrorKind::TimedOut), "i/o timeout". Std's timeouts, which count from
//!   the beginning of each call, are there as well.
//! * *Closing*: [`close`](TcpStream::close) wakes everybody who waits; they, and all later calls,
//!   get [`Closed`] as an `io::Error`. Dropping the last clone closes too.
//! * *Writes are whole*: a `write`, `write_all`, `write_vectored` or `write!` on a stream is one
//!   operation, whatever its length, and what other goroutines write does not come in between.
//!   Reads take turns as well, and so do datagrams and accepts. Those whose turn has not come get
//!   `TimedOut` at their deadline, and `Closed` like all others. (Several calls are several
//!   operations: `read_exact` and `BufWriter`'s pieces, for instance.)
//! * *Cloning*: a clone is the same socket, without a new descriptor. One goroutine reads, another
//!   one writes.
//! * *Dialling*: [`Dialer`], [`dial`], [`dial_timeout`], [`dial_ctx`].
//! * Connections get `TCP_NODELAY` and keep-alive probes every 15 s, as Go's do.
//! * *Descriptors*: in by `TryFrom<OwnedFd>` and `TryFrom` of std's socket, out by
//!   `OwnedFd::try_from` and `into_std`, since letting the poller watch them can fail. `AsRawFd`
//!   gives the number; there is no `AsFd`, because any clone may close the socket.
//!
//! Names are looked up in the helper pool ([`lookup_host`]). Outside of a goroutine all calls block
//! the thread.
//!
//! ```
//! use std::io::{Read, Write};
//! use gort::net::{TcpListener, TcpStream};
//! use gort::prelude::*;
//!
//! # fn main() -> std::io::Result<()> {
//! gort::run(|| {
//!     let listener = TcpListener::bind("127.0.0.1:0")?;
//!     let address = listener.local_addr()?;
//!     go!(move || {
//!         for stream in listener.incoming() {
//!             match stream {
//!                 Ok(stream) => drop(go!(move || std::io::copy(&mut &stream, &mut &stream))),
//!                 // Out of descriptors, most likely. `TcpListener::incoming` has more on this.
//!                 Err(_) => gort::time::sleep(std::time::Duration::from_millis(10)),
//!             }
//!         }
//!     });
//!     let mut stream = TcpStream::connect(address)?;
//!     stream.write_all(b"hello")?;
//!     let mut back = [0; 5];
//!     stream.read_exact(&mut back)?;
//!     assert_eq!(&back, b"hello");
//!     Ok(())
//! })
//! # }
//! ```

mod addr;
mod conn;
mod dial;
#[macro_use]
mod shared;
mod tcp_listener;
mod tcp_stream;
mod udp;
mod unix;
mod unix_datagram;

pub use addr::{ToSocketAddrs, lookup_host};
pub use dial::{Dialer, dial, dial_ctx, dial_timeout};
pub use gort_runtime::Closed;
pub use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};
pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix::{UnixIncoming, UnixListener, UnixStream};
pub use unix_datagram::UnixDatagram;
