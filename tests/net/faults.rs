//! What the other side, or the system, does to us.

use std::io::{ErrorKind, Read, Write};
use std::process::Command;
use std::time::Duration;

use gort::net::{TcpListener, TcpStream, UnixListener, UnixStream};
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

/// The system has forgotten them by then; whoever logs the error wants them.
#[test]
fn a_connection_that_was_reset_knows_its_ends() {
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let near = TcpStream::connect(address).unwrap();
        let (mut far, from) = listener.accept().unwrap();
        reset(near.clone());
        assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        let forgotten = far.with_std(std::net::TcpStream::peer_addr).unwrap();
        assert_eq!(forgotten.unwrap_err().kind(), ErrorKind::NotConnected);
        assert_eq!(
            (far.local_addr().unwrap(), far.peer_addr().unwrap()),
            (address, from)
        );
        // The one that was closed has them too.
        assert!(near.is_closed());
        assert_eq!(
            (near.local_addr().unwrap(), near.peer_addr().unwrap()),
            (from, address)
        );
        // And one that was std's before.
        let (near, _far) = pair();
        let near = TcpStream::try_from(near.into_std().unwrap()).unwrap();
        let ends = (near.local_addr().unwrap(), near.peer_addr().unwrap());
        near.close().unwrap();
        assert_eq!((near.local_addr().unwrap(), near.peer_addr().unwrap()), ends);
    });
}

#[test]
fn a_unix_stream_that_was_closed_knows_its_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    gort::run(|| {
        let listener = UnixListener::bind(&path).unwrap();
        let near = go!([path] { UnixStream::connect(path).unwrap() });
        let (far, _) = listener.accept().unwrap();
        let near = near.join().unwrap();
        near.close().unwrap();
        far.close().unwrap();
        assert_eq!(near.peer_addr().unwrap().as_pathname(), Some(&*path));
        assert_eq!(far.local_addr().unwrap().as_pathname(), Some(&*path));
        assert!(far.peer_addr().unwrap().is_unnamed());
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
        // The poller, the helper threads, the first stacks: what the first connections need is not
        // a leak.
        let talk = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"hello").unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
        };
        // The main goroutine and the one that accepts; those that serve read the end a moment after
        // the clients have gone.
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

/// Go's `net/http` backs off when descriptors run out; for that accepting has to fail and then to
/// go on.
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
        // One descriptor for the client, none for what is accepted. The runtime itself opens a file
        // at times.
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

/// Runs one of these tests in a process of its own: with few descriptors, and nobody else who opens
/// any.
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
