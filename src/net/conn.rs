//! `Conn`: a connected socket that remembers its addresses.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::os::unix::net::{self as unix, UnixStream};
use std::sync::OnceLock;

use gort_runtime::{PollFd, RegisterError};

/// What has two ends.
pub(super) trait Connected: AsFd {
    type Addr: Clone;

    fn local(&self) -> io::Result<Self::Addr>;
    fn peer(&self) -> io::Result<Self::Addr>;
}

impl Connected for TcpStream {
    type Addr = SocketAddr;

    fn local(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl Connected for UnixStream {
    type Addr = unix::SocketAddr;

    fn local(&self) -> io::Result<unix::SocketAddr> {
        self.local_addr()
    }

    fn peer(&self) -> io::Result<unix::SocketAddr> {
        self.peer_addr()
    }
}

/// A [`PollFd`], and the addresses of both ends from when they were connected: the system forgets
/// the other one with a reset, and both when the socket is closed. That is when programs want to
/// log them.
pub(super) struct Conn<S: Connected> {
    fd: PollFd<S>,
    /// Not there if the socket was not connected yet when it was taken over.
    ends: OnceLock<(S::Addr, S::Addr)>,
}

impl<S: Connected> Conn<S> {
    /// Takes over a socket that is connected already, most likely.
    pub(super) fn new(socket: S) -> Result<Conn<S>, RegisterError<S>> {
        let peer = socket.peer();
        let conn = Conn::connecting(socket)?;
        if let Ok(peer) = peer {
            conn.connected(peer);
        }
        Ok(conn)
    }

    /// Takes over a socket that is connected to `peer`.
    pub(super) fn to(socket: S, peer: S::Addr) -> Result<Conn<S>, RegisterError<S>> {
        let conn = Conn::connecting(socket)?;
        conn.connected(peer);
        Ok(conn)
    }

    /// Takes over a socket that is not connected yet.
    pub(super) fn connecting(socket: S) -> Result<Conn<S>, RegisterError<S>> {
        Ok(Conn {
            fd: PollFd::new(socket)?,
            ends: OnceLock::new(),
        })
    }

    /// It is connected to `peer` now.
    pub(super) fn connected(&self, peer: S::Addr) {
        if let Ok(Ok(local)) = self.fd.with(S::local) {
            let _ = self.ends.set((local, peer));
        }
    }

    pub(super) fn local_addr(&self) -> io::Result<S::Addr> {
        match self.ends.get() {
            Some((local, _)) => Ok(local.clone()),
            None => self.fd.with(S::local)?,
        }
    }

    pub(super) fn peer_addr(&self) -> io::Result<S::Addr> {
        match self.ends.get() {
            Some((_, peer)) => Ok(peer.clone()),
            None => self.fd.with(S::peer)?,
        }
    }

    pub(super) fn into_inner(self) -> Result<S, gort_runtime::Closed> {
        self.fd.into_inner()
    }
}

impl<S: Connected> Deref for Conn<S> {
    type Target = PollFd<S>;

    fn deref(&self) -> &PollFd<S> {
        &self.fd
    }
}
