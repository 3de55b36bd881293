//! A request's body, read as its handler asks for it.

use std::io;
use std::ops::Range;

use crate::chunked::Decoder;
use crate::head::Framing;
use crate::status::Status;
use crate::wire::{Pace, Wire};

/// What a handler has left unread is read after it if it is no more than this; else the connection ends.
const SKIPPED: u64 = 64 << 10;

/// Why a request cannot be served to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client did something wrong: it is told what, unless the response has begun, and the connection ends.
    Client(Status),
    /// The connection is of no use any more: the client has gone, or does not read.
    Gone,
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Failure {
        Failure::Gone
    }
}

pub(crate) struct Body<'a> {
    coding: Coding,
    /// What was read behind the head: `window[filled]` is not used yet.
    window: &'a mut [u8],
    filled: Range<usize>,
    /// How many bytes the handler may still get.
    allowed: u64,
    /// The client waits for a word before it sends anything.
    expected: bool,
    pace: Pace,
}

enum Coding {
    /// So many bytes are left.
    Length(u64),
    Chunked(Decoder),
}

impl<'a> Body<'a> {
    /// `window` is what is behind the head, `filled` bytes of it read already.
    pub(crate) fn new(
        framing: Framing,
        expects_continue: bool,
        window: &'a mut [u8],
        filled: usize,
        wire: &Wire<'_>,
    ) -> Result<Body<'a>, Status> {
        let coding = match framing {
            Framing::Length(length) if length > wire.limits.body => return Err(Status::ContentTooLarge),
            Framing::Length(length) => Coding::Length(length),
            Framing::Chunked => Coding::Chunked(Decoder::new()),
        };
        Ok(Body {
            coding,
            window,
            filled: 0..filled,
            allowed: wire.limits.body,
            expected: expects_continue,
            pace: Pace::new(wire.limits.body_timeout),
        })
    }

    /// Whether everything was read.
    pub(crate) fn is_done(&self) -> bool {
        match &self.coding {
            Coding::Length(left) => *left == 0,
            Coding::Chunked(decoder) => decoder.is_done(),
        }
    }

    /// Whether, for all we know, the next request can be reached.
    pub(crate) fn can_be_skipped(&self) -> bool {
        match &self.coding {
            Coding::Length(left) => *left == 0 || *left <= SKIPPED && !self.expected,
            Coding::Chunked(decoder) => decoder.is_done() || !self.expected,
        }
    }

    /// How much room a reader of everything should begin with.
    pub(crate) fn size_hint(&self) -> usize {
        match &self.coding {
            // The length is only what the client says, so a lot of it has to come before we have a lot of room for it.
            Coding::Length(left) => (*left).min(SKIPPED) as usize,
            Coding::Chunked(_) => self.filled.len(),
        }
    }

    /// The part of the window that is not the body's.
    pub(crate) fn unused(&self) -> Range<usize> {
        self.filled.clone()
    }

    /// Reads what comes next; 0 at the end.
    pub(crate) fn read(&mut self, wire: &mut Wire<'_>, into: &mut [u8]) -> Result<usize, Failure> {
        while !self.is_done() && !into.is_empty() {
            if self.filled.is_empty() {
                self.say_continue(wire);
                if let Coding::Length(left) = &mut self.coding
                    && into.len() >= self.window.len()
                {
                    // Past the window, right to where it is wanted.
                    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(into.len());
                    let n = came(wire.read(&mut into[..most], &mut self.pace))?;
                    *left -= n as u64;
                    return Ok(n);
                }
                let n = came(wire.read(self.window, &mut self.pace))?;
                self.filled = 0..n;
            }
            let from = &self.window[self.filled.clone()];
            let (taken, given) = match &mut self.coding {
                Coding::Length(left) => {
                    let n = usize::try_from(*left).unwrap_or(usize::MAX);
                    let n = n.min(from.len()).min(into.len());
                    into[..n].copy_from_slice(&from[..n]);
                    *left -= n as u64;
                    (n, n)
                }
                Coding::Chunked(decoder) => decoder
                    .decode(from, into)
                    .map_err(|_| Failure::Client(Status::BadRequest))?,
            };
            self.filled.start += taken;
            self.expected = false;
            if given > 0 {
                let allowed = self.allowed.checked_sub(given as u64);
                self.allowed = allowed.ok_or(Failure::Client(Status::ContentTooLarge))?;
                return Ok(given);
            }
        }
        Ok(0)
    }

    /// Reads what the handler left, if that is worth it. `true` if the next request is reached.
    pub(crate) fn skip(&mut self, wire: &mut Wire<'_>) -> bool {
        let mut sink = [0; 1 << 10];
        let mut skipped = 0;
        while !self.is_done() {
            match self.read(wire, &mut sink) {
                Ok(n) => skipped += n as u64,
                Err(_) => return false,
            }
            if skipped > SKIPPED {
                return false;
            }
        }
        true
    }

    /// The client gets the word that it waits for.
    fn say_continue(&mut self, wire: &mut Wire<'_>) {
        if std::mem::take(&mut self.expected) {
            wire.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }
}

/// What reading gave: 0 bytes are the end, which is too early here.
fn came(read: io::Result<usize>) -> Result<usize, Failure> {
    match read {
        Ok(0) => Err(Failure::Client(Status::BadRequest)),
        Ok(n) => Ok(n),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Failure::Client(Status::RequestTimeout)),
        Err(error) => Err(error.into()),
    }
}
