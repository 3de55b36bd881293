//! `chat_room`, as guests see it that use `tungstenite` on std's sockets, and as those do that write bytes by hand.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

use super::same_text;
use super::service::{Service, says_what_is_wrong};

struct Guest(WebSocket<TcpStream>);

impl Guest {
    /// Joins, and hears that it did.
    #[track_caller]
    fn join(service: &Service, name: &str) -> Guest {
        let url = format!("ws://{}/?name={name}", service.address);
        let (socket, _) = tungstenite::client(url, service.connect()).expect("a handshake");
        let mut guest = Guest(socket);
        let welcome = guest.hear();
        assert!(
            welcome.starts_with(&format!("* {name} joined; here: ")),
            "{welcome}"
        );
        guest
    }

    #[track_caller]
    fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("sending");
    }

    #[track_caller]
    fn hear(&mut self) -> String {
        loop {
            match self.0.read().expect("a message") {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    #[track_caller]
    fn hears(&mut self, text: &str) {
        assert_eq!(self.hear(), text);
    }

    /// Hears of somebody's coming and going, and nothing else.
    #[track_caller]
    fn hears_of(&mut self, name: &str, end: &str) {
        let joined = self.hear();
        assert!(joined.starts_with(&format!("* {name} joined; ")), "{joined}");
        self.hears(&format!("* {name} {end}"));
    }

    /// The code of the Close frame, after whatever is said before; then the connection ends.
    #[track_caller]
    fn closed(mut self) -> u16 {
        let code = loop {
            match self.0.read().expect("a Close frame") {
                Message::Close(frame) => break frame.map_or(1005, |frame| frame.code.into()),
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        };
        match self.0.read() {
            // With a reset if what this side has said last was not read.
            Err(Error::ConnectionClosed) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("{other:?}"),
        }
        code
    }

    /// The socket, for what `tungstenite` would not send.
    fn raw(self) -> TcpStream {
        self.0.into_inner()
    }

    fn of(socket: TcpStream) -> Guest {
        Guest(WebSocket::from_raw_socket(socket, Role::Client, None))
    }
}

/// A client's frame: the first byte (FIN and opcode), and the payload.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).expect("it is short")),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).expect("not that long").to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

/// Every byte in a packet of its own, as far as the other side listens.
fn drip(mut socket: &TcpStream, bytes: &[u8]) {
    for byte in bytes.chunks(1) {
        if socket.write_all(byte).is_err() {
            return;
        }
    }
}

#[test]
fn its_own_guests() {
    same_text("chat_room");
}

#[test]
fn frames_cut_at_every_byte() {
    let service = Service::start("chat_room", &["serve", "127.0.0.1:0"]);
    let socket = Guest::join(&service, "raw").raw();
    // A message in three frames, with a ping and a pong in between, and the same in one piece.
    let bytes = [
        frame(0x01, b"cut "),
        frame(0x89, b"still there?"),
        frame(0x00, "\u{e4}".as_bytes()),
        frame(0x8a, b""),
        frame(0x80, b" into pieces"),
        frame(0x81, &[b'x'; 200]),
        frame(0x81, b""),
    ]
    .concat();
    drip(&socket, &bytes);
    let mut guest = Guest::of(socket);
    assert_eq!(
        guest.0.read().expect("a pong"),
        Message::Pong(b"still there?".as_slice().into())
    );
    guest.hears("raw: cut \u{e4} into pieces");
    guest.hears(&format!("raw: {}", "x".repeat(200)));
    guest.hears("raw: ");
    let socket = guest.raw();
    // Everything at once is the same.
    (&socket).write_all(&bytes).expect("sending");
    drip(&socket, &frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']));
    assert_eq!(Guest::of(socket).closed(), 1000);
    assert_eq!(
        service.stop().clean(),
        "1 joined: 1 left, 0 lost, 0 silent, 0 slow, 0 expelled, 0 stayed\n"
    );
}

/// Each of these costs its sender the membership, with the code that the protocol has for it, and nobody else notices more than that.
#[test]
fn what_is_no_frame() {
    let service = Service::start("chat_room", &["serve", "127.0.0.1:0"]);
    let mut witness = Guest::join(&service, "witness");
    let before = service.descriptors();
    let unmasked = vec![0x81, 2, b'h', b'i'];
    let huge = vec![
        0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
    ];
    let cases: &[(&str, Vec<u8>, u16)] = &[
        ("unmasked", unmasked, 1002),
        ("reserved bits", frame(0xc1, b"hi"), 1002),
        ("reserved opcode", frame(0x83, b"hi"), 1002),
        ("reserved control", frame(0x8b, b"hi"), 1002),
        ("a ping in pieces", frame(0x09, b"hi"), 1002),
        ("a long ping", frame(0x89, &[0; 126]), 1002),
        ("no beginning", frame(0x80, b"hi"), 1002),
        ("no end", [frame(0x01, b"hi"), frame(0x81, b"hi")].concat(), 1002),
        ("half a code", frame(0x88, &[3]), 1002),
        ("no text", frame(0x81, b"\xc3("), 1007),
        ("half a letter", frame(0x81, b"\xc3"), 1007),
        ("binary", frame(0x82, b"hi"), 1003),
        ("huge", huge, 1009),
        ("too long", frame(0x81, &[b'x'; 4097]), 1009),
        (
            "too long in pieces",
            [frame(0x01, &[b'x'; 4096]), frame(0x80, b"y")].concat(),
            1009,
        ),
    ];
    for (what, bytes, code) in cases {
        for drop_by_drop in [false, true] {
            let socket = Guest::join(&service, "wrong").raw();
            if drop_by_drop && bytes.len() < 1000 {
                drip(&socket, bytes);
            } else {
                (&socket).write_all(bytes).expect("sending");
            }
            assert_eq!(Guest::of(socket).closed(), *code, "{what}");
            witness.hears_of("wrong", "was expelled");
        }
    }
    service.expect_descriptors(before);
    witness.say("still here");
    witness.hears("witness: still here");
    let expected = format!(
        "{} joined: 0 left, 0 lost, 0 silent, 0 slow, {} expelled, 1 stayed\n",
        1 + 2 * cases.len(),
        2 * cases.len()
    );
    service.ask_to_stop();
    assert_eq!(witness.closed(), 1001);
    assert_eq!(service.outcome().clean(), expected);
}

#[test]
fn what_is_no_handshake() {
    let service = Service::start("chat_room", &["serve", "127.0.0.1:0", "--guests", "2"]);
    let before = service.descriptors();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let good = format!("GET /?name=x HTTP/1.1\r\n{upgrade}{key}\r\n");
    let cases = [
        ("hello\r\n\r\n".to_owned(), "400"),
        ("GET /?name=x HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (format!("GET /?name=x HTTP/1.1\r\n{upgrade}\r\n"), "400"),
        (good.replace("GET", "POST"), "400"),
        (good.replace("13", "12"), "400"),
        (good.clone() + "too early", "400"),
        (good.replace("/?", "/elsewhere?"), "404"),
        (good.replace("=x", "="), "400"),
        (good.replace("?name=x", ""), "400"),
        (good.replace("=x", "=a.b"), "400"),
        (good.replace("=x", "=abcdefghijklmnopqrstuvwxyz"), "400"),
        (good.clone(), "101"),
    ];
    for (request, status) in &cases {
        let mut socket = service.connect();
        socket.write_all(request.as_bytes()).expect("sending");
        socket.shutdown(Shutdown::Write).expect("a shutdown");
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request:?} is answered by {answer:?}"
        );
    }
    // Headers without end, and a connection that says nothing and goes.
    let mut endless = service.connect();
    let _ = endless.write_all(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(100_000)).as_bytes());
    let mut answer = Vec::new();
    let _ = endless.read_to_end(&mut answer); // an end or a reset
    assert_eq!(answer, b"");
    drop((endless, service.connect()));
    service.expect_descriptors(before);

    let members = ["ann", "bob"].map(|name| Guest::join(&service, name));
    let mut third = service.connect();
    third.write_all(good.as_bytes()).expect("sending");
    let mut answer = String::new();
    third.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
    drop((members, third));
    service.expect_descriptors(before);
    drop(Guest::join(&service, "joe"));
    service.expect_descriptors(before);
    assert_eq!(
        service.stop().clean(),
        "4 joined: 0 left, 4 lost, 0 silent, 0 slow, 0 expelled, 0 stayed\n"
    );
}

#[test]
fn guests_that_break_off() {
    let service = Service::start("chat_room", &["serve", "127.0.0.1:0"]);
    let mut witness = Guest::join(&service, "witness");
    let before = service.descriptors();
    for _ in 0..10 {
        let socket = Guest::join(&service, "reset").raw();
        SockRef::from(&socket)
            .set_linger(Some(Duration::ZERO))
            .expect("an option");
        drop(socket);
        witness.hears_of("reset", "was lost");

        let mut socket = Guest::join(&service, "half").raw();
        socket
            .write_all(&frame(0x81, b"and then half a frame")[..9])
            .expect("sending");
        socket.shutdown(Shutdown::Write).expect("a shutdown");
        assert_eq!(socket.read(&mut [0]).expect("an end"), 0);
        witness.hears_of("half", "was lost");

        // With a Close frame that names no code, and one that names a wrong one.
        for (payload, code) in [(&[][..], 1005), (&[3, 0xe7][..], 1002)] {
            let mut socket = Guest::join(&service, "polite").raw();
            socket.write_all(&frame(0x88, payload)).expect("sending");
            assert_eq!(Guest::of(socket).closed(), code);
            witness.hears_of("polite", "left");
        }
    }
    service.expect_descriptors(before);
    drop(witness);
    service.expect_descriptors(before - 1);
    assert_eq!(
        service.stop().clean(),
        "41 joined: 20 left, 21 lost, 0 silent, 0 slow, 0 expelled, 0 stayed\n"
    );
}

/// Who never answers a ping is dropped, and so is who never shakes hands; who answers stays for much longer than that.
#[test]
fn guests_that_say_nothing() {
    let silence = Duration::from_millis(1000);
    let args = ["serve", "127.0.0.1:0", "--ping", "20", "--silence", "1000"];
    let service = Service::start("chat_room", &args);
    let before = service.descriptors();
    let mut halfway = service.connect();
    halfway.write_all(b"GET /?name=x HTTP/1.1\r\n").expect("sending");
    let mut mute = Guest::join(&service, "mute").raw();
    mute.read_to_end(&mut Vec::new()).expect("pings and an end");
    assert_eq!(halfway.read(&mut [0]).expect("an end"), 0);
    drop((mute, halfway));
    // On a machine that gives this test no time, a guest may be late with its answers: not every time.
    let stayed = (0..20).any(|n| {
        let mut guest = Guest::join(&service, &format!("awake{n}"));
        let start = Instant::now();
        while start.elapsed() < 2 * silence {
            if guest.0.read().is_err() {
                return false;
            }
        }
        true
    });
    assert!(stayed, "pongs do not count");
    service.expect_descriptors(before);
    let printed = service.stop().clean();
    assert!(
        printed.contains(" silent, 0 slow, 0 expelled, 0 stayed"),
        "{printed}"
    );
}

#[test]
fn guests_that_do_not_listen() {
    let service = Service::start("chat_room", &["serve", "127.0.0.1:0", "--queue", "16"]);
    let mut witness = Guest::join(&service, "witness");
    let before = service.descriptors();
    let deaf: Vec<_> = ["deaf1", "deaf2", "deaf3"]
        .into_iter()
        .map(|name| {
            let guest = Guest::join(&service, name);
            assert!(witness.hear().starts_with("* deaf"));
            guest
        })
        .collect();
    let text = "z".repeat(4096);
    let mut dropped = Vec::new();
    while dropped.len() < deaf.len() {
        witness.say(&text);
        // The room stays as quick as the witness is: it hears its own words before it goes on.
        loop {
            let heard = witness.hear();
            if heard.starts_with("witness: ") {
                break;
            }
            dropped.push(heard);
        }
    }
    dropped.sort();
    assert_eq!(
        dropped,
        ["deaf1", "deaf2", "deaf3"].map(|name| format!("* {name} was too slow"))
    );
    service.expect_descriptors(before); // though the three still hold their ends
    drop(deaf);
    service.ask_to_stop();
    assert_eq!(witness.closed(), 1001);
    assert_eq!(
        service.outcome().clean(),
        "4 joined: 0 left, 0 lost, 0 silent, 3 slow, 0 expelled, 1 stayed\n"
    );
}

/// SIGTERM while everybody talks: everybody gets 1001, also who only listens; who does not even listen holds nothing up.
#[test]
fn closes_in_the_middle_of_it() {
    let service = Service::start("chat_room", &["serve", "127.0.0.1:0", "--queue", "10000"]);
    let mut listener = Guest::join(&service, "listener");
    let deaf = Guest::join(&service, "deaf");
    let talkers: Vec<_> = (0..4)
        .map(|n| {
            let mut guest = Guest::join(&service, &format!("talker{n}"));
            guest.say("ready");
            thread::spawn(move || {
                let own = format!("talker{n}: ");
                loop {
                    match guest.0.read().expect("a message or a Close frame") {
                        Message::Close(frame) => return frame.map(|frame| u16::from(frame.code)),
                        // What is said when the room closes is heard by nobody, and need not arrive.
                        Message::Text(text) if text.starts_with(&own) => {
                            let _ = guest.0.send(Message::text("and another thing"));
                        }
                        _ => {}
                    }
                }
            })
        })
        .collect();
    for _ in 0..100 {
        listener.hear();
    }
    service.ask_to_stop();
    for talker in talkers {
        assert_eq!(talker.join().expect("a Close frame"), Some(1001));
    }
    assert_eq!(listener.closed(), 1001);
    assert_eq!(
        service.outcome().clean(),
        "6 joined: 0 left, 0 lost, 0 silent, 0 slow, 0 expelled, 6 stayed\n"
    );
    drop(deaf);
}

#[test]
fn says_how_it_is_called() {
    let wrong: &[(&[&str], &str)] = &[
        (&["listen"], "what should it do?"),
        (&["serve"], "what should it do?"),
        (&["serve", "127.0.0.1:0", "--fast", "1"], "unknown option --fast"),
        (&["serve", "127.0.0.1:0", "--ping"], "--ping needs a number"),
        (
            &["serve", "127.0.0.1:0", "--queue", "0"],
            "--queue takes a number from 1 to 4294967295, not 0",
        ),
    ];
    says_what_is_wrong("chat_room", wrong);
}
