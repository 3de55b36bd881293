//! Replies, written one after the other into one buffer.

use std::fmt::Display;
use std::io::Write;

/// What a command cannot do, in Redis's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    WrongType,
    NotAnInteger,
    Overflow,
    Syntax,
    Expire(&'static str),
    /// Anything else, with the code that it begins with.
    Other(String),
}

impl Failure {
    fn text(&self) -> String {
        match self {
            Failure::WrongType => {
                "WRONGTYPE Operation against a key holding the wrong kind of value".to_owned()
            }
            Failure::NotAnInteger => "ERR value is not an integer or out of range".to_owned(),
            Failure::Overflow => "ERR increment or decrement would overflow".to_owned(),
            Failure::Syntax => "ERR syntax error".to_owned(),
            Failure::Expire(command) => format!("ERR invalid expire time in '{command}' command"),
            Failure::Other(text) => text.clone(),
        }
    }
}

/// What is to be sent.
#[derive(Default)]
pub(crate) struct Replies {
    pub(crate) bytes: Vec<u8>,
}

impl Replies {
    pub(crate) fn ok(&mut self) {
        self.simple("OK");
    }

    pub(crate) fn simple(&mut self, text: &str) {
        self.line(b'+', text);
    }

    pub(crate) fn integer(&mut self, number: i64) {
        self.line(b':', number);
    }

    /// A number of things.
    pub(crate) fn count(&mut self, things: usize) {
        self.line(b':', things);
    }

    pub(crate) fn bulk(&mut self, bytes: &[u8]) {
        self.line(b'$', bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// No bulk string.
    pub(crate) fn null(&mut self) {
        self.bytes.extend_from_slice(b"$-1\r\n");
    }

    pub(crate) fn null_array(&mut self) {
        self.bytes.extend_from_slice(b"*-1\r\n");
    }

    pub(crate) fn maybe_bulk(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null(),
        }
    }

    /// The beginning of an array: its elements follow.
    pub(crate) fn array(&mut self, length: usize) {
        self.line(b'*', length);
    }

    pub(crate) fn failure(&mut self, failure: &Failure) {
        // A line break would end the reply in the middle of a quoted argument.
        self.line(b'-', failure.text().replace(['\r', '\n'], " "));
    }

    pub(crate) fn error(&mut self, text: impl Display) {
        self.line(b'-', format_args!("ERR {text}"));
    }

    fn line(&mut self, kind: u8, text: impl Display) {
        self.bytes.push(kind);
        write!(self.bytes, "{text}\r\n").expect("a vector takes all");
    }
}
