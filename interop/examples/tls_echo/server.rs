//! The server: a goroutine per client, each of which reports how its session ended.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::context::{self, Context};
use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long a client may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// From the connection to the end of the handshake.
    pub(crate) handshake: Duration,
    /// For what it says next, and for taking the answer.
    pub(crate) idle: Duration,
    /// For hanging up, once all has been said.
    pub(crate) farewell: Duration,
}

impl Limits {
    /// The same for everything.
    pub(crate) fn all(limit: Duration) -> Limits {
        Limits {
            handshake: limit,
            idle: limit,
            farewell: limit,
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            farewell: Duration::from_secs(5),
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With `close_notify` both ways; at the client's wish, or because the server stops.
    Clean,
    /// The handshake failed: no TLS, or none that both sides like.
    Refused,
    /// The connection ended without `close_notify`: what was received may not be all.
    CutOff,
    /// A deadline passed; or the server stopped before the session had begun.
    TooSlow,
}

/// How the sessions ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    clean: u32,
    refused: u32,
    cut_off: u32,
    too_slow: u32,
}

impl Tally {
    fn count(mut self, end: End) -> Tally {
        *match end {
            End::Clean => &mut self.clean,
            End::Refused => &mut self.refused,
            End::CutOff => &mut self.cut_off,
            End::TooSlow => &mut self.too_slow,
        } += 1;
        self
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            clean,
            refused,
            cut_off,
            too_slow,
        } = self;
        write!(
            f,
            "sessions: {clean} clean, {refused} refused, {cut_off} cut off, {too_slow} too slow"
        )
    }
}

pub(crate) struct Server {
    tls: Arc<ServerConfig>,
    limits: Limits,
}

impl Server {
    pub(crate) fn new(tls: ServerConfig, limits: Limits) -> Server {
        Server {
            tls: Arc::new(tls),
            limits,
        }
    }

    /// Serves until `ctx` is done; then takes leave of the clients, and tells how the sessions
    /// ended.
    pub(crate) fn run(self, ctx: &Context, listener: TcpListener) -> Tally {
        let server = Arc::new(self);
        let (report, reports) = gort::channel(0);
        let counting = go!({ reports.into_iter().fold(Tally::default(), Tally::count) });
        let close = {
            let listener = listener.clone();
            move || drop(listener.close())
        };
        let _close = context::after_func(ctx, close);
        let mut nap = Duration::ZERO;
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => {
                    nap = Duration::ZERO;
                    go!([ctx, server, report] {
                        let end = server.session(&ctx, stream);
                        chan!(report <- end);
                    });
                }
                // Mostly no descriptors: some come back when sessions end. It waits longer and
                // longer, as Go's servers do.
                Err(_) => {
                    nap = (2 * nap).clamp(Duration::from_millis(5), Duration::from_secs(1));
                    gort::time::sleep(nap);
                }
            }
        }
        drop(report); // the last session closes the channel
        counting.join().expect("counting does not panic")
    }

    fn session(&self, ctx: &Context, stream: TcpStream) -> End {
        let interrupt = {
            let (stream, farewell) = (stream.clone(), self.limits.farewell);
            move || interrupt(&stream, farewell)
        };
        let not_stopping = context::after_func(ctx, interrupt);
        let connection = ServerConnection::new(Arc::clone(&self.tls)).expect("a configuration that works");
        let mut tls = StreamOwned::new(connection, stream);
        self.allow(ctx, &tls.sock, self.limits.handshake);
        let end = match tls.conn.complete_io(&mut tls.sock) {
            Ok(_) => match self.echo(ctx, &mut tls) {
                Ok(()) => End::Clean,
                Err(error) => end_of(&error, End::CutOff),
            },
            Err(error) => end_of(&error, End::Refused),
        };
        not_stopping();
        self.hang_up(&tls.sock);
        end
    }

    /// How long the calls that follow may take; not long once `ctx` is done.
    fn allow(&self, ctx: &Context, stream: &TcpStream, limit: Duration) {
        stream.set_deadline(Instant::now() + limit);
        if ctx.err().is_some() {
            interrupt(stream, self.limits.farewell); // it may have come before, and have been undone just now
        }
    }

    /// Gives back what it gets, until `close_notify`, which it answers.
    fn echo(&self, ctx: &Context, tls: &mut StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
        let mut buffer = [0; 4 << 10];
        loop {
            self.allow(ctx, &tls.sock, self.limits.idle);
            match tls.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    tls.write_all(&buffer[..length])?;
                    tls.flush()?;
                }
                Err(error) if error.kind() == ErrorKind::TimedOut && ctx.err().is_some() => break,
                Err(error) => return Err(error),
            }
        }
        self.allow(ctx, &tls.sock, self.limits.farewell);
        tls.conn.send_close_notify();
        tls.flush()
    }

    /// Ends the connection so that the client gets what was said last. Closing it with anything
    /// unread would reset it, and a reset overtakes.
    fn hang_up(&self, mut stream: &TcpStream) {
        stream.set_deadline(Instant::now() + self.limits.farewell);
        if stream.shutdown(Shutdown::Write).is_ok() {
            let mut rest = [0; 4 << 10];
            // At most 256 KiB: it is not for the client to say how long this takes.
            for _ in 0..64 {
                if !matches!(stream.read(&mut rest), Ok(1..)) {
                    break;
                }
            }
        }
    }
}

/// The server stops: whoever waits for the client to say something waits no more, and what is being
/// said has to be said soon.
fn interrupt(stream: &TcpStream, farewell: Duration) {
    let now = Instant::now();
    stream.set_read_deadline(now);
    stream.set_write_deadline(now + farewell);
}

/// What an error says about the session.
fn end_of(error: &io::Error, otherwise: End) -> End {
    match error.kind() {
        ErrorKind::TimedOut => End::TooSlow,
        // What rustls does not accept is `InvalidData`.
        ErrorKind::InvalidData => otherwise,
        _ => End::CutOff,
    }
}
