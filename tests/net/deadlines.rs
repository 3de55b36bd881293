//! Deadlines and timeouts. After Go's `net/timeout_test.go`. Who waits is parked, and nobody else
//! (GS-97).

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use gort::net::TcpListener;
use gort::prelude::*;

use super::pair;

const SOON: Duration = Duration::from_millis(20);

#[test]
fn reads_time_out_and_go_on_afterwards() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        let start = Instant::now();
        near.set_read_deadline(start + SOON);
        for _ in 0..3 {
            let error = near.read(&mut [0]).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                (ErrorKind::TimedOut, "i/o timeout")
            );
        }
        assert!(start.elapsed() >= SOON);
        near.set_read_deadline(None);
        far.write_all(b"x").unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
    });
}

/// Even if there is something to read: Go's rule for a deadline that has passed.
#[test]
fn a_past_deadline_fails_at_once() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        far.write_all(b"x").unwrap();
        near.set_deadline(Instant::now());
        assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(near.write(b"x").unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn writes_time_out_when_nobody_reads() {
    gort::run(|| {
        let (mut near, _far) = pair();
        near.set_write_deadline(Instant::now() + SOON);
        let error = near.write_all(&vec![0; 64 << 20]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn accepting_times_out() {
    gort::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_deadline(Instant::now() + SOON);
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_timeout_counts_from_each_call() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        near.set_read_timeout(Some(SOON)).unwrap();
        assert_eq!(near.read_timeout().unwrap(), Some(SOON));
        for _ in 0..2 {
            let start = Instant::now();
            assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
            assert!(start.elapsed() >= SOON);
            far.write_all(b"x").unwrap();
            assert_eq!(near.read(&mut [0]).unwrap(), 1);
        }
        let error = near.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

/// As in std: a timeout is for waiting.
#[test]
fn a_timeout_does_not_hide_what_is_there() {
    gort::run(|| {
        let (mut near, mut far) = pair();
        near.set_read_timeout(Some(Duration::from_nanos(1))).unwrap();
        for _ in 0..100 {
            assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
            far.write_all(b"x").unwrap();
            // Peeked at without a limit, for it to have arrived.
            let arrived = near.with_std(|socket| {
                while socket.peek(&mut [0]).is_err() {
                    std::thread::yield_now();
                }
            });
            arrived.unwrap();
            assert_eq!(near.read(&mut [0]).unwrap(), 1);
        }
    });
}

/// Go's `TestReadWriteDeadlineRace`: nobody hangs and no byte is lost, whatever the deadlines do.
#[test]
fn deadlines_race_with_reads_and_writes() {
    gort::run(|| {
        let (near, far) = pair();
        let echo = go!(move || std::io::copy(&mut &far, &mut &far));
        let setter = go!([near] {
            for i in 0..2_000_u64 {
                near.set_deadline(Instant::now() + Duration::from_micros(i % 50));
                if i % 16 == 0 {
                    near.set_deadline(None);
                }
                gort::runtime::gosched();
            }
            near.set_deadline(None);
        });
        let (mut sent, mut back, mut failures) = (0, 0, 0);
        while !setter.is_finished() {
            let outcome = (&near).write(b"x").and_then(|n| {
                sent += n as u64;
                (&near).read(&mut [0; 16])
            });
            match outcome {
                Ok(n) => {
                    assert!(n > 0);
                    back += n as u64;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    failures += 1;
                }
            }
            gort::runtime::gosched();
        }
        setter.join().unwrap();
        println!("{failures} calls ran out of time");
        // To the end, and then the close: bytes that nobody has read would make a reset of it.
        near.shutdown(Shutdown::Write).unwrap();
        back += std::io::copy(&mut &near, &mut std::io::sink()).unwrap();
        assert_eq!((back, echo.join().unwrap().unwrap()), (sent, sent));
    });
}
