//! Requests, cut out of a stream of bytes: arrays of bulk strings (RESP2), or lines ("inline commands").
//!
//! Nothing is copied: a request is a list of ranges in the buffer. What has been looked at is not looked at again when more arrives, so a
//! request that comes in a byte at a time costs no more than one that comes at once.

use std::fmt;
use std::ops::Range;

/// What a client may ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes in an inline command, or in a line that says how long something is.
    pub(crate) line: usize,
    /// Arguments of a request.
    pub(crate) arguments: u64,
    /// Bytes in an argument.
    pub(crate) bulk: u64,
    /// Bytes in a request.
    pub(crate) request: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            line: 64 << 10,
            arguments: 1 << 20,
            bulk: 64 << 20,
            request: 256 << 20,
        }
    }
}

/// Why the rest of the stream makes no sense. The texts are Redis's, as far as it checks the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolError {
    InlineTooBig,
    UnbalancedQuotes,
    CountTooBig,
    Count,
    Dollar(u8),
    LengthTooBig,
    Length,
    NoLineEnd,
    RequestTooBig,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            ProtocolError::InlineTooBig => "too big inline request",
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in request",
            ProtocolError::CountTooBig => "too big mbulk count string",
            ProtocolError::Count => "invalid multibulk length",
            ProtocolError::Dollar(found) => {
                return write!(f, "Protocol error: expected '$', got '{}'", found.escape_ascii());
            }
            ProtocolError::LengthTooBig => "too big bulk count string",
            ProtocolError::Length => "invalid bulk length",
            ProtocolError::NoLineEnd => "expected CRLF after bulk",
            ProtocolError::RequestTooBig => "too big request",
        };
        write!(f, "Protocol error: {text}")
    }
}

/// What has been received and not been used up, and how far it is understood.
pub(crate) struct Decoder {
    limits: Limits,
    /// Larger than what is in it, so that it need not be made anew for each read.
    buffer: Vec<u8>,
    /// How much is in it.
    filled: usize,
    /// Where the request begins.
    start: usize,
    /// Up to where it is understood.
    at: usize,
    /// Up to where a line has been searched for its end.
    searched: usize,
    /// How many arguments are still to come; none if a request has not begun.
    missing: u64,
    /// How long the argument is that has begun.
    length: Option<usize>,
    arguments: Vec<Range<usize>>,
    /// The words of an inline command, without quotes and escapes.
    unquoted: Vec<u8>,
}

/// A request: its arguments, the first of which names the command.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    bytes: &'a [u8],
    arguments: &'a [Range<usize>],
}

impl<'a> Request<'a> {
    pub(crate) fn len(&self) -> usize {
        self.arguments.len()
    }

    pub(crate) fn get(&self, n: usize) -> &'a [u8] {
        &self.bytes[self.arguments[n].clone()]
    }

    /// The arguments from the `n`-th on.
    pub(crate) fn from(&self, n: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let (bytes, arguments) = (self.bytes, self.arguments);
        arguments[n..].iter().map(|range| &bytes[range.clone()])
    }
}

/// Where the arguments of a request lie.
enum Found {
    InBuffer,
    Unquoted,
}

impl Decoder {
    pub(crate) fn new(limits: Limits) -> Decoder {
        Decoder {
            limits,
            buffer: Vec::new(),
            filled: 0,
            start: 0,
            at: 0,
            searched: 0,
            missing: 0,
            length: None,
            arguments: Vec::new(),
            unquoted: Vec::new(),
        }
    }

    /// Reads more, once. What was used up before is forgotten.
    pub(crate) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> std::io::Result<usize>,
    ) -> std::io::Result<usize> {
        const PIECE: usize = 16 << 10;
        let start = std::mem::take(&mut self.start);
        self.buffer.copy_within(start..self.filled, 0);
        self.filled -= start;
        self.at -= start;
        self.searched -= start;
        for range in &mut self.arguments {
            *range = range.start - start..range.end - start;
        }
        // A huge request leaves no huge buffer behind.
        if self.filled == 0 && self.buffer.len() > 4 * PIECE {
            self.buffer = Vec::new();
        }
        // For a long argument, room for all of it at once; but memory is taken as bytes arrive, not as they are promised.
        let wanted = self.length.map_or(0, |all| self.at + all + 2);
        let room = wanted.clamp(self.filled + PIECE, (2 * self.filled).max(self.filled + PIECE));
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let read = read(&mut self.buffer[self.filled..])?;
        self.filled += read;
        Ok(read)
    }

    /// The next request, if it is complete.
    pub(crate) fn next(&mut self) -> Result<Option<Request<'_>>, ProtocolError> {
        let found = loop {
            if self.missing > 0 {
                if !self.array()? {
                    return Ok(None);
                }
                break Found::InBuffer;
            }
            self.start = self.at;
            self.arguments.clear();
            match self.buffer[..self.filled].get(self.at) {
                None => return Ok(None),
                Some(b'*') => {
                    let Some(line) = self.line(ProtocolError::CountTooBig)? else {
                        return Ok(None);
                    };
                    let count = number(&self.buffer[line.start + 1..line.end]);
                    let count = count.filter(|&count| count <= self.limits.arguments as i64);
                    // An empty array is a request for nothing.
                    self.missing = count.ok_or(ProtocolError::Count)?.max(0) as u64;
                }
                Some(_) => {
                    let Some(line) = self.line(ProtocolError::InlineTooBig)? else {
                        return Ok(None);
                    };
                    self.split(line)?;
                    if !self.arguments.is_empty() {
                        break Found::Unquoted;
                    }
                }
            }
        };
        self.start = self.at;
        let bytes = match found {
            Found::InBuffer => &self.buffer,
            Found::Unquoted => &self.unquoted,
        };
        Ok(Some(Request {
            bytes,
            arguments: &self.arguments,
        }))
    }

    /// Goes on with an array; whether it is complete.
    fn array(&mut self) -> Result<bool, ProtocolError> {
        while self.missing > 0 {
            let length = match self.length {
                Some(length) => length,
                None => {
                    match self.buffer[..self.filled].get(self.at) {
                        None => return Ok(false),
                        Some(b'$') => {}
                        Some(&other) => return Err(ProtocolError::Dollar(other)),
                    }
                    let Some(line) = self.line(ProtocolError::LengthTooBig)? else {
                        return Ok(false);
                    };
                    let length = number(&self.buffer[line.start + 1..line.end])
                        .and_then(|length| u64::try_from(length).ok())
                        .filter(|&length| length <= self.limits.bulk)
                        .ok_or(ProtocolError::Length)? as usize;
                    if self.at - self.start + length > self.limits.request {
                        return Err(ProtocolError::RequestTooBig);
                    }
                    *self.length.insert(length)
                }
            };
            let end = self.at + length;
            match self.buffer[..self.filled].get(end..end + 2) {
                None => return Ok(false),
                Some(b"\r\n") => {}
                Some(_) => return Err(ProtocolError::NoLineEnd),
            }
            self.arguments.push(self.at..end);
            self.at = end + 2;
            self.searched = self.at;
            self.length = None;
            self.missing -= 1;
        }
        Ok(true)
    }

    /// The line that begins here, without its end. A line feed alone ends it too.
    fn line(&mut self, too_big: ProtocolError) -> Result<Option<Range<usize>>, ProtocolError> {
        self.searched = self.searched.max(self.at);
        let Some(found) = self.buffer[self.searched..self.filled]
            .iter()
            .position(|&byte| byte == b'\n')
        else {
            self.searched = self.filled;
            return if self.searched - self.at > self.limits.line {
                Err(too_big)
            } else {
                Ok(None)
            };
        };
        let end = self.searched + found;
        let start = std::mem::replace(&mut self.at, end + 1);
        self.searched = self.at;
        if end - start > self.limits.line {
            return Err(too_big);
        }
        let end = if self.buffer[start..end].ends_with(b"\r") {
            end - 1
        } else {
            end
        };
        Ok(Some(start..end))
    }

    /// The words of a line, in which quotes hold spaces together: `"…"` with escapes, `'…'` without.
    fn split(&mut self, line: Range<usize>) -> Result<(), ProtocolError> {
        self.unquoted.clear();
        let mut rest = self.buffer[line].iter().copied().peekable();
        loop {
            while rest.next_if(u8::is_ascii_whitespace).is_some() {}
            if rest.peek().is_none() {
                return Ok(());
            }
            let start = self.unquoted.len();
            while let Some(byte) = rest.next_if(|byte| !byte.is_ascii_whitespace()) {
                match byte {
                    b'"' | b'\'' => {
                        unquote(byte, &mut rest, &mut self.unquoted)?;
                        // A closing quote ends the word.
                        if rest.peek().is_some_and(|byte| !byte.is_ascii_whitespace()) {
                            return Err(ProtocolError::UnbalancedQuotes);
                        }
                    }
                    byte => self.unquoted.push(byte),
                }
            }
            self.arguments.push(start..self.unquoted.len());
        }
    }
}

type Bytes<'a> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'a, u8>>>;

/// What is left of a quoted text, up to its closing quote.
fn unquote(quote: u8, rest: &mut Bytes<'_>, out: &mut Vec<u8>) -> Result<(), ProtocolError> {
    loop {
        match rest.next().ok_or(ProtocolError::UnbalancedQuotes)? {
            byte if byte == quote => return Ok(()),
            b'\\' if quote == b'"' => {
                let escaped = match rest.next().ok_or(ProtocolError::UnbalancedQuotes)? {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    b'x' => {
                        let mut ahead = rest.clone();
                        let digits = [ahead.next(), ahead.next()]
                            .map(|digit| (digit.unwrap_or(b'-') as char).to_digit(16));
                        match digits {
                            [Some(high), Some(low)] => {
                                *rest = ahead;
                                (high * 16 + low) as u8
                            }
                            _ => b'x',
                        }
                    }
                    other => other,
                };
                out.push(escaped);
            }
            b'\\' if rest.next_if_eq(&b'\'').is_some() => out.push(b'\''),
            byte => out.push(byte),
        }
    }
}

/// A decimal number as Redis takes it: no plus sign, no spaces, no leading zeros.
pub(crate) fn number(digits: &[u8]) -> Option<i64> {
    match digits {
        b"0" => return Some(0),
        [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..] => {}
        _ => return None,
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
