//! `gort::net`: what Go's `net` promises, and what breaks in a network: resets, half-closed
//! connections, descriptors that run out, deadlines that race, sockets closed under those who use
//! them. Always an error, never a hang, and nothing left over.

mod close;
mod deadlines;
mod dial;
mod faults;
mod others;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod turns;

use std::net::SocketAddr;

use gort::net::{TcpListener, TcpStream};

/// Two ends of a connection over loopback.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    (near, far)
}

/// A port that is taken, though nobody listens there; for as long as the socket lives, so that no
/// other test gets it.
fn nobody() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}
