//! Round trips over loopback TCP, with a thread for each end of each connection.

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use gort_bench::{CONNECTIONS, call, serve, share};

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
            thread::spawn(|| serve(server));
            client
        })
        .collect();
    let start = Instant::now();
    thread::scope(|s| {
        for client in clients {
            s.spawn(move || call(client, each));
        }
    });
    (each * CONNECTIONS, start.elapsed())
}
