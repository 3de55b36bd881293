//! Requests that are wrong: what they are told, and that it stays between the server and them.

use crate::server::Server;

/// A request, what it gets, and whether the connection goes on after it.
fn refused(server: &Server, cases: &[(&str, u16)]) {
    let mut witness = server.client();
    for &(request, status) in cases {
        let mut client = server.client();
        client.send(request);
        client.send("GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n");
        let response = client.response();
        assert_eq!(response.status, status, "{request:?}");
        assert_eq!(response.header("connection"), Some("close"), "{request:?}");
        assert!(response.text().starts_with(&status.to_string()), "{request:?}");
        // Nothing that follows is taken for a request.
        client.ends();
        assert_eq!(
            witness.get("/").status,
            200,
            "another connection, after {request:?}"
        );
    }
    drop(witness);
    server.at_rest();
}

#[test]
fn what_is_no_request() {
    let server = Server::start("");
    refused(
        &server,
        &[
            ("nonsense\r\n\r\n", 400),
            ("\x16\x03\x01\x02\x00\x01\n\n", 400), // TLS
            ("GET /\r\n\r\n", 400),                // HTTP/0.9
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
            ("GET / FTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
            ("GET / HTTP/1.11\r\nHost: a\r\n\r\n", 400),
            ("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nno colon\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nFolded: a\r\n b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", 400),
            // Whose request is it?
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            // Nobody here knows that method.
            ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ],
    );
    assert_eq!(server.stop(), "stopped");
}

/// Where two readers could see two ends of a body, a request can be smuggled past one of them.
#[test]
fn bodies_whose_end_is_in_doubt() {
    let server = Server::start("");
    let post = |headers: &str, body: &str| format!("POST /echo HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}");
    let mut cases = Vec::new();
    for (headers, status) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: -5\r\n", 400),
        ("Content-Length: 0x5\r\n", 400),
        ("Content-Length: 5 5\r\n", 400),
        ("Content-Length:\r\n", 400),
        ("Content-Length: 99999999999999999999\r\n", 400),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            400,
        ),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n", 400),
        ("Transfer-Encoding: identity\r\n", 400),
        ("Transfer-Encoding:\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
    ] {
        cases.push((post(headers, "5\r\nhello\r\n0\r\n\r\n"), status));
    }
    for body in [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        ";a=b\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
        "5;a\r\rhello\r\n0\r\n\r\n",
        "10000000000000000\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n folded\r\n\r\n",
        "0\r\na: b\n\r\n",
    ] {
        cases.push((post("Transfer-Encoding: chunked\r\n", body), 400));
    }
    cases.push((
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        400,
    ));
    cases.push(("POST /echo HTTP/1.0\r\n\r\n".into(), 411));
    let cases: Vec<(&str, u16)> = cases.iter().map(|(text, status)| (&**text, *status)).collect();
    refused(&server, &cases);
    assert_eq!(server.stop(), "stopped");
}

/// These are proper requests: the connection goes on.
#[test]
fn what_is_not_there() {
    let server = Server::start("");
    let mut client = server.client();
    assert_eq!(client.get("/nothing").status, 404);
    assert_eq!(client.get("//").status, 404);
    let wrong = client.get("/echo");
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("POST, PUT, OPTIONS"))
    );
    let wrong = client.post("/", b"body");
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("GET, HEAD, OPTIONS"))
    );
    assert_eq!(client.get("/").status, 200);
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn a_handler_that_panics_fails_alone() {
    let server = Server::start("");
    let mut witness = server.client();
    let mut client = server.client();
    let response = client.get("/panic");
    assert_eq!(
        (response.status, response.header("connection")),
        (500, Some("close"))
    );
    client.ends();
    assert_eq!(witness.get("/").status, 200);
    drop(witness);
    server.at_rest();
    let said = server.kill();
    assert!(
        said.starts_with("http_server: Get /panic: a handler that panics"),
        "{said}"
    );
}
