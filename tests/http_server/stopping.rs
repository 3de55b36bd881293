//! SIGTERM: what is in progress is finished, what is idle is closed, and it does not take for ever.

use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gort::signal::Signal;

use crate::server::{Server, eventually};

#[test]
fn requests_in_progress_are_finished() {
    let server = Server::start("");
    let mut idle: Vec<_> = (0..10).map(|_| server.client()).collect();
    idle.iter_mut()
        .for_each(|client| assert_eq!(client.get("/").status, 200));
    let mut sleeper = server.client();
    // The response of the first one says that the second is at it.
    sleeper.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /sleep?ms=300 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(sleeper.response().status, 200);
    let mut body = server.client();
    body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(body.head().status, 100);
    let mut stream = server.client();
    stream.send("GET /stream?n=1000&bytes=100000 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(stream.head().status, 200);

    server.signal(Signal::TERM);
    for client in idle {
        client.ends();
    }
    eventually("nobody is taken in any more", || {
        TcpStream::connect(server.address).is_err()
    });
    body.send("hello");
    let response = body.response();
    assert_eq!(
        (response.text(), response.header("connection")),
        ("hello", Some("close"))
    );
    body.ends();
    // What its client asked for after that is served if there was time to read it before the
    // signal.
    assert_eq!(sleeper.response().text(), "slept 300 ms\n");
    while let Some(response) = sleeper.response_or_end() {
        assert_eq!(response.text(), "Hello, world!\n");
    }
    let rest = stream.rest();
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"), "the stream came to its end");
    assert_eq!(server.ended(), "stopped");
}

#[test]
fn it_ends_at_once_when_there_is_nothing_to_do() {
    let server = Server::start("--grace 200");
    let idle: Vec<_> = (0..50).map(|_| server.client()).collect();
    let mut served = server.client();
    assert_eq!(served.get("/").status, 200);
    let begun = Instant::now();
    assert_eq!(server.stop(), "stopped");
    assert!(
        begun.elapsed() < Duration::from_secs(200),
        "nobody had to be waited for"
    );
    drop(idle);
}

#[test]
fn grace_has_an_end() {
    let server = Server::start("--grace 0.2");
    let mut sleeper = server.client();
    sleeper.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(sleeper.response().status, 200);
    let mut half = server.client();
    half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(half.head().status, 100);
    let begun = Instant::now();
    assert_eq!(server.stop(), "stopped: 2 connections were cut");
    assert!(
        begun.elapsed() >= Duration::from_millis(200),
        "they had their grace"
    );
    sleeper.ends();
    half.ends();
}

/// Requests go on coming while the signal does: each gets a whole response, or none at all.
#[test]
fn nobody_gets_half_a_response() {
    for delay in [0, 1, 5, 20] {
        let server = Server::start("");
        let address = server.address;
        let clients: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn(move || {
                    let Ok(stream) = TcpStream::connect(address) else {
                        return 0;
                    };
                    let mut client = crate::client::Client::of(stream);
                    let mut served = 0;
                    while client.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
                        let Some(response) = client.response_or_end() else {
                            break;
                        };
                        assert_eq!((response.status, response.text()), (200, "Hello, world!\n"));
                        served += 1;
                        if response.header("connection") == Some("close") {
                            break;
                        }
                    }
                    served
                })
            })
            .collect();
        sleep(Duration::from_millis(delay));
        assert_eq!(server.stop(), "stopped");
        let served: u32 = clients
            .into_iter()
            .map(|client| client.join().expect("whole responses"))
            .sum();
        println!("after {delay} ms: {served} requests");
    }
}
