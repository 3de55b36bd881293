//! The poller: goroutines and threads that wait for descriptors, deadlines, closing.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort_runtime::{Closed, PollFd, go, run};

fn pair() -> (PollFd<UnixStream>, PollFd<UnixStream>) {
    let (near, far) = UnixStream::pair().unwrap();
    (PollFd::new(near).unwrap(), PollFd::new(far).unwrap())
}

fn read(fd: &PollFd<UnixStream>, into: &mut [u8]) -> std::io::Result<usize> {
    fd.read_stream(into.len(), |mut io| io.read(into))
}

fn write(fd: &PollFd<UnixStream>, from: &[u8]) -> std::io::Result<usize> {
    fd.write_stream(from.len(), |mut io| io.write(from))
}

#[test]
fn bytes_go_round() {
    run(|| {
        let (near, far) = pair();
        let echo = go(move || {
            let mut bytes = [0; 64];
            let mut total = 0;
            loop {
                let n = read(&far, &mut bytes).unwrap();
                if n == 0 {
                    return total;
                }
                total += n;
                assert_eq!(write(&far, &bytes[..n]).unwrap(), n);
            }
        });
        let mut back = [0; 64];
        for round in 0..10_000_u32 {
            let word = round.to_le_bytes();
            assert_eq!(write(&near, &word).unwrap(), 4);
            assert_eq!(read(&near, &mut back).unwrap(), 4);
            assert_eq!(back[..4], word);
        }
        drop(near);
        assert_eq!(echo.join().unwrap(), 40_000);
    });
}

#[test]
fn plain_threads_wait_too() {
    let (near, far) = pair();
    let echo = std::thread::spawn(move || {
        let mut bytes = [0; 8];
        while read(&far, &mut bytes).unwrap() > 0 {
            write(&far, &bytes).unwrap();
        }
    });
    for round in 0..2_000_u64 {
        write(&near, &round.to_le_bytes()).unwrap();
        let mut back = [0; 8];
        assert_eq!(read(&near, &mut back).unwrap(), 8);
        assert_eq!(u64::from_le_bytes(back), round);
    }
    near.close().unwrap();
    echo.join().unwrap();
}

#[test]
fn everybody_who_accepts_gets_a_connection() {
    run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Arc::new(PollFd::new(listener).unwrap());
        let acceptors: Vec<_> = (0..50)
            .map(|_| {
                let listener = Arc::clone(&listener);
                go(move || listener.read_with(|io| io.accept()).map(|(stream, _)| stream))
            })
            .collect();
        let clients: Vec<_> = (0..50)
            .map(|_| go(move || gort_runtime::blocking(|| TcpStream::connect(address))))
            .collect();
        for acceptor in acceptors {
            acceptor.join().unwrap().unwrap();
        }
        for client in clients {
            client.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_deadline_ends_a_wait_and_can_be_moved() {
    run(|| {
        let (near, _far) = pair();
        let near = Arc::new(near);
        let start = Instant::now();
        near.set_read_deadline(Some(start + Duration::from_millis(20)));
        let error = read(&near, &mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "i/o timeout");
        assert!(start.elapsed() >= Duration::from_millis(20));
        // It stands until it is set again.
        assert_eq!(read(&near, &mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        // The other direction has its own.
        assert_eq!(write(&near, b"x").unwrap(), 1);

        near.set_read_deadline(None);
        let reader = {
            let near = Arc::clone(&near);
            go(move || read(&near, &mut [0]).unwrap_err().kind())
        };
        while !reader.is_finished() {
            // Whether it waits already or not: a past deadline ends it.
            gort_runtime::gosched();
            near.set_read_deadline(Some(start));
        }
        assert_eq!(reader.join().unwrap(), ErrorKind::TimedOut);
    });
}

/// A call whose time runs out before any event has come asks the system once, if it has not asked
/// yet: the event may be late.
#[test]
fn time_does_not_run_out_before_the_system_was_asked() {
    run(|| {
        let (near, _far) = pair();
        near.set_read_deadline(Some(Instant::now() + Duration::from_millis(20)));
        let error = read(&near, &mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        // No event comes for this one. (A machine that is busy may let the time pass before the
        // call: not every time.)
        let asked = (0..10).any(|_| {
            near.set_read_deadline(Some(Instant::now() + Duration::from_millis(200)));
            near.read_with(|_| Ok(7)).is_ok()
        });
        assert!(asked);
        // A deadline that has passed is another matter.
        assert_eq!(near.read_with(|_| Ok(7)).unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn close_wakes_everybody_and_keeps_the_descriptor_until_they_are_out() {
    run(|| {
        let (near, far) = pair();
        let near = Arc::new(near);
        let readers: Vec<_> = (0..10)
            .map(|_| {
                let near = Arc::clone(&near);
                go(move || read(&near, &mut [0]))
            })
            .collect();
        for _ in 0..20 {
            gort_runtime::gosched();
        }
        near.close().unwrap();
        for reader in readers {
            let error = reader.join().unwrap().unwrap_err();
            assert_eq!(error.to_string(), "use of closed network connection");
            assert!(error.get_ref().is_some_and(|source| source.is::<Closed>()));
        }
        assert_eq!(near.close(), Err(Closed));
        assert_eq!(near.with(|_| ()), Err(Closed));
        // The other side sees the end: the descriptor is closed.
        assert_eq!(read(&far, &mut [0]).unwrap(), 0);
    });
}

#[test]
fn a_full_pipe_makes_the_writer_wait() {
    run(|| {
        let (near, far) = pair();
        let writer = go(move || {
            let mut sent = 0;
            while sent < 4 << 20 {
                sent += write(&near, &[7; 65_536]).unwrap();
            }
            sent
        });
        let mut got = 0;
        let mut buffer = vec![0; 10_000];
        loop {
            match read(&far, &mut buffer).unwrap() {
                0 => break,
                n => {
                    assert!(buffer[..n].iter().all(|&byte| byte == 7));
                    got += n;
                }
            }
        }
        assert_eq!(writer.join().unwrap(), got);
    });
}

#[test]
fn a_file_is_refused_and_given_back() {
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    let error = PollFd::new(file).unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("no events for a file"), "{error}");
    assert!(error.io.metadata().unwrap().is_file());
}

#[test]
fn what_is_taken_out_is_open() {
    let (near, far) = pair();
    let mut inner = near.into_inner().unwrap();
    inner.write_all(b"y").unwrap();
    assert_eq!(read(&far, &mut [0]).unwrap(), 1);
}

/// A pipe has one direction each end: the writer waits while it is full, and fails when nobody
/// reads any more.
#[test]
fn pipes() {
    run(|| {
        let (reader, writer) = std::io::pipe().unwrap();
        let (reader, writer) = (PollFd::new(reader).unwrap(), PollFd::new(writer).unwrap());
        let sender = go(move || {
            let mut sent = 0;
            let error = loop {
                match writer.write_stream(5_000, |mut pipe| pipe.write(&[7; 5_000])) {
                    Ok(n) => sent += n,
                    Err(error) => break error,
                }
            };
            (sent, error.kind())
        });
        let (mut got, mut buffer) = (0, [0; 3_000]);
        while got < 1 << 20 {
            got += reader
                .read_stream(buffer.len(), |mut pipe| pipe.read(&mut buffer))
                .unwrap();
        }
        drop(reader);
        let (sent, error) = sender.join().unwrap();
        assert!(sent >= got);
        assert_eq!(error, ErrorKind::BrokenPipe);
    });
}

/// One word that is added to: not a stream, so a read says nothing about the next.
#[test]
fn eventfds() {
    run(|| {
        // SAFETY: a fresh descriptor, which nobody else has.
        let fd = unsafe {
            let fd = libc::eventfd(0, libc::EFD_SEMAPHORE | libc::EFD_CLOEXEC);
            assert!(fd >= 0);
            std::fs::File::from_raw_fd(fd)
        };
        let event = Arc::new(PollFd::new(fd).unwrap());
        let taker = {
            let event = Arc::clone(&event);
            go(move || {
                for _ in 0..3_000 {
                    let mut one = [0; 8];
                    event.read_with(|mut io| io.read(&mut one)).unwrap();
                    assert_eq!(u64::from_ne_bytes(one), 1);
                }
            })
        };
        for _ in 0..1_000 {
            let three = 3_u64.to_ne_bytes();
            assert_eq!(event.write_with(|mut io| io.write(&three)).unwrap(), 8);
            gort_runtime::gosched();
        }
        taker.join().unwrap();
        event.set_read_deadline(Some(Instant::now() + Duration::from_millis(5)));
        let error = event.read_with(|mut io| io.read(&mut [0; 8])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn inotify() {
    let directory = std::env::temp_dir().join(format!("gort-inotify-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = std::ffi::CString::new(directory.to_str().unwrap()).unwrap();
    run(|| {
        // SAFETY: a fresh descriptor, which nobody else has; the path ends with a zero.
        let watch = unsafe {
            let fd = libc::inotify_init1(libc::IN_CLOEXEC);
            assert!(fd >= 0);
            assert!(libc::inotify_add_watch(fd, path.as_ptr(), libc::IN_CREATE) >= 0);
            std::fs::File::from_raw_fd(fd)
        };
        let watch = PollFd::new(watch).unwrap();
        let watcher = go(move || {
            let mut names = Vec::new();
            let mut events = [0; 4096];
            while names.len() < 50 {
                let length = watch.read_with(|mut io| io.read(&mut events)).unwrap();
                let mut rest = &events[..length];
                while let Some((header, tail)) = rest.split_first_chunk::<16>() {
                    let length = u32::from_ne_bytes(*header.last_chunk().unwrap()) as usize;
                    let (name, tail) = tail.split_at(length);
                    names.push(String::from_utf8_lossy(name).trim_end_matches('\0').to_string());
                    rest = tail;
                }
            }
            names
        });
        for i in 0..50 {
            std::fs::write(directory.join(i.to_string()), "").unwrap();
            gort_runtime::gosched();
        }
        let expected: Vec<String> = (0..50).map(|i: u32| i.to_string()).collect();
        assert_eq!(watcher.join().unwrap(), expected);
    });
    std::fs::remove_dir_all(&directory).unwrap();
}
