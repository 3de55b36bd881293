//! The server: who is let in, and how it stops.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gort::context::{self, CancelFunc, Context};
use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;
use gort::sync::{Semaphore, WaitGroup};

use super::commands::Topics;
use super::connection::Client;
use super::request::Limits;
use super::store::Store;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    /// Connections at a time.
    pub(crate) clients: usize,
    /// How long a client may say nothing. `None`: as long as it likes.
    pub(crate) timeout: Option<Duration>,
    /// How long one write may take.
    pub(crate) write: Duration,
    /// How long the end of a connection may take.
    pub(crate) farewell: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            limits: Limits::default(),
            clients: 10_000,
            timeout: None,
            write: Duration::from_secs(30),
            farewell: Duration::from_secs(3),
        }
    }
}

/// What all connections share.
pub(crate) struct Server {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) topics: Topics,
    pub(crate) started: Instant,
    ctx: Context,
    stop: CancelFunc,
    places: Semaphore,
    served: AtomicI64,
    requests: AtomicU64,
}

impl Server {
    pub(crate) fn new(parent: &Context, settings: Settings) -> Server {
        let (ctx, stop) = context::with_cancel(parent);
        Server {
            store: Store::new(),
            topics: Topics::default(),
            started: Instant::now(),
            ctx,
            stop,
            places: Semaphore::new(settings.clients),
            served: AtomicI64::new(0),
            requests: AtomicU64::new(0),
            settings,
        }
    }

    /// Has [`Server::run`] return.
    pub(crate) fn stop(&self) {
        (self.stop)();
    }

    pub(crate) fn connected(&self) -> usize {
        self.settings.clients - self.places.available()
    }

    /// For the read that follows.
    pub(crate) fn may_read(&self, stream: &TcpStream) {
        if let Some(timeout) = self.settings.timeout {
            stream.set_read_deadline(Instant::now() + timeout);
            // Asked afterwards: if it stops only now, `interrupt` comes after this.
            if self.ctx.err().is_some() {
                self.interrupt(stream);
            }
        }
    }

    /// The server stops: no more requests are read, and replies have to be sent soon.
    fn interrupt(&self, stream: &TcpStream) {
        let now = Instant::now();
        stream.set_read_deadline(now);
        stream.set_write_deadline(now + self.settings.farewell);
    }

    /// Serves until it is stopped, and every client has its replies. Gives what it has done, in words.
    pub(crate) fn run(self, listener: &TcpListener) -> String {
        let server = Arc::new(self);
        let close = {
            let listener = listener.clone();
            move || drop(listener.close())
        };
        let _close = context::after_func(&server.ctx, close);
        let clients = WaitGroup::new();
        let sweeper = go!([server] { server.store.sweep(&server.ctx.done()) });
        let mut nap = Duration::ZERO;
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => {
                    nap = Duration::ZERO;
                    let server = Arc::clone(&server);
                    clients.go(move || server.connection(stream));
                }
                // Mostly no descriptors: some come back when connections end. It waits longer and longer, as Go's servers do.
                Err(_) => {
                    nap = (2 * nap).clamp(Duration::from_millis(5), Duration::from_secs(1));
                    gort::time::sleep(nap);
                }
            }
        }
        clients.wait();
        sweeper.join().expect("no panic");
        format!(
            "{} clients, {} requests",
            server.served.load(Ordering::Relaxed),
            server.requests.load(Ordering::Relaxed)
        )
    }

    fn connection(self: &Arc<Server>, stream: TcpStream) {
        let Some(_place) = self.places.try_permit(1) else {
            stream.set_write_deadline(Instant::now() + self.settings.farewell);
            let _ = (&stream).write_all(b"-ERR max number of clients reached\r\n");
            return;
        };
        // Numbers that nothing depends on.
        let id = self.served.fetch_add(1, Ordering::Relaxed) + 1;
        let interrupt = {
            let (server, stream) = (Arc::clone(self), stream.clone());
            move || server.interrupt(&stream)
        };
        let not_stopping = context::after_func(&self.ctx, interrupt);
        defer! { not_stopping(); } // or the context would keep the socket
        if stream.set_write_timeout(Some(self.settings.write)).is_ok() {
            let requests = Client::new(id, stream).serve(self);
            self.requests.fetch_add(requests, Ordering::Relaxed);
        }
    }
}
