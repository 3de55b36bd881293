//! Round trips over loopback TCP; both ends are coroutines of this process.

use std::time::{Duration, Instant};

use gort_bench::{CONNECTIONS, call, serve, share};
use may::go;
use may::net::{TcpListener, TcpStream};

pub(crate) fn echo(n: usize) -> (usize, Duration) {
    let each = share(n, CONNECTIONS);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let client = TcpStream::connect(address).expect("a connection");
            let (server, _) = listener.accept().expect("its other end");
            for end in [&client, &server] {
                end.set_nodelay(true).expect("no delay"); // as Go and gort do of themselves
            }
            go!(move || serve(server));
            client
        })
        .collect();
    let start = Instant::now();
    let clients: Vec<_> = clients
        .into_iter()
        .map(|client| go!(move || call(client, each)))
        .collect();
    for client in clients {
        client.join().expect("a client");
    }
    (each * CONNECTIONS, start.elapsed())
}
