//! Datagrams and Unix sockets.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use gort::net::{UdpSocket, UnixDatagram, UnixListener, UnixStream};
use gort::prelude::*;

#[test]
fn datagrams_keep_their_bounds() {
    gort::run(|| {
        let (near, far) = (
            UdpSocket::bind("127.0.0.1:0").unwrap(),
            UdpSocket::bind("127.0.0.1:0").unwrap(),
        );
        let (here, there) = (near.local_addr().unwrap(), far.local_addr().unwrap());
        near.send_to(b"first", there).unwrap();
        near.send_to(b"", there).unwrap();
        near.send_to(b"third", there).unwrap();
        let mut buffer = [0; 3];
        assert_eq!(far.peek_from(&mut buffer).unwrap(), (3, here));
        assert_eq!(far.recv_from(&mut buffer).unwrap(), (3, here));
        assert_eq!(&buffer, b"fir");
        assert_eq!(far.recv_from(&mut buffer).unwrap(), (0, here));
        far.connect(here).unwrap();
        near.connect(there).unwrap();
        assert_eq!(far.recv(&mut buffer).unwrap(), 3);
        assert_eq!(&buffer, b"thi");
        let echo = go!(move || {
            let mut buffer = [0; 16];
            for _ in 0..1_000 {
                let n = far.recv(&mut buffer).unwrap();
                far.send(&buffer[..n]).unwrap();
            }
        });
        for i in 0..1_000_u32 {
            near.send(&i.to_le_bytes()).unwrap();
            let mut back = [0; 4];
            assert_eq!(near.recv(&mut back).unwrap(), 4);
            assert_eq!(u32::from_le_bytes(back), i);
        }
        echo.join().unwrap();
    });
}

#[test]
fn nobody_takes_a_datagram() {
    gort::run(|| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // The port is taken, by one who listens to somebody else.
        let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
        deaf.connect("127.0.0.1:1").unwrap();
        let nobody = deaf.local_addr().unwrap();
        socket.connect(nobody).unwrap();
        socket.send(b"x").unwrap();
        assert_eq!(
            socket.recv(&mut [0]).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        // The error was fetched: the socket goes on.
        socket.set_read_deadline(Instant::now() + Duration::from_millis(10));
        assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_unix_socket_has_a_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    gort::run(|| {
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(
            UnixListener::bind(&path).unwrap_err().kind(),
            ErrorKind::AddrInUse
        );
        let server = go!([listener] {
            for stream in listener.incoming().flatten() {
                go!(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        let clients: Vec<_> = (0..50)
            .map(|id| {
                go!([path] {
                    let mut stream = UnixStream::connect(path).unwrap();
                    stream.write_all(&[id; 100]).unwrap();
                    let mut back = [0; 100];
                    stream.read_exact(&mut back).unwrap();
                    assert_eq!(back, [id; 100]);
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        listener.close().unwrap();
        server.join().unwrap();
        assert_eq!(
            UnixStream::connect(&path).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        let nowhere = directory.path().join("nowhere");
        assert_eq!(
            UnixStream::connect(nowhere).unwrap_err().kind(),
            ErrorKind::NotFound
        );
    });
}

/// A datagram socket's writer waits while the receiver's queue is full.
#[test]
fn unix_datagrams_are_not_lost() {
    gort::run(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        let sender = go!(move || (0..5_000_u32).for_each(|i| {
            near.send(&i.to_le_bytes()).unwrap();
        }));
        for i in 0..5_000_u32 {
            let mut back = [0; 4];
            far.recv(&mut back).unwrap();
            assert_eq!(u32::from_le_bytes(back), i);
        }
        sender.join().unwrap();
    });
}

/// A name without a file, peeking, and the way to a bare descriptor and back.
#[test]
fn unix_sockets_have_what_std_has() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    gort::run(|| {
        let name = format!("gort-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let client = go!([address] { UnixStream::connect_addr(&address) });
        let mut near = (&listener).into_iter().next().unwrap().unwrap();
        let mut far = client.join().unwrap().unwrap();
        near.write_all(b"word").unwrap();
        let mut word = [0; 8];
        assert_eq!(far.peek(&mut word).unwrap(), 4);
        let fd = std::os::fd::OwnedFd::try_from(near).unwrap();
        drop(UnixStream::try_from(fd).unwrap());
        let mut all = String::new();
        far.read_to_string(&mut all).unwrap();
        assert_eq!(all, "word");

        let address = SocketAddr::from_abstract_name(format!("{name}-datagrams")).unwrap();
        let receiver = UnixDatagram::bind_addr(&address).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        sender.send_to_addr(b"first", &address).unwrap();
        sender.connect_addr(&address).unwrap();
        sender.send(b"second").unwrap();
        assert_eq!(receiver.peek(&mut word).unwrap(), 5);
        assert_eq!(receiver.recv(&mut word).unwrap(), 5);
        assert_eq!(receiver.recv(&mut word).unwrap(), 6);
    });
}

/// A read ends behind a piece with which descriptors came, though there is more.
#[test]
fn descriptors_do_not_hold_up_the_rest() {
    gort::run(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        // A `cmsghdr` of 64-bit Linux: its length, SOL_SOCKET, SCM_RIGHTS; then the descriptor,
        // filled up to a multiple of 8.
        let mut control = 20_u64.to_ne_bytes().to_vec();
        for word in [1, 1, file.as_raw_fd(), 0] {
            control.extend_from_slice(&word.to_ne_bytes());
        }
        let sent = near.with_std(|socket| {
            let piece = [IoSlice::new(b"with")];
            let message = socket2::MsgHdr::new().with_buffers(&piece).with_control(&control);
            socket2::SockRef::from(socket).sendmsg(&message, 0)
        });
        assert_eq!(sent.unwrap().unwrap(), 4);
        near.write_all(b"without").unwrap();
        // The events of both pieces are fetched: none is to come any more.
        gort::time::sleep(Duration::from_millis(30));
        let mut all = [0; 11];
        far.read_exact(&mut all).unwrap();
        assert_eq!(&all, b"withwithout");
    });
}

/// Nobody tells a sender that is not connected when the other socket has room again.
#[test]
fn a_datagram_waits_for_room_that_others_took() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    gort::run(|| {
        let sink = UnixDatagram::bind(&path).unwrap();
        let others = std::os::unix::net::UnixDatagram::unbound().unwrap();
        others.set_nonblocking(true).unwrap();
        let before = std::iter::from_fn(|| others.send_to(b"theirs", &path).ok()).count();
        let sender = go!([path] {
            UnixDatagram::unbound().unwrap().send_to(b"mine", path).unwrap()
        });
        gort::time::sleep(Duration::from_millis(20));
        assert!(!sender.is_finished(), "there is no room");
        let mut buffer = [0; 8];
        for _ in 0..before {
            assert_eq!(sink.recv(&mut buffer).unwrap(), 6);
        }
        assert_eq!(sink.recv(&mut buffer).unwrap(), 4);
        assert_eq!(sender.join().unwrap(), 4);
    });
}
