//! A side as a server, for clients in another process: what the command line asks for, and what the
//! driver reads.

use std::net::SocketAddr;

/// Bytes that a server reads at once.
pub const ROOM: usize = 16 * 1024;

/// What a side's server does with a connection.
#[derive(Debug, Clone, Copy)]
pub enum Served {
    /// Sends everything back.
    Echo,
    /// Passes everything on, in both directions, to a connection of its own to that address.
    Proxy(SocketAddr),
}

impl Served {
    /// What `PROGRAM serve echo` or `PROGRAM serve proxy ADDRESS` asks for, if it was called so.
    ///
    /// # Panics
    /// When what follows `serve` is something else.
    pub fn asked() -> Option<Served> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["serve", "echo"] => Some(Served::Echo),
            ["serve", "proxy", address] => Some(Served::Proxy(address.parse().expect("an address"))),
            ["serve", ..] => panic!("serve echo, or serve proxy ADDRESS"),
            _ => None,
        }
    }
}

/// Tells the driver where the server listens.
pub fn listening(address: SocketAddr) {
    println!("listening on {address}");
}
