//! One request and its response, as a handler sees them.

use std::io::Write;

use crate::body::{Body, Failure};
use crate::head::{Head, Method};
use crate::members::Membership;
use crate::status::Status;
use crate::wire::Wire;

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) struct Exchange<'a, 'w> {
    pub(crate) head: &'a Head<'a>,
    pub(crate) body: Body<'a>,
    wire: &'a mut Wire<'w>,
    member: &'a Membership,
    /// Whether the connection goes on after this.
    keep_alive: bool,
    /// Whether the response has begun, so that no other can be given.
    begun: bool,
}

impl<'a, 'w> Exchange<'a, 'w> {
    pub(crate) fn new(
        head: &'a Head<'a>,
        body: Body<'a>,
        wire: &'a mut Wire<'w>,
        member: &'a Membership,
    ) -> Exchange<'a, 'w> {
        Exchange {
            head,
            body,
            wire,
            member,
            keep_alive: head.keep_alive,
            begun: false,
        }
    }

    /// Reads the next bytes of the body; 0 at its end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        self.body.read(self.wire, into)
    }

    /// Reads the whole body.
    pub(crate) fn read_all(&mut self) -> Result<Vec<u8>, Failure> {
        let mut all = vec![0; self.body.size_hint()];
        let mut length = 0;
        loop {
            if length == all.len() {
                if self.body.is_done() {
                    return Ok(all);
                }
                all.resize((2 * length).max(1 << 10), 0);
            }
            match self.read(&mut all[length..])? {
                0 => {
                    all.truncate(length);
                    return Ok(all);
                }
                n => length += n,
            }
        }
    }

    /// Responds with a whole body.
    pub(crate) fn respond(&mut self, status: Status, content_type: &str, body: &[u8]) -> Result<(), Failure> {
        self.respond_with(status, "", content_type, body)
    }

    /// Responds with the name of a status, and with lines of headers.
    pub(crate) fn respond_status(&mut self, status: Status, headers: &str) -> Result<(), Failure> {
        let text = status.text();
        self.respond_with(status, headers, TEXT, text.as_bytes())
    }

    fn respond_with(
        &mut self,
        status: Status,
        headers: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<(), Failure> {
        self.begin(status, headers);
        let out = &mut self.wire.out;
        if status.has_body() {
            push(out, &["Content-Type: ", content_type, "\r\nContent-Length: "]);
            push_number(out, body.len());
            push(out, &["\r\n\r\n"]);
            if self.head.method != Method::Head {
                self.wire.write(body)?;
            }
        } else {
            push(out, &["\r\n"]);
        }
        Ok(self.wire.flush_batch()?)
    }

    /// Responds with a body whose length is not known, piece by piece.
    pub(crate) fn stream(&mut self, content_type: &str) -> Result<Stream<'_, 'a, 'w>, Failure> {
        // Who speaks HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
        let chunked = !self.head.old;
        self.keep_alive &= chunked;
        self.begin(
            Status::Ok,
            if chunked {
                "Transfer-Encoding: chunked\r\n"
            } else {
                ""
            },
        );
        push(&mut self.wire.out, &["Content-Type: ", content_type, "\r\n\r\n"]);
        Ok(Stream {
            chunked,
            silent: self.head.method == Method::Head,
            exchange: self,
        })
    }

    /// Sends what was collected: for handlers that take their time, since responses to earlier requests may be among it.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.wire.flush()?)
    }

    fn begin(&mut self, status: Status, headers: &str) {
        self.begun = true;
        self.keep_alive &= self.body.can_be_skipped() && !self.member.is_last_request();
        let connection = match (self.keep_alive, self.head.old) {
            (true, false) => "",
            (true, true) => "Connection: keep-alive\r\n",
            (false, _) => "Connection: close\r\n",
        };
        begin(self.wire, status, &[connection, headers]);
    }

    /// After the handler: sees to it that there is a response, and that the body is read. Whether the connection goes on.
    pub(crate) fn finish(&mut self, outcome: Result<(), Failure>) -> bool {
        let outcome = match outcome {
            Ok(()) if self.begun => Ok(()),
            Ok(()) => Err(Failure::Client(Status::InternalError)),
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(()) => self.keep_alive && self.body.skip(self.wire),
            Err(Failure::Client(status)) if !self.begun => {
                self.keep_alive = false;
                let _ = self.respond_status(status, ""); // if it fails, there is nobody to tell
                false
            }
            Err(_) => false,
        }
    }
}

/// A response on its way.
pub(crate) struct Stream<'e, 'a, 'w> {
    exchange: &'e mut Exchange<'a, 'w>,
    chunked: bool,
    /// Nobody wants the body.
    silent: bool,
}

impl Stream<'_, '_, '_> {
    /// Sends a piece, at once.
    pub(crate) fn send(&mut self, piece: &[u8]) -> Result<(), Failure> {
        if self.silent || piece.is_empty() {
            return Ok(());
        }
        let wire = &mut *self.exchange.wire;
        if self.chunked {
            let _ = write!(wire.out, "{:x}\r\n", piece.len()); // a Vec takes everything
        }
        wire.write(piece)?;
        if self.chunked {
            wire.write(b"\r\n")?;
        }
        Ok(wire.flush()?)
    }

    /// The end. Without it the client sees that something is missing.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if self.chunked && !self.silent {
            self.exchange.wire.write(b"0\r\n\r\n")?;
        }
        Ok(self.exchange.wire.flush_batch()?)
    }
}

/// The response to what is no request that we understand.
pub(crate) fn refuse(wire: &mut Wire<'_>, status: Status) {
    begin(wire, status, &["Connection: close\r\n"]);
    let text = status.text();
    let out = &mut wire.out;
    push(out, &["Content-Type: ", TEXT, "\r\nContent-Length: "]);
    push_number(out, text.len());
    push(out, &["\r\n\r\n", text]);
}

fn begin(wire: &mut Wire<'_>, status: Status, headers: &[&str]) {
    let out = &mut wire.out;
    push(
        out,
        &["HTTP/1.1 ", status.text(), "\r\nDate: ", wire.date.now(), "\r\n"],
    );
    push(out, headers);
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// As `write!` would, without its detours: this is done for every response.
fn push_number(out: &mut Vec<u8>, mut number: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
