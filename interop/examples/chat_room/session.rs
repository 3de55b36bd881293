//! A client's two goroutines. The reader speaks for the session; the writer alone sends.
//!
//! `tungstenite` has one object for both directions and no halves. Here each goroutine has an
//! object of its own, on a clone of the socket. The protocol allows that: frames of one direction
//! do not depend on the other, except that a ping wants a pong and a close wants a close. The
//! reader's object would send both by itself, in the middle of what the writer is sending. So the
//! reader's half of the socket swallows what is written to it, and the reader asks the writer to
//! answer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use gort::net::TcpStream;
use gort::prelude::*;
use gort::time::Ticker;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::http::{StatusCode, Uri};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Bytes, Error, HandshakeError, Message, Utf8Bytes, WebSocket};

use super::hub::{Door, Id, Refusal, Why};
use super::server::House;

/// A client may say this much at once, in bytes.
pub(crate) const MAX_MESSAGE: usize = 4 << 10;
const MAX_NAME: usize = 20;
/// What is sent together, at most.
const BATCH: usize = 64;

/// A connection, and how long it may take.
pub(crate) struct Line<'a> {
    pub(crate) stream: TcpStream,
    pub(crate) house: &'a House,
}

impl Line<'_> {
    /// For the reads that follow. Once the house closes, until the time that it has set.
    fn may_read_for(&self, limit: Duration) {
        self.stream.set_read_deadline(Instant::now() + limit);
        // Asked afterwards: if it closes only now, `House::interrupt` comes after this.
        if let Some(at) = self.house.closes_at() {
            self.stream.set_read_deadline(at);
        }
    }

    /// For the writes that follow.
    fn may_write_for(&self, limit: Duration) {
        self.stream.set_write_deadline(Instant::now() + limit);
        if let Some(at) = self.house.closes_at() {
            self.stream.set_write_deadline(at);
        }
    }

    /// Ends the connection so that the client gets what was said last: closing it with anything
    /// unread would reset it, and a reset overtakes.
    pub(crate) fn hang_up(&self) {
        self.may_read_for(self.house.settings.farewell);
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            let mut rest = [0; 4 << 10];
            // At most 256 KiB: it is not for the client to say how long this takes.
            for _ in 0..64 {
                if !matches!((&self.stream).read(&mut rest), Ok(1..)) {
                    break;
                }
            }
        }
    }

    /// A plain answer to what is no handshake.
    pub(crate) fn answer(&self, status: &str) {
        self.may_write_for(self.house.settings.farewell);
        let _ = write!(
            &self.stream,
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
    }
}

/// Everything that happens on a connection.
pub(crate) fn run(line: &Line<'_>, door: &Door) {
    let Some(name) = shake_hands(line) else { return };
    let (queue, queued) = gort::channel(line.house.settings.queue);
    match door.join(name, queue, line.stream.clone()) {
        Ok(id) => member(line, door, id, queued),
        Err(refusal) => {
            let frame = match refusal {
                Refusal::NameTaken => close(CloseCode::Policy, "the name is taken"),
                Refusal::Stopping => going_away(),
            };
            line.may_write_for(line.house.settings.farewell);
            let _ = socket(line.stream.clone()).close(Some(frame));
        }
    }
}

/// The handshake; gives the name that the client wants.
fn shake_hands(line: &Line<'_>) -> Option<String> {
    line.may_read_for(line.house.settings.handshake);
    line.may_write_for(line.house.settings.handshake);
    let mut name = None;
    #[allow(clippy::result_large_err, reason = "the type is tungstenite's")]
    let look = |request: &Request, response: Response| match wanted_name(request.uri()) {
        Ok(wanted) => {
            name = Some(wanted);
            Ok(response)
        }
        Err((status, text)) => {
            let mut refusal = ErrorResponse::new(Some(text.to_owned()));
            *refusal.status_mut() = status;
            Err(refusal)
        }
    };
    match tungstenite::accept_hdr_with_config(line.stream.clone(), look, Some(config())) {
        Ok(_) => name,
        Err(HandshakeError::Failure(Error::Protocol(_) | Error::HttpFormat(_))) => {
            line.answer("400 Bad Request");
            None
        }
        // `Interrupted` is for sockets that never wait.
        Err(HandshakeError::Failure(_) | HandshakeError::Interrupted(_)) => None,
    }
}

fn wanted_name(uri: &Uri) -> Result<String, (StatusCode, &'static str)> {
    if uri.path() != "/" {
        return Err((StatusCode::NOT_FOUND, "there is one room only: /"));
    }
    let name = uri.query().and_then(|query| query.strip_prefix("name="));
    name.filter(|name| (1..=MAX_NAME).contains(&name.len()))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .map(str::to_owned)
        .ok_or((
            StatusCode::BAD_REQUEST,
            "come as ?name=NAME, 1 to 20 letters and digits",
        ))
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .read_buffer_size(4 << 10)
        .write_buffer_size(16 << 10)
}

fn socket<S: Read + Write>(stream: S) -> WebSocket<S> {
    WebSocket::from_raw_socket(stream, Role::Server, Some(config()))
}

fn close(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }
}

fn going_away() -> CloseFrame {
    close(CloseCode::Away, "the room closes")
}

/// What the reader has the writer send.
enum Order {
    Pong(Bytes),
    /// The last thing to send.
    Close(Option<CloseFrame>),
}

/// A member's session, once it has joined.
fn member(line: &Line<'_>, door: &Door, id: Id, queued: Receiver<Utf8Bytes>) {
    let why = gort::scope(|s| {
        let (order, orders) = gort::channel(1);
        let writer = go!(s => move || write(line, &queued, &orders));
        let (why, last) = read(line, door, id, &order);
        match last {
            // The writer may have closed on its own account already; then nobody takes the order.
            Some(last) => drop(order.send(Order::Close(last))),
            None => drop(line.stream.close()),
        }
        drop(order);
        writer.join().expect("no panic");
        why
    });
    door.leave(id, why);
}

/// The socket for the reader's object: what that wants to send goes nowhere.
struct ReadHalf<'a>(&'a TcpStream);

impl Read for ReadHalf<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for ReadHalf<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes what the client says to the hub. Ends with the reason, and with the Close frame to send,
/// if the client may still hear it.
fn read(line: &Line<'_>, door: &Door, id: Id, order: &Sender<Order>) -> (Why, Option<Option<CloseFrame>>) {
    let mut socket = socket(ReadHalf(&line.stream));
    let expelled = |code, reason| (Why::Expelled, Some(Some(close(code, reason))));
    loop {
        // Whatever it says, a pong too, shows that it is there.
        line.may_read_for(line.house.settings.silence);
        match socket.read() {
            Ok(Message::Text(text)) => door.say(id, text),
            Ok(Message::Ping(data)) => drop(order.send(Order::Pong(data))),
            Ok(Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Binary(_)) => return expelled(CloseCode::Unsupported, "text only"),
            Ok(Message::Close(frame)) => return (Why::Left, Some(frame)),
            Err(Error::Capacity(_)) => return expelled(CloseCode::Size, "the message is too long"),
            Err(Error::Utf8(_)) => return expelled(CloseCode::Invalid, "text is UTF-8"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return (Why::Lost, None),
            Err(Error::Protocol(_)) => return expelled(CloseCode::Protocol, "that is no WebSocket frame"),
            Err(Error::Io(error)) if error.kind() == ErrorKind::TimedOut => return (Why::Silent, None),
            Err(_) => return (Why::Lost, None),
        }
    }
}

/// Sends: what is said in the room, what the reader orders, and pings. Everything that leaves the
/// server passes here.
fn write(line: &Line<'_>, queued: &Receiver<Utf8Bytes>, orders: &Receiver<Order>) {
    let mut socket = socket(line.stream.clone());
    let ticker = Ticker::new(line.house.settings.ping);
    let last = loop {
        let sent = select! {
            biased; // what the client waits for does not queue behind what the room says
            order = <-orders => match order {
                Some(Order::Pong(data)) => send(line, &mut socket, Message::Pong(data), None),
                Some(Order::Close(frame)) => break frame,
                None => return, // there is nobody to send to
            },
            text = <-queued => match text {
                Some(text) => send(line, &mut socket, Message::Text(text), Some(queued)),
                None => break Some(going_away()), // or it was cut off, and then this fails
            },
            <-ticker => send(line, &mut socket, Message::Ping(Bytes::new()), None),
        };
        if sent.is_err() {
            let _ = line.stream.close(); // the reader's turn to notice
            return;
        }
    };
    line.may_write_for(line.house.settings.write);
    let _ = socket.close(last);
}

/// Sends a message, and at once what else has been said meanwhile.
fn send(
    line: &Line<'_>,
    socket: &mut WebSocket<TcpStream>,
    message: Message,
    more: Option<&Receiver<Utf8Bytes>>,
) -> tungstenite::Result<()> {
    line.may_write_for(line.house.settings.write);
    socket.write(message)?;
    for text in more.into_iter().flat_map(|queued| queued.try_iter()).take(BATCH) {
        socket.write(Message::Text(text))?;
    }
    socket.flush()
}
