//! Bodies of requests: with a length, in chunks, expected, unread.

use crate::seed::{Rng, seed};
use crate::server::Server;

/// Bytes that are different everywhere.
fn bytes(n: usize) -> Vec<u8> {
    let mut rng = Rng::new(n as u64);
    (0..n).map(|_| rng.next() as u8).collect()
}

/// `body` in chunks of `size`, with an extension each and trailers at the end.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend(format!("{:X};name=\"a;\\\"b\"\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"000\r\nTrailer: value\r\nOther:\r\n\r\n");
    out
}

const CHUNKED: &str = "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn bodies_of_all_sizes_come_back() {
    let server = Server::start("");
    let mut client = server.client();
    for size in [
        0,
        1,
        1000,
        4095,
        4096,
        4097,
        16 << 10,
        (16 << 10) + 1,
        100_000,
        1 << 20,
    ] {
        let body = bytes(size);
        assert!(client.post("/echo", &body).body == body, "{size} bytes");
        assert_eq!(client.post("/count", &body).text(), format!("{size}\n"));
        for chunk in [1000, 5000, 1 << 20] {
            client.send([CHUNKED.as_bytes(), &chunked(&body, chunk)].concat());
            assert!(
                client.response().body == body,
                "{size} bytes in chunks of {chunk}"
            );
        }
    }
    drop(client);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// The server may see a request cut anywhere: in the head, within a chunk's size, between CR and
/// LF.
#[test]
fn a_request_may_be_cut_anywhere() {
    let server = Server::start("");
    let mut client = server.client();
    let request = [CHUNKED.as_bytes(), &chunked(b"hello, world", 5)].concat();
    for cut in 1..request.len() {
        client.send(&request[..cut]);
        client.send(&request[cut..]);
        assert_eq!(client.response().text(), "hello, world", "cut after {cut} bytes");
    }
    for byte in &request {
        client.send([*byte]);
    }
    assert_eq!(client.response().text(), "hello, world");
    // Cut at random, together with its neighbours.
    let mut rng = Rng::new(seed());
    for _ in 0..20 {
        let many = request.repeat(10);
        let mut rest = &many[..];
        while !rest.is_empty() {
            let (part, after) = rest.split_at(1 + rng.below(rest.len().min(200)));
            client.send(part);
            rest = after;
        }
        for _ in 0..10 {
            assert_eq!(client.response().text(), "hello, world");
        }
    }
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn a_client_that_waits_for_a_word_gets_it() {
    let server = Server::start("");
    let mut client = server.client();
    for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        let head = |target| {
            format!("POST {target} HTTP/1.1\r\nHost: test\r\n{framing}\r\nExpect: 100-Continue\r\n\r\n")
        };
        let body = if framing.starts_with('C') {
            "hello"
        } else {
            "5\r\nhello\r\n0\r\n\r\n"
        };
        client.send(head("/echo"));
        let word = client.head();
        assert_eq!((word.status, word.headers), (100, vec![]));
        client.send(body);
        assert_eq!(client.response().text(), "hello");
        // Who did not wait needs no word.
        client.send(head("/echo") + body);
        assert_eq!(client.response().text(), "hello");
        // A handler that wants no body says so at once. Whether the body comes now, nobody can
        // tell.
        let mut other = server.client();
        other.send(head("/nothing"));
        let refused = other.response();
        assert_eq!(
            (refused.status, refused.header("connection")),
            (404, Some("close"))
        );
        other.ends();
    }
    // HTTP/1.0 does not know it.
    client.send("POST /echo HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    client.send("hello");
    assert_eq!(client.response().text(), "hello");
    let mut client = server.client();
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: miracles\r\n\r\n");
    assert_eq!(client.response().status, 417);
    client.ends();
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// A body that no handler reads is not taken for the next request.
#[test]
fn an_unread_body_is_skipped() {
    let server = Server::start("");
    let mut client = server.client();
    let trap = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n".repeat(100);
    for _ in 0..3 {
        assert_eq!(client.post("/nothing", &trap).status, 404);
        client.send(CHUNKED.replace("/echo", "/nothing"));
        client.send(chunked(&trap, 1000));
        assert_eq!(client.response().status, 404);
        assert_eq!(client.get("/").status, 200);
    }
    // One that is long is not worth it: the response says that the connection ends.
    let mut other = server.client();
    let response = other.post("/nothing", &bytes(200_000));
    assert_eq!(
        (response.status, response.header("connection")),
        (404, Some("close"))
    );
    other.ends();
    // In chunks that is found out too late to say it.
    let mut other = server.client();
    other.send(CHUNKED.replace("/echo", "/nothing"));
    other.send(chunked(&bytes(200_000), 50_000));
    assert_eq!(other.response().status, 404);
    other.ends();
    drop(client);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}
