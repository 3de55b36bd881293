//! One connection, from its first request to its end: a goroutine of its own.

use std::io;
use std::time::{Duration, Instant};

use gort::net::TcpStream;

use crate::args::Limits;
use crate::body::Body;
use crate::exchange::{self, Exchange};
use crate::head::{self, Head};
use crate::members::Membership;
use crate::routes;
use crate::status::Status;
use crate::wire::{self, Input, Wire};

/// Serves one request after the other.
pub(crate) fn serve(member: &Membership, limits: &Limits) {
    let stream = member.stream();
    if stream.set_write_timeout(Some(limits.write_timeout)).is_err() {
        return;
    }
    let mut connection = Connection {
        member,
        input: Input::new(),
        wire: Wire::new(stream, limits),
        accepted: Some(Instant::now()),
    };
    if let Ending::Last = connection.run() {
        connection.end(stream);
    }
}

struct Connection<'a> {
    member: &'a Membership,
    input: Input,
    wire: Wire<'a>,
    /// Until the first request: when the connection came.
    accepted: Option<Instant>,
}

/// How a connection ends.
enum Ending {
    /// The last response is on its way.
    Last,
    /// The client has gone, or was idle for long, or we are to end.
    Quiet,
}

/// Why there is no head.
enum NoHead {
    Refused(Status),
    Quiet,
}

impl Connection<'_> {
    fn run(&mut self) -> Ending {
        loop {
            let served = match self.read_head() {
                Ok(length) => self.exchange(length),
                Err(NoHead::Refused(status)) => Err(status),
                Err(NoHead::Quiet) => return Ending::Quiet,
            };
            match served {
                Ok(true) => {}
                Ok(false) => return Ending::Last,
                Err(status) => {
                    exchange::refuse(&mut self.wire, status);
                    return Ending::Last;
                }
            }
        }
    }

    /// Reads until a whole head is there; gives its length.
    fn read_head(&mut self) -> Result<usize, NoHead> {
        let most = self.wire.limits.head;
        let mut begun = self.accepted.take();
        let mut seen = 0;
        let mut any = !self.input.is_empty();
        loop {
            match head::blank(self.input.unused()) {
                0 => {}
                blank => {
                    self.input.consume(blank);
                    seen = 0;
                }
            }
            let unused = self.input.unused();
            match head::length(unused, &mut seen) {
                Some(length) if length <= most => return Ok(length),
                None if unused.len() < most => {}
                _ => return Err(NoHead::Refused(head::too_large(&unused[..most]))),
            }
            let limit = if any || begun.is_some() {
                let begun = *begun.get_or_insert_with(Instant::now);
                self.wire.limits.head_timeout.saturating_sub(begun.elapsed())
            } else {
                self.wire.limits.idle_timeout
            };
            match self.fill(limit, !any) {
                Ok(true) => any = true,
                Err(error) if error.kind() == io::ErrorKind::TimedOut && any => {
                    return Err(NoHead::Refused(Status::RequestTimeout));
                }
                Ok(false) | Err(_) => return Err(NoHead::Quiet),
            }
        }
    }

    /// Reads more; `false` if there is no more. While nothing of a request has come (`idle`) nobody minds if we end.
    fn fill(&mut self, limit: Duration, idle: bool) -> io::Result<bool> {
        if limit.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if idle {
            // First: whoever is idle may be closed at once, and owes nobody anything.
            self.wire.flush()?;
            if !self.member.rest() {
                return Ok(false);
            }
        }
        let n = self.wire.fill(&mut self.input, limit)?;
        Ok(n > 0 && (!idle || self.member.begin()))
    }

    /// Serves the request whose head is the first `length` bytes. Whether the connection goes on.
    fn exchange(&mut self, length: usize) -> Result<bool, Status> {
        let (head, window, filled) = self.input.split(length);
        let head = Head::parse(head, self.wire.limits)?;
        let body = Body::new(head.framing, head.expects_continue, window, filled, &self.wire)?;
        let mut exchange = Exchange::new(&head, body, &mut self.wire, self.member);
        let outcome = gort::recover(|| routes::handle(&mut exchange)).unwrap_or_else(|panic| {
            say!(
                io::stderr(),
                "http_server: {:?} {}: {panic}",
                head.method,
                head.path
            );
            Err(crate::body::Failure::Client(Status::InternalError))
        });
        let goes_on = exchange.finish(outcome);
        let unused = exchange.body.unused();
        self.input.rejoin(length, unused);
        Ok(goes_on)
    }

    fn end(&mut self, stream: &TcpStream) {
        if self.wire.flush().is_ok() {
            self.member.rest();
            wire::linger(stream);
        }
    }
}
