//! What the other side, or the system, does to us.

use std::io::{ErrorKind, Read, Write};
use std::process::Command;
use std::time::Duration;

use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;

use super::pair;
use super::support::eventually;

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a reset instead of the end of the stream.
fn reset(stream: TcpStream) {
    stream.set_linger(Some(Duration::ZERO)).unwrap();
    assert_eq!(stream.linger().unwrap(), Some(Duration::ZERO));
    stream.close().unwrap();
}

#[test]
fn a_reset_ends_reads_and_writes() {
    gort::run(|| {
        let (mut near, far) = pair();
        let reader = go!([near] { (&near).read(&mut [0]) });
        for _ in 0..100 {
            gort::runtime::gosched();
        }
        reset(far);
        assert_eq!(
            reader.join().unwrap().unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
        assert_eq!(near.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_reset_ends_a_write_that_waits() {
    gort::run(|| {
        let (near, far) = pair();
        let writer = go!([near] { (&near).write_all(&vec![0; 64 << 20]) });
        // Some of it has arrived, so the writer is at it.
        (&far).read_exact(&mut [0; 1000]).unwrap();
        reset(far);
        let error = writer.join().unwrap().unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
            "{error:?}"
        );
    });
}

#[test]
fn nothing_is_left_of_a_thousand_connections() {
    const CHILD: &str = "GORT_NET_COUNT";
    if std::env::var_os(CHILD).is_none() {
        return as_child(CHILD, "nothing_is_left_of_a_thousand_connections");
    }
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = go!([listener] {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                go!(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        // The poller, the helper threads, the first stacks: what the first connections need is not a leak.
        let talk = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"hello").unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
        };
        // The main goroutine and the one that accepts; those that serve read the end a moment after the clients have gone.
        let quiet = || {
            eventually("the servers end", PATIENCE, || {
                gort::runtime::num_goroutine() == 2
            })
        };
        talk();
        quiet();
        let before = descriptors();
        for _ in 0..10 {
            let clients: Vec<_> = (0..100).map(|_| go!(talk)).collect();
            clients.into_iter().for_each(|client| client.join().unwrap());
            // Before the next ones come: there are not enough descriptors for more.
            quiet();
        }
        // The runtime itself opens a file at times.
        eventually("nothing is left", PATIENCE, || descriptors() == before);
        listener.close().unwrap();
        server.join().unwrap();
    });
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Go's `net/http` backs off when descriptors run out; for that accepting has to fail and then to go on.
#[test]
fn accepting_survives_a_lack_of_descriptors() {
    const CHILD: &str = "GORT_NET_EMFILE";
    if std::env::var_os(CHILD).is_none() {
        return as_child(CHILD, "accepting_survives_a_lack_of_descriptors");
    }
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = vec![TcpStream::connect(address).unwrap()];
        listener.accept().unwrap();
        let mut hoard = Vec::new();
        take_all_descriptors(&mut hoard);
        hoard.pop();
        // One descriptor for the client, none for what is accepted. The runtime itself opens a file at times.
        clients.push(loop {
            match TcpStream::connect(address) {
                Err(error) if is_out_of_descriptors(&error) => {}
                other => break other.unwrap(),
            }
        });
        take_all_descriptors(&mut hoard);
        let error = listener.accept().unwrap_err();
        assert!(is_out_of_descriptors(&error), "{error}");
        let error = TcpStream::connect(address).unwrap_err();
        assert!(is_out_of_descriptors(&error), "{error}");
        hoard.clear();
        let (mut served, _) = listener.accept().unwrap();
        served.write_all(b"late").unwrap();
        let mut word = [0; 4];
        clients[1].read_exact(&mut word).unwrap();
        assert_eq!(&word, b"late");
    });
}

fn is_out_of_descriptors(error: &std::io::Error) -> bool {
    error.to_string().contains("Too many open files")
}

/// Until no file can be opened for some time: the runtime may be about to close one.
fn take_all_descriptors(hoard: &mut Vec<std::fs::File>) {
    for _ in 0..5 {
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
            assert!(hoard.len() < 100_000, "descriptors have no end");
        }
        gort::time::sleep(Duration::from_millis(1));
    }
}

/// Runs one of these tests in a process of its own: with few descriptors, and nobody else who opens any.
#[track_caller]
fn as_child(mark: &str, test: &str) {
    let this = std::env::current_exe().unwrap();
    let out = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 256 && exec \"$0\" --exact \"$1\" --test-threads 1",
        ])
        .arg(this)
        .arg(format!("faults::{test}"))
        .env(mark, "1")
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:#?}");
}
