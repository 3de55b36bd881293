//! Round trips over loopback TCP; both ends are tasks of this process.

use std::time::{Duration, Instant};

use gort_bench::{CONNECTIONS, MESSAGE, check, share};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) async fn echo(n: usize) -> (usize, Duration) {
    let each = share(n, CONNECTIONS);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("its address");
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = TcpStream::connect(address).await.expect("a connection");
        let (server, _) = listener.accept().await.expect("its other end");
        for end in [&client, &server] {
            end.set_nodelay(true).expect("no delay"); // as Go and gort do of themselves
        }
        tokio::spawn(serve(server));
        clients.push(client);
    }
    let start = Instant::now();
    let clients: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(call(client, each)))
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    (each * CONNECTIONS, start.elapsed())
}

async fn serve(mut connection: TcpStream) {
    let mut message = [0; MESSAGE];
    loop {
        match connection.read(&mut message).await.expect("a message") {
            0 => return,
            length => connection.write_all(&message[..length]).await.expect("an answer"),
        }
    }
}

async fn call(mut connection: TcpStream, times: usize) {
    let (mut message, mut answer) = ([0; MESSAGE], [0; MESSAGE]);
    for i in 0..times {
        message[..8].copy_from_slice(&i.to_le_bytes());
        connection.write_all(&message).await.expect("a message");
        connection.read_exact(&mut answer).await.expect("an answer");
        check(answer == message);
    }
}
