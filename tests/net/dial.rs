//! Connecting.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gort::context;
use gort::net::{self, Dialer, TcpListener, TcpStream};
use gort::prelude::*;

use super::nobody;
use crate::support::rounds;

/// A listener that takes no more connections: its queue is full. What is dialled there gets no
/// answer.
fn full_listener() -> (socket2::Socket, SocketAddr, Vec<TcpStream>) {
    let (socket, address) = nobody();
    socket.listen(0).unwrap();
    let mut taken = Vec::new();
    // Long enough that it is not the machine that was slow.
    while let Ok(stream) = net::dial_timeout(address, Duration::from_millis(700)) {
        taken.push(stream);
        assert!(taken.len() < 100, "the queue has no end");
    }
    (socket, address, taken)
}

#[test]
fn nobody_listens() {
    gort::run(|| {
        let (_socket, address) = nobody();
        let error = TcpStream::connect(address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn nobody_answers_in_time() {
    gort::run(|| {
        let (_listener, address, _taken) = full_listener();
        let start = Instant::now();
        let error = TcpStream::connect_timeout(&address, Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() >= Duration::from_millis(50));
    });
}

#[test]
fn a_context_ends_a_dial() {
    gort::run(|| {
        let (_listener, address, _taken) = full_listener();
        let (ctx, cancel) = context::with_cancel(context::background());
        let dialled = go!([ctx] { net::dial_ctx(&ctx, address) });
        for _ in 0..100 {
            gort::runtime::gosched();
        }
        cancel();
        let error = dialled.join().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "context canceled");

        let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(20));
        let error = net::dial_ctx(&ctx, address).unwrap_err();
        // Go's dialer takes the context's deadline for its own, and may be quicker than the
        // context.
        assert!(
            error.to_string() == "context deadline exceeded" || error.kind() == ErrorKind::TimedOut,
            "{error:?}"
        );
    });
}

#[test]
fn addresses_are_tried_in_order() {
    gort::run(|| {
        let (_socket, nobody) = nobody();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let somebody = listener.local_addr().unwrap();
        let stream = TcpStream::connect(&[nobody, somebody][..]).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), somebody);
        assert_eq!(
            TcpStream::connect(&[][..]).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(
            TcpStream::connect("no port").unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert!(TcpStream::connect(("localhost", somebody.port())).is_ok());
        let from = Dialer::new().local_addr("127.0.0.2:0".parse().unwrap());
        let stream = from.dial(somebody).unwrap();
        assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.2");
    });
}

#[test]
fn what_the_context_does_later_does_not_touch_the_connection() {
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (ctx, cancel) = context::with_cancel(context::background());
        let stream = net::dial_ctx(&ctx, listener.local_addr().unwrap()).unwrap();
        cancel();
        let (far, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut &stream, b"x").unwrap();
        assert_eq!(std::io::Read::read(&mut &far, &mut [0]).unwrap(), 1);
    });
}

/// TestSelfConnect: a port of those that the kernel connects from, and nobody listens there.
#[test]
fn a_dead_port_does_not_appear_alive() {
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.close().unwrap();
        for _ in 0..rounds(100_000) {
            // Another test may listen there by now; that is somebody else then.
            if let Ok(stream) = TcpStream::connect(address) {
                assert_ne!(stream.local_addr().unwrap(), address);
            }
        }
    });
}

/// Go's TestDialerFallbackDelay and TestDialParallel: the second family gets its chance when the
/// first one does not answer in time, and at once when it has failed.
#[test]
fn the_other_family_is_tried_as_well() {
    gort::run(|| {
        let Ok(listener) = TcpListener::bind("[::1]:0") else {
            return eprintln!("no IPv6 here");
        };
        let somebody = listener.local_addr().unwrap();
        let (_socket, nobody) = nobody();
        let (_listener, silent, _taken) = full_listener();

        let quick = Dialer::new().fallback_delay(Duration::from_millis(1));
        let stream = quick.dial(&[silent, somebody][..]).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), somebody);

        let patient = Dialer::new().fallback_delay(Duration::MAX);
        let stream = patient.dial(&[nobody, somebody][..]).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), somebody);
        let late = patient.timeout(Duration::from_millis(30));
        let error = late.dial(&[silent, somebody][..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);

        // The error is that of the family that came first.
        listener.close().unwrap();
        let error = quick
            .timeout(Duration::from_millis(30))
            .dial(&[silent, somebody][..])
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);

        // A context ends both.
        let (ctx, cancel) = context::with_cancel(context::background());
        let dialled = go!([ctx] { Dialer::new().fallback_delay(Duration::from_millis(1)).dial_ctx(&ctx, &[silent, somebody][..]) });
        gort::time::sleep(Duration::from_millis(5));
        cancel();
        assert_eq!(
            dialled.join().unwrap().unwrap_err().to_string(),
            "context canceled"
        );
    });
}

#[test]
fn no_host_is_this_machine() {
    gort::run(|| {
        let listener = TcpListener::bind(":0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listener.local_addr().unwrap().ip().is_unspecified());
        let stream = TcpStream::connect(format!(":{port}")).unwrap();
        assert!(stream.peer_addr().unwrap().ip().is_loopback());
        assert!(TcpStream::connect(("", port)).is_ok());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert!(TcpStream::connect(format!("[localhost]:{port}")).is_ok());
        for wrong in ["", ":", "localhost:http", "localhost:65536", "127.0.0.1"] {
            assert_eq!(
                TcpStream::connect(wrong).unwrap_err().kind(),
                ErrorKind::InvalidInput,
                "{wrong}"
            );
        }
    });
}

#[test]
fn the_local_address_chooses_the_family() {
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let somebody = listener.local_addr().unwrap();
        let other: SocketAddr = "[::1]:1".parse().unwrap();
        let dialer = Dialer::new().local_addr("127.0.0.1:0".parse().unwrap());
        assert!(dialer.dial(&[other, somebody][..]).is_ok());
        assert_eq!(dialer.dial(other).unwrap_err().to_string(), "no suitable address");
    });
}
