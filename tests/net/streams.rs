//! Bytes: order, ends, clones, the ways in and out. Who waits is parked, and nobody else (GS-97).

use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::time::Duration;

use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;

use super::pair;

#[test]
fn a_megabyte_each_way_at_once() {
    gort::run(|| {
        let (near, far) = pair();
        let ends = [near, far].map(|end| {
            let (mut reader, mut writer) = end.into_split();
            let read = go!(move || {
                let mut all = Vec::new();
                reader.read_to_end(&mut all).unwrap();
                all
            });
            let write = go!(move || {
                let bytes: Vec<u8> = (0..1 << 20).map(|i: u32| (i % 251) as u8).collect();
                writer.write_all(&bytes).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
                bytes
            });
            (read, write)
        });
        for (read, write) in ends {
            assert_eq!(read.join().unwrap(), write.join().unwrap());
        }
    });
}

#[test]
fn half_closed_it_still_carries_the_answer() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        let server = go!(move || {
            let mut question = String::new();
            far.read_to_string(&mut question).unwrap();
            write!(far, "{} bytes", question.len()).unwrap();
        });
        near.write_all(b"a question").unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        near.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "10 bytes");
        server.join().unwrap();
    });
}

#[test]
fn peeking_takes_nothing_and_vectors_are_filled_in_order() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        let sent = near
            .write_vectored(&[IoSlice::new(b"one"), IoSlice::new(b"two")])
            .unwrap();
        assert_eq!(sent, 6);
        let mut word = [0; 6];
        while far.peek(&mut word).unwrap() < 6 {}
        assert_eq!(&word, b"onetwo");
        let (mut first, mut second) = ([0; 2], [0; 4]);
        let got = far
            .read_vectored(&mut [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)])
            .unwrap();
        assert_eq!((got, &first, &second), (6, b"on", b"etwo"));
    });
}

#[test]
fn a_clone_is_the_same_socket_and_the_last_one_closes() {
    gort::run(|| {
        let (near, mut far) = pair();
        let other = near.clone();
        assert_eq!(near.as_raw_fd(), other.as_raw_fd());
        drop(near);
        (&other).write_all(b"x").unwrap();
        drop(other);
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"x");
    });
}

#[test]
fn std_and_back() {
    gort::run(|| {
        let (near, mut far) = pair();
        let mut alone = near.into_std().unwrap();
        alone.write_all(b"blocking").unwrap();
        let mut near = TcpStream::try_from(alone).unwrap();
        near.write_all(b" and not").unwrap();
        drop(near);
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "blocking and not");
    });
}

#[test]
fn connections_do_not_delay_and_are_probed() {
    gort::run(|| {
        let (near, far) = pair();
        for end in [near, far] {
            assert!(end.nodelay().unwrap());
            let probed = end.with_std(|socket| socket2::SockRef::from(socket).keepalive());
            assert!(probed.unwrap().unwrap());
        }
    });
}

#[test]
fn many_goroutines_write_to_one_connection() {
    gort::run(|| {
        let (near, mut far) = pair();
        let writers: Vec<_> = (0..20_u8)
            .map(|id| {
                let mut near = near.clone();
                go!(move || (0..500).for_each(|_| near.write_all(&[id]).unwrap()))
            })
            .collect();
        drop(near);
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        for id in 0..20 {
            assert_eq!(all.iter().filter(|&&byte| byte == id).count(), 500);
        }
    });
}

#[test]
fn plain_threads_talk_to_goroutines() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        std::io::copy(&mut &stream, &mut &stream).unwrap()
    });
    let echoed = gort::run(|| {
        let mut stream = TcpStream::connect(address).unwrap();
        for i in 0..500_u32 {
            stream.write_all(&i.to_le_bytes()).unwrap();
            let mut back = [0; 4];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(u32::from_le_bytes(back), i);
        }
        stream.shutdown(Shutdown::Write).unwrap();
        2000
    });
    assert_eq!(server.join().unwrap(), echoed);
}

/// Until the poller has fetched the events of what was done so far: a later event would hide that
/// an earlier one was thrown away.
fn let_events_come() {
    gort::time::sleep(Duration::from_millis(30));
}

/// The system looks at the first 1024 buffers only. That it moved less than there is in all of them
/// does not mean that nothing is left: a read ends there, a write goes on without waiting.
#[test]
fn more_buffers_than_the_system_takes() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        let_events_come();
        let parts = vec![IoSlice::new(b"x"); 2000];
        let sent = near.write_vectored(&parts).unwrap();
        assert_eq!(sent, 2000);
        let mut all = [0; 2000];
        while far.peek(&mut all).unwrap() < 2000 {}
        let_events_come();
        let mut bytes = all;
        let mut parts: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
        let got = far.read_vectored(&mut parts).unwrap();
        assert!((1..2000).contains(&got), "{got}");
        far.read_exact(&mut bytes[got..]).unwrap();
        assert_eq!(bytes, all);
    });
}

/// A read ends before urgent data. What comes behind it is there already.
#[test]
fn urgent_data_does_not_hold_up_the_rest() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        near.write_all(b"before").unwrap();
        near.with_std(|socket| socket2::SockRef::from(socket).send_out_of_band(b"!"))
            .unwrap()
            .unwrap();
        near.write_all(b"after").unwrap();
        let_events_come();
        let mut all = [0; 11];
        far.read_exact(&mut all).unwrap();
        assert_eq!(&all, b"beforeafter");
    });
}
