//! The bytes of a connection: what has come and is not used yet, what is to go, and how long either may take.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use gort::net::TcpStream;

use crate::args::Limits;
use crate::date::Date;

/// What is read at first; a head that is longer makes it grow.
const FIRST_ROOM: usize = 4 << 10;
/// Room behind a head for what comes of the body.
const WINDOW: usize = 4 << 10;
/// Responses are collected until they are so long, or until the client has to be waited for.
const BATCH: usize = 16 << 10;
/// What a peer must get through per second, on average, to be waited for.
const SLOWEST: u64 = 1 << 10;
/// A connection that we end: how long, and for how many bytes, we listen on, so that the client gets to see our last words.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 << 10;

/// What has come. `bytes[start..end]` is not used yet.
pub(crate) struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(crate) fn new() -> Input {
        Input {
            bytes: vec![0; FIRST_ROOM],
            start: 0,
            end: 0,
        }
    }

    pub(crate) fn unused(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn consume(&mut self, length: usize) {
        self.start += length;
    }

    /// Reads more behind what is there.
    fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.bytes.len() {
            self.make_room();
        }
        let n = read(&mut self.bytes[self.end..])?;
        self.end += n;
        Ok(n)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        } else {
            self.bytes.resize(2 * self.bytes.len(), 0);
        }
    }

    /// The head, which is the first `length` bytes; what is behind it, to be read into, and how much of that is filled.
    pub(crate) fn split(&mut self, length: usize) -> (&[u8], &mut [u8], usize) {
        let behind = self.start + length;
        if self.bytes.len() < behind + WINDOW {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.bytes.len() < length + WINDOW {
                self.bytes.resize(length + WINDOW, 0);
            }
        }
        let behind = self.start + length;
        let (head, window) = self.bytes.split_at_mut(behind);
        (&head[self.start..], window, self.end - behind)
    }

    /// After [`Input::split`]: of what was behind the head, `window` is not used.
    pub(crate) fn rejoin(&mut self, length: usize, window: std::ops::Range<usize>) {
        let behind = self.start + length;
        (self.start, self.end) = (behind + window.start, behind + window.end);
    }
}

/// The connection, with what is to go out on it.
pub(crate) struct Wire<'a> {
    stream: &'a TcpStream,
    pub(crate) limits: &'a Limits,
    pub(crate) out: Vec<u8>,
    pub(crate) date: Date,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(stream: &'a TcpStream, limits: &'a Limits) -> Wire<'a> {
        Wire {
            stream,
            limits,
            out: Vec::new(),
            date: Date::default(),
        }
    }

    /// Reads into `input`. Before it waits for the client, the client gets what it waits for.
    pub(crate) fn fill(&mut self, input: &mut Input, limit: Duration) -> io::Result<usize> {
        self.flush()?;
        self.stream.set_read_timeout(Some(limit))?;
        input.fill(|room| self.stream.read(room))
    }

    /// Reads what comes next of a body.
    pub(crate) fn read(&mut self, into: &mut [u8], pace: &mut Pace) -> io::Result<usize> {
        self.flush()?;
        pace.keep(|limit| {
            self.stream.set_read_timeout(Some(limit))?;
            self.stream.read(into)
        })
    }

    /// Sends what was collected if it is a batch.
    pub(crate) fn flush_batch(&mut self) -> io::Result<()> {
        if self.out.len() < BATCH {
            return Ok(());
        }
        self.flush()
    }

    /// Sends what was collected.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let sent = send(self.stream, self.limits, &self.out);
        self.out.clear();
        self.out.shrink_to(2 * BATCH);
        sent
    }

    /// Sends what was collected, and `bytes` after it; or collects them too if they are few.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.out.len() + bytes.len() <= BATCH {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        send(self.stream, self.limits, bytes)
    }
}

fn send(mut stream: &TcpStream, limits: &Limits, bytes: &[u8]) -> io::Result<()> {
    let mut sent = stream.write(bytes)?;
    if sent == bytes.len() {
        return Ok(()); // as nearly always
    }
    let mut pace = Pace::new(limits.write_timeout);
    while sent < bytes.len() {
        sent += pace.keep(|limit| {
            stream.set_write_timeout(Some(limit))?;
            stream.write(&bytes[sent..])
        })?;
    }
    stream.set_write_timeout(Some(limits.write_timeout))
}

/// How long a peer may still keep us waiting. Time that was waited goes off, bytes that get through bring it back, and there is never
/// more than at the beginning. So neither silence nor a drip of bytes can hold a connection.
#[derive(Debug)]
pub(crate) struct Pace {
    most: Duration,
    left: Duration,
}

impl Pace {
    pub(crate) fn new(most: Duration) -> Pace {
        Pace { most, left: most }
    }

    /// Makes a call that may take as long as it is told.
    fn keep(&mut self, call: impl FnOnce(Duration) -> io::Result<usize>) -> io::Result<usize> {
        if self.left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let begun = Instant::now();
        let n = call(self.left)?;
        self.settle(begun.elapsed(), n);
        Ok(n)
    }

    /// What is left after a call that took so long and got so many bytes through.
    pub(crate) fn settle(&mut self, waited: Duration, n: usize) -> Duration {
        let earned = Duration::from_nanos(n as u64 * (1_000_000_000 / SLOWEST));
        self.left = (self.left + earned).saturating_sub(waited).min(self.most);
        self.left
    }
}

/// Ends a connection on our side and listens on for a moment. Were it closed with input unread, the system would send a reset,
/// and that can overtake what the client has not read yet.
pub(crate) fn linger(mut stream: &TcpStream) {
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    stream.set_read_deadline(Instant::now() + LINGER);
    let mut sink = [0; 4 << 10];
    let mut heard = 0;
    while let Ok(n @ 1..) = stream.read(&mut sink) {
        heard += n;
        if heard > LINGER_BYTES {
            return;
        }
    }
}
