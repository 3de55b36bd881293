//! Round trips over loopback TCP; both ends are goroutines of this process.

use std::time::{Duration, Instant};

use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use gort_bench::{CONNECTIONS, call, serve, share};

pub(crate) fn echo(n: usize) -> (usize, Duration) {
    let each = share(n, CONNECTIONS);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let client = TcpStream::connect(address).expect("a connection");
            let (server, _) = listener.accept().expect("its other end");
            go!(serve(server));
            client
        })
        .collect();
    let start = Instant::now();
    let clients: Vec<_> = clients
        .into_iter()
        .map(|client| go!(call(client, each)))
        .collect();
    for client in clients {
        client.join().expect("a client");
    }
    (each * CONNECTIONS, start.elapsed())
}
