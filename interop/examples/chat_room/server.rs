//! The house around the room: who is let in, and how it closes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::context::{self, Context};
use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use gort::sync::{OnceCell, Semaphore};

use super::hub::{self, Door, Tally};
use super::session::{self, Line};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long a handshake may take.
    pub(crate) handshake: Duration,
    /// Between two pings.
    pub(crate) ping: Duration,
    /// How long a client may say nothing, not even that it is there.
    pub(crate) silence: Duration,
    /// How long one write may take.
    pub(crate) write: Duration,
    /// How long the end of a connection may take.
    pub(crate) farewell: Duration,
    /// Messages on their way to a client.
    pub(crate) queue: usize,
    /// Connections at a time.
    pub(crate) guests: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            handshake: Duration::from_secs(5),
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(50),
            write: Duration::from_secs(10),
            farewell: Duration::from_secs(3),
            queue: 64,
            guests: 10_000,
        }
    }
}

/// What all sessions share.
pub(crate) struct House {
    pub(crate) settings: Settings,
    ctx: Context,
    closes_at: OnceCell<Instant>,
    places: Semaphore,
}

impl House {
    /// Once it closes: when everything has to be over.
    pub(crate) fn closes_at(&self) -> Option<Instant> {
        self.ctx.err()?;
        Some(
            *self
                .closes_at
                .get_or_init(|| Instant::now() + self.settings.farewell),
        )
    }

    /// What waits on a connection when the house closes waits no longer than that.
    fn interrupt(&self, stream: &TcpStream) {
        stream.set_deadline(self.closes_at());
    }
}

/// Serves until `ctx` is done, takes leave of everybody, and tells what became of them.
pub(crate) fn run(ctx: Context, listener: TcpListener, settings: Settings) -> Tally {
    let (door, hub) = hub::start(&ctx);
    let close = {
        let listener = listener.clone();
        move || drop(listener.close())
    };
    let _close = context::after_func(&ctx, close);
    let house = House {
        places: Semaphore::new(settings.guests),
        settings,
        ctx,
        closes_at: OnceCell::new(),
    };
    let house = Arc::new(house);
    let mut nap = Duration::ZERO;
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => {
                nap = Duration::ZERO;
                go!([house, door] { connection(&house, &door, stream) });
            }
            // Mostly for want of descriptors: some come back when sessions end. It waits longer and
            // longer, as Go's servers do.
            Err(_) => {
                nap = (2 * nap).clamp(Duration::from_millis(5), Duration::from_secs(1));
                gort::time::sleep(nap);
            }
        }
    }
    drop(door); // the hub ends with the last session
    hub.join().expect("no panic")
}

fn connection(house: &Arc<House>, door: &Door, stream: TcpStream) {
    let interrupt = {
        let (house, stream) = (Arc::clone(house), stream.clone());
        move || house.interrupt(&stream)
    };
    let not_closing = context::after_func(&house.ctx, interrupt);
    defer! { not_closing(); } // or the context would keep the socket
    let line = Line { stream, house };
    match house.places.try_permit(1) {
        Some(_place) => session::run(&line, door),
        None => line.answer("503 Service Unavailable"),
    }
    line.hang_up();
    let _ = line.stream.close();
}
