//! The other side: servers that echo, and that misbehave when they are told to.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gort::net::{self, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use gort::prelude::*;

use super::ledger::Ledger;
use super::support::seed::Rng;

/// The first byte of a connection says what the server is to do.
pub(crate) const ECHO: u8 = b'E';
/// It reads a little and resets the connection.
pub(crate) const RESET: u8 = b'R';
/// It reads nothing more for a while and goes away with bytes unread.
pub(crate) const STALL: u8 = b'S';
/// It closes at once.
pub(crate) const LEAVE: u8 = b'L';

/// Where everybody is.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) tcp: SocketAddr,
    pub(crate) udp: SocketAddr,
    pub(crate) unix: PathBuf,
    /// A port that is taken, but nobody listens.
    pub(crate) nobody: SocketAddr,
    /// A listener whose queue is full: it gives no answer.
    pub(crate) full: SocketAddr,
    pub(crate) directory: PathBuf,
}

/// Everything that has to be stopped.
pub(crate) struct Servers {
    world: World,
    tcp: TcpListener,
    udp: UdpSocket,
    unix: UnixListener,
    handles: Vec<JoinHandle<()>>,
    _nobody: socket2::Socket,
    _full: (socket2::Socket, Vec<TcpStream>),
    _directory: tempfile::TempDir,
}

impl Servers {
    pub(crate) fn start(ledger: &Arc<Ledger>, rng: &Rng) -> Servers {
        let directory = tempfile::tempdir().expect("a directory");
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let path = directory.path().join("socket");
        let unix = UnixListener::bind(&path).expect("a socket");
        let (nobody, nobody_at) = bound();
        let (full, full_at) = bound();
        full.listen(0).expect("a listener");
        let mut taken = Vec::new();
        while let Ok(stream) = net::dial_timeout(full_at, Duration::from_millis(300)) {
            taken.push(stream);
        }
        let world = World {
            tcp: tcp.local_addr().expect("an address"),
            udp: udp.local_addr().expect("an address"),
            unix: path,
            nobody: nobody_at,
            full: full_at,
            directory: directory.path().into(),
        };
        let handles = vec![
            go!([tcp, ledger] { accept_tcp(&tcp, &ledger) }),
            go!([unix, ledger] { accept_unix(&unix, &ledger) }),
            {
                let mut rng = rng.fork(1 << 32);
                go!([udp, ledger] { echo_datagrams(&udp, &ledger, &mut rng) })
            },
        ];
        Servers {
            world,
            tcp,
            udp,
            unix,
            handles,
            _nobody: nobody,
            _full: (full, taken),
            _directory: directory,
        }
    }

    pub(crate) fn world(&self) -> World {
        self.world.clone()
    }

    /// Ends those who accept; those who serve end with their clients.
    pub(crate) fn stop(self) {
        self.tcp.close().expect("not closed before");
        self.udp.close().expect("not closed before");
        self.unix.close().expect("not closed before");
        for handle in self.handles {
            handle.join().expect("a server that does not panic");
        }
    }
}

fn bound() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .expect("a port");
    let address = socket.local_addr().expect("an address");
    (socket, address.as_socket().expect("an internet address"))
}

fn accept_tcp(listener: &TcpListener, ledger: &Arc<Ledger>) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => {
                let resets = stream.clone();
                let reset = move || {
                    let _ = reset(&resets);
                };
                go!([ledger] { ledger.note("tcp server", serve(&stream, reset)) });
            }
            Err(error) => ledger.note("tcp server", Err(format!("accept: {error:?}"))),
        }
    }
}

fn accept_unix(listener: &UnixListener, ledger: &Arc<Ledger>) {
    for stream in listener.incoming() {
        match stream {
            // Bytes that nobody has read make a reset of the close.
            Ok(stream) => {
                go!([ledger] { ledger.note("unix server", serve(&stream, || ())) });
            }
            Err(error) => ledger.note("unix server", Err(format!("accept: {error:?}"))),
        }
    }
}

/// Makes the close of `stream` a reset.
pub(crate) fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_linger(Some(Duration::ZERO))?;
    stream.close()
}

/// Does what the first byte says.
fn serve<'a, S>(stream: &'a S, reset: impl FnOnce()) -> Result<&'static str, String>
where
    &'a S: Read + Write,
{
    let mut stream = stream;
    let mut first = [0];
    let outcome = match stream.read(&mut first) {
        Ok(0) => return Ok("the client said nothing"),
        Err(error) => Err(error),
        Ok(_) => match first[0] {
            ECHO => gort::io::copy(&mut { stream }, &mut { stream }).map(|_| "echoed to the end"),
            RESET => stream.read(&mut [0; 100]).map(|_| {
                reset();
                "did a reset"
            }),
            STALL => {
                gort::time::sleep(Duration::from_millis(10));
                Ok("stalled and went away")
            }
            LEAVE => Ok("left at once"),
            other => return Err(format!("unknown wish {other}")),
        },
    };
    match outcome {
        Ok(name) => Ok(name),
        Err(error) if is_reset(&error) => Ok("the client did a reset"),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// Whether the other side has gone in the middle.
pub(crate) fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// Echoes, but for one datagram in ten.
fn echo_datagrams(socket: &UdpSocket, ledger: &Ledger, rng: &mut Rng) {
    let mut buffer = [0; 2048];
    while !socket.is_closed() {
        let outcome = match socket.recv_from(&mut buffer) {
            Ok(_) if rng.below(10) == 0 => Ok("dropped"),
            Ok((length, from)) => match socket.send_to(&buffer[..length], from) {
                Ok(_) => Ok("answered"),
                Err(error) => Err(format!("send: {error:?}")),
            },
            Err(_) if socket.is_closed() => Ok("closed"),
            Err(error) => Err(format!("receive: {error:?}")),
        };
        ledger.note("udp server", outcome);
    }
}

/// A connection to the Unix server that begins with `wish`.
pub(crate) fn unix(world: &World, wish: u8) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(&world.unix)?;
    stream.write_all(&[wish])?;
    Ok(stream)
}

/// A connection to the TCP server that begins with `wish`.
pub(crate) fn tcp(world: &World, wish: u8) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(world.tcp)?;
    stream.write_all(&[wish])?;
    Ok(stream)
}
