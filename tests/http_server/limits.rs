//! How much a client may send, and how many of them there may be.

use std::process::Command;

use crate::program::program;
use crate::server::{Server, eventually};

#[test]
fn heads_have_a_size() {
    let server = Server::start("--max-head 1000 --max-target 200 --max-headers 10");
    let request = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    let target = |n: usize| format!("/?{}", "x".repeat(n - 2));
    let filled = |n: usize| {
        let empty = request("/", "X: \r\n").len();
        request("/", &format!("X: {}\r\n", "x".repeat(n - empty)))
    };
    let headers = |n: usize| request("/", &"a: b\r\n".repeat(n - 1));
    let endless = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(1000));
    let cases = [
        (request(&target(200), ""), 200),
        (request(&target(201), ""), 414),
        (target(2000), 414),
        (filled(1000), 200),
        (filled(1001), 431),
        (filled(20_000), 431),
        (endless, 431),
        (headers(10), 200),
        (headers(11), 431),
    ];
    for (request, status) in cases {
        let mut client = server.client();
        client.try_send(&request);
        let response = client.response();
        assert_eq!(response.status, status, "{} bytes: {request}", request.len());
        if status != 200 {
            client.ends();
        }
        // What stands behind a head is not counted with it.
        let mut client = server.client();
        client.send(filled(1000).repeat(3));
        for _ in 0..3 {
            assert_eq!(client.response().status, 200);
        }
    }
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn bodies_have_a_size() {
    let server = Server::start("--max-body 1000");
    let chunks = |n: usize| {
        format!(
            "Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
            "a\r\n0123456789\r\n".repeat(n / 10)
        )
    };
    let length = |n: usize| format!("Content-Length: {n}\r\n\r\n{}", "x".repeat(n));
    let expected = "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n".to_owned();
    let huge = "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nand so on".to_owned()
        + &" and on".repeat(1000);
    let cases = [
        (length(1000), 200),
        (length(1001), 413),
        (length(100_000), 413),
        (chunks(1000), 200),
        (chunks(1010), 413),
        (huge, 413),
        (expected, 413),
    ];
    for (rest, status) in cases {
        for target in ["/echo", "/count"] {
            let mut client = server.client();
            client.try_send(format!("POST {target} HTTP/1.1\r\nHost: a\r\n{rest}"));
            let response = client.response();
            assert_eq!(response.status, status, "{} bytes: {rest}", rest.len());
            if status != 200 {
                assert_eq!(response.header("connection"), Some("close"));
                client.ends();
            }
        }
    }
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

#[test]
fn connections_have_a_number() {
    let server = Server::start("--max-connections 3");
    // The one from the start may not have left yet.
    let mut clients = Vec::new();
    while clients.len() < 3 {
        let mut client = server.client();
        client.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        if client.head().status == 200 {
            clients.push(client);
        }
    }
    for _ in 0..200 {
        let mut turned_away = server.client();
        let response = turned_away.response();
        assert_eq!(
            (response.status, response.header("connection")),
            (503, Some("close"))
        );
        turned_away.ends();
    }
    clients.pop();
    eventually("there is room again", || {
        let mut client = server.client();
        client.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.head().status == 200
    });
    drop(clients);
    server.at_rest();
    assert_eq!(server.stop(), "stopped");
}

/// More clients than the process may have descriptors: some wait until others have gone, and nobody
/// is lost.
#[test]
fn descriptors_have_a_number() {
    let server = Server::start_with_descriptors(40);
    let mut served: Vec<_> = (0..20).map(|_| server.client()).collect();
    for client in &mut served {
        assert_eq!(client.get("/").status, 200);
    }
    let mut waiting: Vec<_> = (0..30).map(|_| server.client()).collect();
    for client in &mut waiting {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    eventually("they are used up", || server.descriptors().len() >= 40);
    for client in &mut served {
        assert_eq!(client.get("/").status, 200, "those that are in are served on");
    }
    for mut client in waiting {
        served.pop(); // one leaves, one comes in
        assert_eq!(client.response().status, 200);
    }
    drop(served);
    server.at_rest();
    let said = server.kill();
    assert!(
        said.starts_with("http_server: accept: Too many open files"),
        "{said}"
    );
}

#[test]
fn it_says_how_it_is_called() {
    let run = |args: &[&str]| {
        let output = Command::new(program("http_server"))
            .args(args)
            .output()
            .expect("http_server");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (status, help, err) = run(&["--help"]);
    assert_eq!((status, &*err), (Some(0), ""));
    assert!(
        help.starts_with("usage: http_server ") && help.contains("--max-head BYTES"),
        "{help}"
    );
    let wrong: &[(&[&str], &str)] = &[
        (&["--fast"], "unknown option --fast"),
        (&["--grace"], "--grace needs a value"),
        (
            &["--grace", "-1"],
            "--grace takes seconds, from 0.001 to 86400, not -1",
        ),
        (
            &["--grace", "NaN"],
            "--grace takes seconds, from 0.001 to 86400, not NaN",
        ),
        (
            &["--max-headers", "0"],
            "--max-headers takes a number from 1 to 128, not 0",
        ),
        (&["--host", "here"], "here is no address"),
        (&["eighty"], "eighty is no port"),
        (&["1", "2"], "one port only, but there is also 2"),
    ];
    for (args, message) in wrong {
        let expected = format!("http_server: {message}\n{help}");
        assert_eq!(run(args), (Some(2), String::new(), expected), "{args:?}");
    }
    let (status, _, err) = run(&["--host", "192.0.2.1", "0"]);
    assert_eq!(
        (status, &*err),
        (
            Some(1),
            "http_server: Cannot assign requested address (os error 99)\n"
        )
    );
}
