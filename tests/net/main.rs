//! `gort::net`: what Go's `net` promises, and what breaks in a network: resets, half-closed connections, descriptors that
//! run out, deadlines that race, sockets closed under those who use them. Always an error, never a hang, and nothing left over.

mod close;
mod deadlines;
mod dial;
mod faults;
mod others;
mod streams;

use gort::net::{TcpListener, TcpStream};

/// Two ends of a connection over loopback.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    (near, far)
}
