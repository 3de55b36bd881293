//! Writes are whole, and reads and writes take turns, as under Go's `fdMutex`: what several
//! goroutines write does not mix, and deadlines, `close` and `shutdown` reach those whose turn has
//! not come. Who waits is parked (GS-97).

use std::io::{BufRead, BufReader, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use gort::net::{TcpStream, UdpSocket, UnixStream};
use gort::prelude::*;

use super::pair;
use crate::support::eventually;

const WRITERS: usize = 8;
const LINES: usize = 250;

/// What the other side reads: lines of one writer each, all there, each writer's in order.
fn check_lines(far: impl Read) {
    let mut next = [0; WRITERS];
    for line in BufReader::new(far).lines() {
        let line = line.unwrap();
        let words: Vec<usize> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        let [writer, number, twice] = words[..] else {
            panic!("a broken line: {line:?}");
        };
        assert_eq!((number, twice), (next[writer], 2 * number), "{line:?}");
        next[writer] += 1;
    }
    assert_eq!(next, [LINES; WRITERS]);
}

macro_rules! lines {
    ($near:expr, $far:expr) => {{
        let (near, far) = ($near, $far);
        let reader = go!(move || check_lines(far));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                go!([near] {
                    for number in 0..LINES {
                        writeln!(&near, "{writer} {number} {}", 2 * number).unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        near.shutdown(Shutdown::Write).unwrap();
        reader.join().unwrap();
    }};
}

#[test]
fn lines_are_whole() {
    gort::run(|| {
        let (near, far) = pair();
        lines!(near, far);
        let (near, far) = UnixStream::pair().unwrap();
        lines!(near, far);
    });
}

/// More than fits in any buffer, written in each way that there is.
#[test]
fn long_writes_do_not_mix() {
    const LENGTH: usize = 2 << 20;
    let ways: [fn(&TcpStream, u8); 4] = [
        |mut to, byte| to.write_all(&vec![byte; LENGTH]).unwrap(),
        |mut to, byte| assert_eq!(to.write(&vec![byte; LENGTH]).unwrap(), LENGTH),
        |mut to, byte| {
            let part = vec![byte; LENGTH / 4];
            assert_eq!(to.write_vectored(&[IoSlice::new(&part); 4]).unwrap(), LENGTH);
        },
        |mut to, byte| {
            // More buffers than one call is sure to take.
            let part = vec![byte; LENGTH / 2048];
            assert_eq!(to.write_vectored(&[IoSlice::new(&part); 2048]).unwrap(), LENGTH);
        },
    ];
    gort::run(|| {
        let (near, mut far) = pair();
        let reader = go!(move || {
            let mut all = Vec::new();
            far.read_to_end(&mut all).unwrap();
            all
        });
        let writers: Vec<_> = (0..2 * ways.len())
            .map(|i| go!([near] { ways[i / 2](&near, u8::try_from(i).unwrap()) }))
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        near.shutdown(Shutdown::Write).unwrap();
        let all = reader.join().unwrap();
        assert_eq!(all.len(), LENGTH * 2 * ways.len());
        for piece in all.chunks(LENGTH) {
            assert!(piece.iter().all(|&byte| byte == piece[0]));
        }
    });
}

/// A connection on which one goroutine writes more than there is room for, and others wait for
/// their turn. `end` ends them all.
fn stuck_writers(end: impl FnOnce(&TcpStream) + Send) -> Vec<std::io::Error> {
    gort::run(move || {
        let (near, far) = pair();
        let writers: Vec<_> = (0..4)
            .map(|_| go!([near] { (&near).write_all(&vec![0; 64 << 20]).unwrap_err() }))
            .collect();
        // The first one waits in the kernel by then, or is about to.
        gort::time::sleep(Duration::from_millis(5));
        assert!(writers.iter().all(|writer| !writer.is_finished()));
        end(&near);
        let errors = writers.into_iter().map(|writer| writer.join().unwrap());
        let errors = errors.collect();
        drop(far);
        errors
    })
}

#[test]
fn a_deadline_reaches_those_who_wait_for_their_turn() {
    for error in stuck_writers(|near| near.set_write_deadline(Instant::now())) {
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
    let soon = |near: &TcpStream| near.set_write_deadline(Instant::now() + Duration::from_millis(5));
    for error in stuck_writers(soon) {
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn close_reaches_those_who_wait_for_their_turn() {
    for error in stuck_writers(|near| near.close().unwrap()) {
        assert_eq!(error.to_string(), "use of closed network connection");
    }
}

#[test]
fn shutdown_reaches_those_who_wait_for_their_turn() {
    for error in stuck_writers(|near| near.shutdown(Shutdown::Write).unwrap()) {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}

/// The limit of a call counts while it waits for its turn, though the one before has none.
#[test]
fn a_timeout_counts_while_waiting_for_the_turn() {
    gort::run(|| {
        let (near, far) = pair();
        let first = go!([near] { (&near).write_all(&vec![0; 64 << 20]) });
        // It has begun when something has come.
        let mut byte = [0];
        (&far).read_exact(&mut byte).unwrap();
        near.set_write_timeout(Some(Duration::from_millis(5))).unwrap();
        assert_eq!((&near).write(b"x").unwrap_err().kind(), ErrorKind::TimedOut);
        // The first one may have met the timeout too, if it was not waiting yet when that was set.
        near.close().unwrap();
        assert!(first.join().unwrap().is_err());
    });
}

/// What was written before the deadline counts; the next write meets the error.
#[test]
fn a_write_says_how_far_it_came() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        let buf = vec![7; 64 << 20];
        let mut limit = Duration::from_millis(10);
        let written = loop {
            near.set_write_deadline(Instant::now() + limit);
            match near.write(&buf) {
                Ok(written) => break written,
                // A slow machine: it has not even begun.
                Err(_) => limit *= 2,
            }
        };
        assert!(0 < written && written < buf.len());
        assert_eq!(near.write(&buf).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(near.write_all(&buf).unwrap_err().kind(), ErrorKind::TimedOut);
        drop(near);
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), written);
    });
}

/// Readers take turns too; the end of the stream, a deadline and `close` are for all of them.
#[test]
fn readers_take_turns() {
    let readers = |near: &TcpStream| -> Vec<_> {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let near = near.clone();
                go!(move || (&near).read(&mut [0; 2]))
            })
            .collect();
        gort::time::sleep(Duration::from_millis(2));
        readers
    };
    gort::run(|| {
        let (near, mut far) = pair();
        let waiting = readers(&near);
        far.write_all(b"12345678").unwrap();
        let read: usize = waiting
            .into_iter()
            .map(|reader| reader.join().unwrap().unwrap())
            .sum();
        assert!((4..=8).contains(&read));
        let mut rest = vec![0; 8 - read];
        (&near).read_exact(&mut rest).unwrap();

        let waiting = readers(&near);
        near.set_read_deadline(Instant::now());
        for reader in waiting {
            assert_eq!(reader.join().unwrap().unwrap_err().kind(), ErrorKind::TimedOut);
        }
        near.set_read_deadline(None);

        let waiting = readers(&near);
        far.shutdown(Shutdown::Write).unwrap();
        for reader in waiting {
            assert_eq!(reader.join().unwrap().unwrap(), 0);
        }

        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let waiting = [(); 4].map(|()| go!([socket] { socket.recv_from(&mut [0]).unwrap_err() }));
        eventually("they wait", Duration::from_secs(60), || {
            waiting.iter().all(|reader| !reader.is_finished())
        });
        socket.close().unwrap();
        for reader in waiting {
            assert_eq!(
                reader.join().unwrap().to_string(),
                "use of closed network connection"
            );
        }
    });
}
