//! Guests that follow a script.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gort::context::{self, CancelFunc};
use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use super::hub::Tally;
use super::server::{self, Settings};
use super::session::MAX_MESSAGE;

/// No guest waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run() -> io::Result<()> {
    conversation()?;
    crowd()?;
    sleeper()
}

/// A room of its own for each act.
struct Stage {
    address: SocketAddr,
    close: CancelFunc,
    house: JoinHandle<Tally>,
}

impl Stage {
    fn open(settings: Settings) -> io::Result<Stage> {
        // On a loaded machine a guest may be slow to hear the last word.
        let settings = Settings {
            farewell: PATIENCE,
            ..settings
        };
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (ctx, close) = context::with_cancel(context::background());
        let house = go!(server::run(ctx, listener, settings));
        Ok(Stage {
            address,
            close,
            house,
        })
    }

    fn close(self) {
        (self.close)();
        println!("{}", self.house.join().expect("no panic"));
    }
}

struct Guest {
    name: String,
    socket: WebSocket<TcpStream>,
}

impl Guest {
    fn join(stage: &Stage, name: &str) -> io::Result<Guest> {
        let stream = TcpStream::connect(stage.address)?;
        stream.set_deadline(Instant::now() + PATIENCE);
        let url = format!("ws://{}/?name={name}", stage.address);
        match tungstenite::client(url, stream) {
            Ok((socket, _)) => Ok(Guest {
                name: name.to_owned(),
                socket,
            }),
            Err(HandshakeError::Failure(error)) => Err(as_io(error)),
            Err(HandshakeError::Interrupted(_)) => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.socket.send(Message::text(text)).map_err(as_io)
    }

    /// The next thing that is said; `Err` with the frame when the room closes the connection.
    fn hear(&mut self) -> io::Result<Result<String, CloseFrame>> {
        loop {
            match self.socket.read().map_err(as_io)? {
                Message::Text(text) => return Ok(Ok(text.to_string())),
                Message::Close(Some(frame)) => return Ok(Err(frame)),
                Message::Close(None) => return Err(ErrorKind::ConnectionAborted.into()),
                // The server's pings are answered by `read`.
                _ => {}
            }
        }
    }

    fn report(&mut self) -> io::Result<()> {
        match self.hear()? {
            Ok(text) => println!("{} hears {text:?}", self.name),
            Err(CloseFrame { code, reason }) => {
                println!(
                    "{} is shown the door: {} {:?}",
                    self.name,
                    u16::from(code),
                    reason.as_str()
                );
                // The server has the last word: it closes the connection.
                match self.socket.read() {
                    Err(Error::ConnectionClosed) => {}
                    other => println!("{} hears {other:?}", self.name),
                }
            }
        }
        Ok(())
    }

    /// Says its words, and gives everybody's.
    fn talk(&mut self) -> io::Result<Vec<String>> {
        for n in 0..WORDS {
            self.say(&format!("word {n}"))?;
        }
        let mut heard = Vec::new();
        while heard.len() < CROWD * WORDS {
            match self.hear()? {
                Ok(text) if text.starts_with('*') => {}
                Ok(text) => heard.push(text),
                Err(frame) => return Err(io::Error::other(frame.to_string())),
            }
        }
        Ok(heard)
    }

    fn until_closed(&mut self) -> io::Result<CloseFrame> {
        loop {
            if let Err(frame) = self.hear()? {
                self.socket.flush().map_err(as_io)?; // the Close in return
                return Ok(frame);
            }
        }
    }

    fn leave(mut self) -> io::Result<()> {
        let frame = CloseFrame {
            code: CloseCode::Normal,
            reason: "bye".into(),
        };
        self.socket.close(Some(frame)).map_err(as_io)?;
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => {
                    let code = frame.map(|frame| u16::from(frame.code));
                    println!("{} leaves, and the room says {code:?}", self.name);
                }
                Ok(_) => {}
                Err(Error::ConnectionClosed) => return Ok(()),
                Err(error) => return Err(as_io(error)),
            }
        }
    }
}

fn as_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

/// Joining, talking, pinging, leaving, and all ways to be shown the door.
fn conversation() -> io::Result<()> {
    let stage = Stage::open(Settings::default())?;
    let mut ann = Guest::join(&stage, "ann")?;
    ann.report()?;
    let mut bob = Guest::join(&stage, "bob")?;
    ann.report()?;
    bob.report()?;
    ann.say("hello, bob")?;
    ann.report()?;
    bob.report()?;

    // A ping has to come back with what was in it.
    bob.socket.send(Message::Ping("there?".into())).map_err(as_io)?;
    match bob.socket.read().map_err(as_io)? {
        Message::Pong(data) => println!(
            "bob pings, and the room says {:?}",
            String::from_utf8_lossy(&data)
        ),
        other => println!("bob pings, and the room says {other:?}"),
    }

    let mut copy = Guest::join(&stage, "bob")?;
    copy.name = "another bob".to_owned();
    copy.report()?;
    drop(copy);
    for (name, word) in [
        ("long", Message::text("x".repeat(MAX_MESSAGE + 1))),
        ("binary", Message::binary(vec![1, 2, 3])),
    ] {
        let mut guest = Guest::join(&stage, name)?;
        guest.report()?;
        guest.socket.send(word).map_err(as_io)?;
        guest.report()?;
        for other in [&mut ann, &mut bob] {
            other.report()?;
            other.report()?;
        }
    }
    println!("{}", refused(&stage, "a b")?);

    bob.leave()?;
    ann.report()?;
    (stage.close)();
    ann.report()?;
    drop(ann);
    stage.close();
    Ok(())
}

/// How a handshake is answered that asks for a name which cannot be.
fn refused(stage: &Stage, name: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(stage.address)?;
    stream.set_deadline(Instant::now() + PATIENCE);
    write!(
        stream,
        "GET /?name={} HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        name.replace(' ', "%20")
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

const CROWD: usize = 20;
const WORDS: usize = 10;

/// Many who talk at once: everybody hears everything, and in the same order.
fn crowd() -> io::Result<()> {
    let stage = Stage::open(Settings {
        queue: 2 * CROWD * WORDS, // nobody is too slow here
        ..Settings::default()
    })?;
    let mut guests = Vec::new();
    for n in 0..CROWD {
        let mut guest = Guest::join(&stage, &format!("guest{n}"))?;
        let _welcome = guest.hear()?; // from here on it hears everything
        guests.push(guest);
    }
    let (ready, all_ready) = gort::channel(0);
    let talking: Vec<_> = guests
        .into_iter()
        .map(|mut guest| {
            go!([ready] {
                let heard = guest.talk();
                chan!(ready <- ());
                drop(ready);
                // It stays, for its leaving would be news to those who still listen.
                let frame = guest.until_closed();
                heard.and_then(|heard| Ok((heard, frame?)))
            })
        })
        .collect();
    drop(ready);
    assert_eq!(all_ready.into_iter().count(), CROWD);
    stage.close();
    let mut heard = Vec::new();
    for guest in talking {
        let (words, frame) = guest.join().expect("no panic")?;
        assert_eq!(frame.code, CloseCode::Away);
        heard.push(words);
    }
    let mut words = heard[0].clone();
    println!(
        "{CROWD} guests who say {WORDS} words each all hear the same, in the same order: {}",
        heard.iter().all(|other| *other == words)
    );
    words.sort();
    words.dedup();
    println!("that is {} different words", words.len());
    Ok(())
}

/// One who does not listen is dropped, and the room goes on.
fn sleeper() -> io::Result<()> {
    let stage = Stage::open(Settings {
        queue: 8,
        ..Settings::default()
    })?;
    let mut ann = Guest::join(&stage, "ann")?;
    ann.report()?;
    let mut dan = Guest::join(&stage, "dan")?;
    ann.report()?;
    let long = "z".repeat(MAX_MESSAGE);
    loop {
        ann.say(&long)?;
        match ann.hear()? {
            Ok(text) if text.starts_with('*') => {
                println!("ann hears {text:?}");
                break;
            }
            Ok(_) => {}
            Err(frame) => return Err(io::Error::other(frame.to_string())),
        }
    }
    ann.leave()?;
    stage.close();
    while let Ok(Ok(_)) = dan.hear() {} // what was on its way already
    println!("dan has lost the room");
    Ok(())
}
