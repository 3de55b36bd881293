//! A server whose clients are in another process.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use gort_bench::{ROOM, Served, listening};

pub(crate) fn serve(what: Served) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listening(listener.local_addr()?);
    loop {
        let (client, _) = listener.accept()?;
        match what {
            Served::Echo => go!(pass(client.clone(), client)),
            Served::Proxy(address) => go!(proxy(client, address)),
        };
    }
}

fn proxy(client: TcpStream, address: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(address)?;
    go!(pass(client.clone(), server.clone()));
    pass(server, client)
}

/// Until either end closes; then both are closed.
fn pass(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; ROOM];
    let mut pass = || loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            length => to.write_all(&buffer[..length])?,
        }
    };
    let passed = pass();
    // The other direction may have closed them already.
    let _ = (from.close(), to.close());
    passed
}
