//! Clients that take their time, some of them with a purpose.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::server::Server;

/// Many connections that give a byte now and then, so that none is ever silent: they are cut off
/// when a head is due, and meanwhile others are served.
#[test]
fn drips_of_a_head_do_not_hold_a_connection() {
    let server = Server::start("--head-timeout 0.3");
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(100_000));
    let begun = Instant::now();
    let mut drips: Vec<_> = (0..100).map(|_| server.client()).collect();
    let mut witness = server.served_client();
    let mut bytes = head.bytes();
    let mut cut = Vec::new();
    while !drips.is_empty() {
        let byte = [bytes.next().expect("it takes no 100,000 bytes")];
        for mut client in std::mem::take(&mut drips) {
            if client.try_send(byte) {
                drips.push(client)
            } else {
                cut.push(client)
            }
        }
        assert_eq!(witness.get("/").status, 200);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(300),
        "they had their time"
    );
    assert_eq!(cut.len(), 100);
    // Who listens is told why.
    server.client_after("GET / HTTP/1.1\r\n", 408).ends();
    // The second request of a connection is no different.
    assert_eq!(witness.get("/").status, 200);
    witness.send("G");
    assert_eq!(witness.response().status, 408);
    witness.ends();
    drop(cut);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// Who says nothing at all is told nothing.
#[test]
fn silence_ends_a_connection() {
    // Long enough for a client that the machine keeps from asking.
    let server = Server::start("--head-timeout 1 --idle-timeout 1.2");
    server.client().ends();
    let begun = Instant::now();
    server.served_client().ends();
    assert!(begun.elapsed() >= Duration::from_millis(1200), "it had its time");
    // Empty lines are no request.
    let mut client = server.client();
    while client.try_send("\r\n") {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(client);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// A body has to make progress: silence and drips are cut off. (That one which is slow but comes is
/// not: `parts`.)
#[test]
fn drips_of_a_body_do_not_hold_a_connection() {
    let server = Server::start("--body-timeout 0.3");
    let head = "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    let mut silent = server.client();
    silent.send(head);
    assert_eq!(silent.response().status, 408);
    silent.ends();
    let chunked = "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (head, drop) in [(head, "x"), (chunked, "1\r\nx\r\n")] {
        let mut drip = server.client();
        let begun = Instant::now();
        drip.send(head);
        while drip.try_send(drop) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(begun.elapsed() >= Duration::from_millis(300), "it had its time");
    }
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// A client that does not read what it asked for.
#[test]
fn responses_that_nobody_reads_do_not_hold_a_connection() {
    let server = Server::start("--write-timeout 0.2");
    let mut deaf = server.client();
    deaf.send("GET /stream?n=1000000&bytes=100000 HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut asks = server.client();
    // Pipelining without reading: the responses are what fills the pipe.
    while asks.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100)) {}
    assert_eq!(server.client().get("/").status, 200);
    server.empty();
    // The chunks end in the middle: the client can see that something is missing.
    let rest = deaf.rest();
    assert!(rest.starts_with(b"HTTP/1.1 200 OK\r\n") && !rest.ends_with(b"0\r\n\r\n"));
    drop(asks);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// Clients that vanish: in the middle of a response, of a body, of a head, and before anything.
#[test]
fn resets_hurt_nobody_else() {
    let server = Server::start("");
    let mut witness = server.client();
    for _ in 0..20 {
        for said in [
            "GET /stream?n=1000000&bytes=10000 HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello",
            "GET / HTTP",
            "",
        ] {
            let mut client = server.client();
            client.send(said);
            if said.contains("stream") {
                client.stream.read_exact(&mut [0; 100_000]).expect("a part of it");
            }
            client.reset();
            assert_eq!(witness.get("/").status, 200);
        }
    }
    drop(witness);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}
