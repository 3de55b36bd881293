//! Closing a socket that others use. Who waits is parked, and nobody else (GS-97).

use std::io::{ErrorKind, Read, Write};

use gort::net::{Closed, TcpListener};
use gort::prelude::*;

use super::pair;

#[track_caller]
fn assert_closed(error: &std::io::Error) {
    assert_eq!(error.to_string(), "use of closed network connection");
    assert!(
        error.get_ref().is_some_and(|source| source.is::<Closed>()),
        "{error:?}"
    );
}

#[test]
fn a_read_that_waits_ends() {
    gort::run(|| {
        let (near, mut far) = pair();
        let reader = go!([near] { (&near).read(&mut [0]) });
        for _ in 0..100 {
            gort::runtime::gosched();
        }
        near.close().unwrap();
        assert_closed(&reader.join().unwrap().unwrap_err());
        assert_closed(&(&near).write(b"x").unwrap_err());
        // As in Go.
        assert_eq!(near.peer_addr().unwrap(), far.local_addr().unwrap());
        assert_closed(&near.close().unwrap_err());
        assert!(format!("{near:?}").contains("closed"));
        // The other side reads the end, though `near` still exists.
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn a_write_that_waits_ends() {
    gort::run(|| {
        let (near, _far) = pair();
        let writer = go!([near] { (&near).write_all(&vec![0; 64 << 20]) });
        while !writer.is_finished() {
            gort::runtime::gosched();
            if let Err(error) = near.close() {
                assert_closed(&error);
            }
        }
        assert_closed(&writer.join().unwrap().unwrap_err());
    });
}

#[test]
fn all_who_accept_end() {
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let acceptors: Vec<_> = (0..10).map(|_| go!([listener] { listener.accept() })).collect();
        let iterator = go!([listener] { listener.incoming().count() });
        for _ in 0..100 {
            gort::runtime::gosched();
        }
        listener.close().unwrap();
        for acceptor in acceptors {
            assert_closed(&acceptor.join().unwrap().unwrap_err());
        }
        assert_eq!(iterator.join().unwrap(), 0);
    });
}

/// A thousand times: a reader, a writer and a closer at once. Each ends, with data or an error.
#[test]
fn close_races_with_everything() {
    gort::run(|| {
        for _ in 0..1_000 {
            let (near, far) = pair();
            let reader = go!([near] { (&near).read(&mut [0; 8]) });
            let writer = go!([near] { (&near).write(b"12345678") });
            let closer = go!([near] { near.close() });
            let peer = go!(move || std::io::copy(&mut &far, &mut &far));
            closer.join().unwrap().unwrap();
            for outcome in [reader.join().unwrap(), writer.join().unwrap()] {
                match outcome {
                    Ok(n) => assert_eq!(n, 8),
                    Err(error) => assert!(
                        matches!(error.kind(), ErrorKind::NotConnected | ErrorKind::ConnectionReset),
                        "{error:?}"
                    ),
                }
            }
            // The peer saw the end, or a reset if the echo came too late.
            let _ = peer.join().unwrap();
        }
    });
}
