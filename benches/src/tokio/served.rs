//! A server whose clients are in another process.

use std::io;
use std::net::SocketAddr;

use gort_bench::{ROOM, Served, listening};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) async fn serve(what: Served) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    listening(listener.local_addr()?);
    loop {
        let (client, _) = listener.accept().await?;
        client.set_nodelay(true)?; // as Go and gort do of themselves
        match what {
            Served::Echo => drop(tokio::spawn(echo(client))),
            Served::Proxy(address) => drop(tokio::spawn(proxy(client, address))),
        }
    }
}

async fn echo(mut client: TcpStream) -> io::Result<()> {
    let (from, to) = client.split();
    pass(from, to).await
}

async fn proxy(client: TcpStream, address: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(address).await?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::spawn(pass(from_client, to_server));
    pass(from_server, to_client).await
}

/// Until the one that is read ends. What is written to is shut down when its half is dropped.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = vec![0; ROOM];
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(()),
            length => to.write_all(&buffer[..length]).await?,
        }
    }
}
