//! `kv_server` with clients that break off, do not read, say nothing or are too many, and its stop while it works.

use std::io::{Read, Write};
use std::process::Command;
use std::thread;
use std::time::Duration;

use redis::Commands;
use socket2::SockRef;

use super::kv_server::{client, exchange, replies, start, to_end};
use super::program;
use super::service::Service;

#[test]
fn clients_that_break_off() {
    let service = start(&[]);
    let before = service.descriptors();
    for _ in 0..10 {
        for bytes in [
            &b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nnot as much as it promised"[..],
            b"SET half a req",
            b"SUBSCRIBE a b c\r\n",
            b"PING\r\nPING\r\n",
        ] {
            let reset = service.connect();
            (&reset).write_all(bytes).expect("sending");
            SockRef::from(&reset)
                .set_linger(Some(Duration::ZERO))
                .expect("an option");
            let gone = service.connect();
            (&gone).write_all(bytes).expect("sending");
        }
        // Half a connection is enough to be answered, and what is incomplete is not carried out.
        assert_eq!(
            exchange(&service, b"PING\r\nGET half\r\nSET half"),
            "+PONG\r\n$-1\r\n"
        );
    }
    service.expect_descriptors(before);
    // Nobody is left of those who listened.
    assert_eq!(exchange(&service, b"PUBLISH a x\r\n"), ":0\r\n");
    service.stop().clean();
}

/// Who takes no replies, and who listens to a channel without reading, is dropped; nobody waits for them.
#[test]
fn clients_that_do_not_read() {
    let service = start(&["--write-timeout", "200"]);
    let mut redis = client(service.address);
    let () = redis.set("large", "x".repeat(1 << 20)).expect("OK");
    let before = service.descriptors();

    let greedy = service.connect();
    (&greedy)
        .write_all(&b"GET large\r\n".repeat(100))
        .expect("sending");
    let deaf = service.connect();
    (&deaf).write_all(b"SUBSCRIBE news\r\n").expect("sending");
    replies(&deaf, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    let text = "y".repeat(100_000);
    while redis.publish::<_, _, i32>("news", &text).expect("a number") > 0 {}
    service.expect_descriptors(before); // though both still hold their ends
    drop((greedy, deaf, redis));
    service.stop().clean();
}

#[test]
fn as_many_clients_as_there_may_be() {
    let service = start(&["--max-clients", "2", "--timeout", "60000"]);
    let before = service.descriptors();
    let clients = [service.connect(), service.connect()];
    for client in &clients {
        (&*client).write_all(b"PING\r\n").expect("sending");
        replies(client, "+PONG\r\n");
    }
    let third = service.connect();
    assert_eq!(to_end(third), "-ERR max number of clients reached\r\n");
    drop(clients);
    service.expect_descriptors(before);
    assert_eq!(exchange(&service, b"PING\r\n"), "+PONG\r\n");
    service.stop().clean();
}

#[test]
fn clients_that_say_nothing_for_too_long() {
    let service = start(&["--timeout", "100"]);
    let before = service.descriptors();
    let silent = service.connect();
    let halfway = service.connect();
    (&halfway).write_all(b"*1\r\n$4\r\nPI").expect("sending");
    assert_eq!((to_end(silent), to_end(halfway)), (String::new(), String::new()));
    service.expect_descriptors(before);
    service.stop().clean();
}

/// More connections than descriptors: those that come too late wait until others go.
#[test]
fn more_clients_than_descriptors() {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n 40 && exec \"$0\" serve 127.0.0.1:0"])
        .arg(program("kv_server"));
    let service = Service::start_with(&mut shell);
    let clients: Vec<_> = (0..60).map(|_| service.connect()).collect();
    for client in &clients {
        (&*client).write_all(b"PING\r\nQUIT\r\n").expect("sending");
    }
    for client in clients {
        replies(&client, "+PONG\r\n+OK\r\n");
    }
    assert!(service.stop().clean().starts_with("60 clients, "));
}

/// SIGTERM while clients ask: each gets whole replies and an end, and the server ends with status 0.
#[test]
fn stops_in_the_middle_of_it() {
    let service = start(&[]);
    let clients: Vec<_> = (0..8)
        .map(|n| {
            let stream = service.connect();
            (&stream).write_all(b"PING\r\n").expect("sending");
            replies(&stream, "+PONG\r\n");
            thread::spawn(move || {
                let request = format!("INCR k{n}\r\n").repeat(10);
                let mut bytes = Vec::new();
                let mut room = [0; 4096];
                loop {
                    // Once the server has hung up, sending fails or is for nothing.
                    let sent = (&stream).write_all(request.as_bytes());
                    match (&stream).read(&mut room) {
                        Ok(0) => break,
                        Ok(length) => bytes.extend_from_slice(&room[..length]),
                        Err(_) if sent.is_err() => break,
                        Err(error) => {
                            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                            break;
                        }
                    }
                }
                let text = String::from_utf8(bytes).expect("UTF-8");
                for (n, line) in text.split_terminator("\r\n").enumerate() {
                    assert_eq!(line, format!(":{}", n + 1));
                }
                assert!(text.is_empty() || text.ends_with("\r\n"), "half a reply");
            })
        })
        .collect();
    let idle = service.connect();
    let mut listener = client(service.address);
    let mut listener = listener.as_pubsub();
    listener.subscribe("news").expect("OK");
    service.ask_to_stop();
    for client in clients {
        client.join().expect("whole replies");
    }
    assert_eq!(to_end(idle), "");
    listener.get_message().expect_err("an end");
    drop(listener);
    assert!(service.outcome().clean().starts_with("10 clients, "));
}
