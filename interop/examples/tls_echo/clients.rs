//! All kinds of clients.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::net::TcpStream;
use gort::prelude::*;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// The name that the server's certificate is for.
pub(crate) const NAME: &str = "localhost";
/// No client waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(60);

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: SocketAddr, trust: Arc<ClientConfig>) -> io::Result<Tls> {
    let stream = TcpStream::connect(address)?;
    stream.set_deadline(Instant::now() + PATIENCE);
    let name = ServerName::try_from(NAME).expect("a name");
    let connection = ClientConnection::new(trust, name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

/// Says goodbye, and makes sure that the server does.
fn part(mut tls: Tls) -> io::Result<()> {
    tls.conn.send_close_notify();
    tls.flush()?;
    match tls.read(&mut [0])? {
        0 => Ok(()), // without the server's `close_notify` it would be an error
        _ => Err(io::Error::new(ErrorKind::InvalidData, "more than an echo")),
    }
}

/// Has a hundred lines echoed, one after the other; gives the number of those that came back right.
pub(crate) fn talk(address: SocketAddr, trust: Arc<ClientConfig>, number: usize) -> io::Result<usize> {
    let mut tls = BufReader::new(connect(address, trust)?);
    let mut right = 0;
    let mut back = String::new();
    for line in 0..100 {
        let text = format!("line {line} of client {number}\n");
        tls.get_mut().write_all(text.as_bytes())?;
        back.clear();
        tls.read_line(&mut back)?;
        right += usize::from(back == text);
    }
    part(tls.into_inner())?;
    Ok(right)
}

/// Sends more than all buffers hold, from here and there at once: one goroutine owns the session,
/// so it has to write and read by turns.
pub(crate) fn bulk(address: SocketAddr, trust: Arc<ClientConfig>) -> io::Result<bool> {
    let mut tls = connect(address, trust)?;
    let sent: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_be_bytes).collect();
    let mut back = Vec::with_capacity(sent.len());
    let mut piece = [0; 16 << 10];
    for part in sent.chunks(piece.len()) {
        tls.write_all(part)?;
        tls.flush()?;
        let so_far = back.len() + part.len();
        while back.len() < so_far {
            let length = tls.read(&mut piece)?;
            back.extend_from_slice(&piece[..length]);
        }
    }
    part(tls)?;
    Ok(back == sent)
}

/// What the server says to somebody who does not speak TLS.
pub(crate) fn plain_text(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_deadline(Instant::now() + PATIENCE);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    // Content type 21 (alert), the version, the length; level 2 (fatal) and the description.
    Ok(match answer[..] {
        [21, _, _, 0, 2, 2, description] => {
            format!("{:?}", rustls::AlertDescription::from(description))
        }
        _ => format!("{answer:?}"),
    })
}

/// What a client says that does not know the server's certificate.
pub(crate) fn suspicious(address: SocketAddr) -> io::Result<String> {
    let nobody = ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let mut tls = connect(address, Arc::new(nobody))?;
    let says = match tls.write_all(b"hello") {
        Ok(()) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    };
    drop_out(tls.sock)?;
    Ok(says)
}

/// Says the first half of its first message.
pub(crate) fn drops_in_the_handshake(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3])?;
    drop_out(stream)
}

/// Hears an echo and goes, without a word.
pub(crate) fn drops_in_a_session(address: SocketAddr, trust: Arc<ClientConfig>) -> io::Result<()> {
    let mut tls = connect(address, trust)?;
    tls.write_all(b"hello")?;
    tls.read_exact(&mut [0; 5])?;
    drop_out(tls.sock)
}

/// Ends what this side sends, and waits for the server to notice.
fn drop_out(mut stream: TcpStream) -> io::Result<()> {
    stream.set_deadline(Instant::now() + PATIENCE);
    stream.shutdown(Shutdown::Write)?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Hears an echo and stays until the server ends the session; then says whether that end was a
/// clean one.
pub(crate) fn stays(
    address: SocketAddr,
    trust: Arc<ClientConfig>,
) -> io::Result<(JoinHandle<io::Result<bool>>, String)> {
    let mut tls = connect(address, trust)?;
    tls.write_all(b"hello")?;
    let mut heard = [0; 5];
    tls.read_exact(&mut heard)?;
    let waiting = go!(move || {
        let clean = tls.read(&mut [0])? == 0;
        tls.conn.send_close_notify();
        tls.flush()?;
        Ok(clean)
    });
    Ok((waiting, String::from_utf8_lossy(&heard).into_owned()))
}
