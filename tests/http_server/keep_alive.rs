//! Which connections go on, and what goes on them: one request after the other, and many at once.

use crate::server::Server;

#[test]
fn a_connection_serves_many_requests() {
    let server = Server::start("");
    let mut client = server.client();
    for n in 0..20 {
        let hello = client.get("/");
        assert_eq!((hello.status, hello.text()), (200, "Hello, world!\n"));
        assert_eq!(hello.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(hello.header("connection"), None);
        assert!(hello.header("date").is_some_and(|date| date.ends_with(" GMT")));
        let body = format!("body {n}");
        assert_eq!(client.post("/echo", body.as_bytes()).text(), body);
    }
    drop(client);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn each_version_ends_as_it_should() {
    let server = Server::start("");
    // Version, the request's header, whether the connection goes on, the response's header.
    let cases = [
        ("1.1", "", true, None),
        ("1.1", "Connection: close\r\n", false, Some("close")),
        ("1.1", "Connection: foo,  ClOsE\r\n", false, Some("close")),
        ("1.1", "Connection: keep-alive\r\n", true, None),
        ("1.0", "", false, Some("close")),
        ("1.0", "Connection: Keep-Alive\r\n", true, Some("keep-alive")),
        ("1.0", "Connection: keep-alive, close\r\n", false, Some("close")),
    ];
    for (version, header, goes_on, answered) in cases {
        let mut client = server.client();
        let request = format!("GET / HTTP/{version}\r\nHost: test\r\n{header}\r\n");
        client.send(&request);
        let response = client.response();
        assert_eq!(
            (response.status, response.header("connection")),
            (200, answered),
            "{request}"
        );
        if goes_on {
            client.send(&request);
            assert_eq!(client.response().status, 200, "{request}");
        } else {
            client.ends();
        }
    }
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn old_clients_get_no_chunks() {
    let server = Server::start("");
    let mut client = server.client();
    client.send("GET /stream?n=3&bytes=4 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let response = client.response();
    assert_eq!(response.header("transfer-encoding"), None);
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(response.text(), "xxxxxxxxxxxx");
    let chunked = server.client().get("/stream?n=3&bytes=4");
    assert_eq!(chunked.header("transfer-encoding"), Some("chunked"));
    assert_eq!(chunked.text(), "xxxxxxxxxxxx");
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn head_gives_the_head_of_get() {
    let server = Server::start("");
    let mut client = server.client();
    for target in ["/", "/stream", "/nothing"] {
        let mut full = client.get(target);
        client.send(format!("HEAD {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let mut head = client.head();
        for response in [&mut full, &mut head] {
            response.headers.retain(|(name, _)| name != "date");
        }
        assert_eq!((head.status, head.headers), (full.status, full.headers));
    }
    // Nothing was left over that the next response would trip over.
    assert_eq!(client.get("/").text(), "Hello, world!\n");
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn targets_in_all_their_forms() {
    let server = Server::start("");
    let mut client = server.client();
    for target in [
        "/",
        "/?a=b",
        "?",
        "http://test",
        "HTTP://test:80/",
        "http://test?x",
    ] {
        assert_eq!(client.get(target).text(), "Hello, world!\n", "{target}");
    }
    let options = [
        ("*", None),
        ("/", Some("GET, HEAD, OPTIONS")),
        ("/echo", Some("POST, PUT, OPTIONS")),
    ];
    for (target, allow) in options {
        client.send(format!("OPTIONS {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let response = client.response();
        assert_eq!(
            (response.status, response.header("allow")),
            (204, allow),
            "{target}"
        );
    }
    assert_eq!(server.stop(), "stopped");
}

/// A hundred requests in one write, and then cut into pieces of all sizes.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start("");
    let mut requests = String::new();
    for n in 0..100 {
        let body = format!("request {n} {}", "-".repeat(n));
        requests += &match n % 3 {
            0 => format!(
                "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            1 => format!(
                "\r\nPOST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            ),
            _ => "GET / HTTP/1.1\r\nHost: test\r\n\r\n".into(),
        };
    }
    for piece in [usize::MAX, 4096, 1000, 333, 64] {
        let mut client = server.client();
        for part in requests.as_bytes().chunks(piece) {
            client.send(part);
        }
        for n in 0..100 {
            let response = client.response();
            let body = format!("request {n} {}", "-".repeat(n));
            let expected = if n % 3 == 2 { "Hello, world!\n" } else { &body };
            assert_eq!(
                (response.status, response.text()),
                (200, expected),
                "in pieces of {piece}"
            );
        }
    }
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn what_follows_the_last_request_is_not_served() {
    let server = Server::start("");
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    client.send(
        "GET /nothing HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".to_owned()
            + &"GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(1000),
    );
    assert_eq!(client.response().status, 200);
    assert_eq!(client.response().status, 404);
    client.ends();
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// What was asked for before is not held back while a handler takes its time.
#[test]
fn a_slow_request_does_not_hold_up_the_responses_before_it() {
    let server = Server::start("--grace 0.001");
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\nGET /sleep?ms=60000 HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.response().status, 200);
    assert_eq!(server.stop(), "stopped: 1 connections were cut");
}

/// Half of a connection is enough: who has no more to ask gets all answers.
#[test]
fn a_client_that_has_said_all_gets_its_answers() {
    let server = Server::start("");
    let mut client = server.client();
    client.send("GET /sleep?ms=20 HTTP/1.1\r\nHost: test\r\n\r\n".repeat(3));
    client.half_close();
    for _ in 0..3 {
        assert_eq!(client.response().text(), "slept 20 ms\n");
    }
    client.ends();
    // In the middle of a head nobody can tell what is meant: that is the end, without an answer.
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\nHo");
    client.half_close();
    client.ends();
    // In the middle of a body it can be told what is wrong.
    let mut client = server.client();
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello");
    client.half_close();
    assert_eq!(client.response().status, 400);
    client.ends();
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}
