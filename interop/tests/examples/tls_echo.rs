//! `tls_echo`: what its own clients see, and what clients do to it that mean no good.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::SockRef;

use super::service::Service;
use super::{Outcome, run, same_text};

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// The service, and who trusts it.
struct Echo {
    service: Service,
    trust: Arc<ClientConfig>,
}

impl Echo {
    fn start(limit: &[&str]) -> Echo {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("certificate");
        let path = file.to_str().expect("a path in UTF-8");
        let service = Service::start("tls_echo", &[&["serve", "127.0.0.1:0", path], limit].concat());
        let certificate = CertificateDer::from(std::fs::read(&file).expect("the certificate"));
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let trust = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Echo {
            service,
            trust: Arc::new(trust),
        }
    }

    fn client(&self) -> ClientConnection {
        let name = ServerName::try_from("localhost").expect("a name");
        ClientConnection::new(Arc::clone(&self.trust), name).expect("a client")
    }

    fn connect(&self) -> Tls {
        StreamOwned::new(self.client(), self.service.connect())
    }
}

#[track_caller]
fn echoed(tls: &mut Tls, text: &[u8]) {
    let mut back = vec![0; text.len()];
    tls.write_all(text).expect("sending");
    tls.flush().expect("sending");
    tls.read_exact(&mut back).expect("an echo");
    assert_eq!(back, text);
}

/// Says goodbye and hears the server's.
#[track_caller]
fn part(mut tls: Tls) {
    tls.conn.send_close_notify();
    tls.flush().expect("sending");
    assert_eq!(tls.read(&mut [0]).expect("a clean end"), 0);
}

#[track_caller]
fn tally(outcome: Outcome, [clean, refused, cut_off, too_slow]: [u32; 4]) {
    assert_eq!(
        outcome.clean(),
        format!("sessions: {clean} clean, {refused} refused, {cut_off} cut off, {too_slow} too slow\n")
    );
}

#[test]
fn its_own_clients() {
    same_text("tls_echo");
}

/// Every cut that a network may make, in the handshake and after it.
#[test]
fn one_byte_at_a_time() {
    let echo = Echo::start(&[]);
    let before = echo.service.descriptors();
    let (mut conn, mut socket) = (echo.client(), echo.service.connect());
    let drip = |conn: &mut ClientConnection, socket: &mut TcpStream| {
        let mut bytes = Vec::new();
        while conn.wants_write() {
            conn.write_tls(&mut bytes).expect("a vector takes all");
        }
        for byte in bytes.chunks(1) {
            socket.write_all(byte).expect("sending");
        }
    };
    while conn.is_handshaking() {
        drip(&mut conn, &mut socket);
        if conn.is_handshaking() {
            assert_ne!(conn.read_tls(&mut socket).expect("an answer"), 0);
            conn.process_new_packets().expect("TLS");
        }
    }
    conn.writer().write_all(b"drop by drop").expect("room");
    drip(&mut conn, &mut socket);
    let mut tls = StreamOwned::new(conn, socket);
    let mut back = [0; 12];
    tls.read_exact(&mut back).expect("an echo");
    assert_eq!(&back, b"drop by drop");
    part(tls);
    echo.service.expect_descriptors(before);
    tally(echo.service.stop(), [1, 0, 0, 0]);
}

/// Resets, ends without a goodbye, and damage, each while other clients are served.
#[test]
fn clients_that_break_off() {
    let echo = Echo::start(&[]);
    let mut witness = echo.connect();
    echoed(&mut witness, b"before");
    let before = echo.service.descriptors();

    for _ in 0..5 {
        let mut tls = echo.connect();
        echoed(&mut tls, b"and then a reset");
        SockRef::from(&tls.sock)
            .set_linger(Some(Duration::ZERO))
            .expect("an option");
    }
    for _ in 0..5 {
        let mut tls = echo.connect();
        echoed(&mut tls, b"and then half of the end");
        tls.sock.shutdown(Shutdown::Write).expect("a shutdown");
        let error = tls.read(&mut [0]).map(|_| ());
        // The server takes no leave from who may have been cut off by a stranger.
        assert_eq!(error.map_err(|e| e.kind()), Err(ErrorKind::UnexpectedEof));
    }
    for _ in 0..5 {
        let mut tls = echo.connect();
        echoed(&mut tls, b"and then a record that nobody has sealed");
        tls.sock
            .write_all(&[
                23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
            ])
            .expect("sending");
        let error = tls.read(&mut [0]).expect_err("an alert");
        assert!(error.to_string().contains("BadRecordMac"), "{error}");
    }
    for junk in [
        &b"\x16\x03\x01\xff\xff"[..],
        b"hello\r\n",
        &[0; 1000],
        &[0x80; 70_000],
    ] {
        let mut socket = echo.service.connect();
        // The server may have had enough before all is sent.
        let _ = socket.write_all(junk);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        assert_eq!(answer.first(), Some(&21), "an alert, not {answer:?}");
    }

    echo.service.expect_descriptors(before);
    echoed(&mut witness, b"after");
    part(witness);
    tally(echo.service.stop(), [1, 4, 15, 0]);
}

/// Who says nothing, who stops in the middle of the handshake, who takes no answers: each is given up, and nobody else waits for it.
#[test]
fn clients_that_take_their_time() {
    let echo = Echo::start(&["300"]);
    let before = echo.service.descriptors();
    let silent = echo.service.connect();
    let mut halfway = echo.service.connect();
    halfway.write_all(&[22, 3, 1, 0, 200]).expect("sending");
    let mut greedy = echo.connect();
    let sent = (0..).find_map(|n| {
        // It never reads: when all buffers are full the server gives up, and that ends this too.
        greedy
            .write_all(&[7; 16 << 10])
            .and_then(|()| greedy.flush())
            .err()
            .map(|error| (n, error))
    });
    let (_, error) = sent.expect("an end");
    assert_ne!(
        error.kind(),
        ErrorKind::WouldBlock,
        "the server still listens: {error}"
    );
    for mut socket in [silent, halfway] {
        assert_eq!(socket.read(&mut [0]).expect("an end, no reset"), 0);
    }
    echo.service.expect_descriptors(before);
    tally(echo.service.stop(), [0, 0, 0, 3]);
}

/// SIGTERM while clients talk: each gets whole echoes and a clean end, and the server ends with status 0.
#[test]
fn stops_in_the_middle_of_it() {
    let echo = Echo::start(&[]);
    let clients: Vec<_> = (0..8)
        .map(|n| {
            let mut tls = echo.connect();
            echoed(&mut tls, b"ready");
            thread::spawn(move || {
                let text = vec![n; 1000];
                let mut back = vec![0; text.len()];
                loop {
                    if tls.write_all(&text).and_then(|()| tls.flush()).is_err() {
                        return;
                    }
                    let mut got = 0;
                    while got < back.len() {
                        match tls.read(&mut back[got..]) {
                            Ok(0) => return, // `close_notify`
                            Ok(more) => got += more,
                            // What this side sent may have come too late.
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
                                return;
                            }
                        }
                    }
                    assert_eq!(back, text);
                }
            })
        })
        .collect();
    let idle = echo.connect();
    let mut idle = idle;
    echoed(&mut idle, b"ready");
    echo.service.ask_to_stop();
    for client in clients {
        client.join().expect("whole echoes and a clean end");
    }
    part(idle);
    let printed = echo.service.outcome().clean();
    assert_eq!(printed, "sessions: 9 clean, 0 refused, 0 cut off, 0 too slow\n");
}

#[test]
fn says_how_it_is_called() {
    let mut command = std::process::Command::new(super::program("tls_echo"));
    let outcome = run(command.arg("serve"));
    assert_eq!(outcome.status, Some(2));
    assert_eq!(
        outcome.stderr,
        "usage: tls_echo [serve ADDRESS FILE [MILLISECONDS]]\n"
    );
}
