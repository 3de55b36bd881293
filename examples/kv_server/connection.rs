//! A connection: one goroutine that reads requests, carries them out and writes the replies of all that came together at once.
//!
//! As soon as a client listens to channels it has two sources of what it is told; then a second goroutine writes, from a queue.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::net::TcpStream;
use gort::prelude::*;

use super::commands::{self, Topic};
use super::reply::Replies;
use super::request::Decoder;
use super::server::Server;

/// Replies are sent when there is no further request, or when there are so many bytes of them.
const ENOUGH: usize = 256 << 10;
/// Messages on their way to somebody who listens to channels.
const QUEUE: usize = 1024;
/// What is written together.
const BATCH: usize = 64;

/// What the server knows about a client.
pub(crate) struct Client {
    pub(crate) id: i64,
    pub(crate) name: Vec<u8>,
    pub(crate) stream: TcpStream,
    /// What it listens to.
    pub(crate) topics: BTreeSet<Topic>,
    writer: Option<Writer>,
    closing: bool,
}

struct Writer {
    queue: Sender<Arc<[u8]>>,
    goroutine: JoinHandle<()>,
}

impl Client {
    pub(crate) fn new(id: i64, stream: TcpStream) -> Client {
        Client {
            id,
            name: Vec::new(),
            stream,
            topics: BTreeSet::new(),
            writer: None,
            closing: false,
        }
    }

    pub(crate) fn listens(&self) -> bool {
        !self.topics.is_empty()
    }

    /// No more requests after this one.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    /// What is told to this client goes there from now on, after the replies so far.
    pub(crate) fn queue(&mut self, server: &Server, out: &mut Replies) -> Sender<Arc<[u8]>> {
        if self.writer.is_none() {
            let (queue, queued) = gort::channel(QUEUE);
            let (stream, limit) = (self.stream.clone(), server.settings.write);
            let goroutine = go!(move || write(&stream, limit, &queued));
            self.writer = Some(Writer { queue, goroutine });
        }
        let _ = self.flush(out); // if that fails, so will the next one
        self.writer.as_ref().expect("it was made").queue.clone()
    }

    /// Sends the replies so far.
    fn flush(&mut self, out: &mut Replies) -> io::Result<()> {
        if out.bytes.is_empty() {
            return Ok(());
        }
        let sent = match &self.writer {
            None => (&self.stream).write_all(&out.bytes),
            // A client that asks and asks waits for itself here.
            Some(writer) => writer
                .queue
                .send(Arc::from(out.bytes.as_slice()))
                .map_err(|_| io::ErrorKind::BrokenPipe.into()),
        };
        if out.bytes.capacity() > 4 * ENOUGH {
            out.bytes = Vec::new(); // one huge reply leaves no huge buffer behind
        }
        out.bytes.clear();
        sent
    }

    /// Everything on the connection, to its end. Gives the number of requests.
    pub(crate) fn serve(mut self, server: &Server) -> u64 {
        let (mut out, mut requests) = (Replies::default(), 0);
        // An error is one of the connection: there is nobody to tell.
        let _ = self.requests(server, &mut out, &mut requests);
        for topic in &self.topics {
            server.topics.forget(topic, self.id);
        }
        if let Some(writer) = self.writer.take() {
            drop(writer.queue); // it sends what is in it, and ends
            writer.goroutine.join().expect("no panic");
        }
        self.hang_up(server);
        requests
    }

    fn requests(&mut self, server: &Server, out: &mut Replies, requests: &mut u64) -> io::Result<()> {
        let mut decoder = Decoder::new(server.settings.limits);
        loop {
            server.may_read(&self.stream);
            let stream = &self.stream;
            if decoder.fill(|room| (&*stream).read(room))? == 0 {
                return Ok(());
            }
            let now = Instant::now();
            loop {
                match decoder.next() {
                    Ok(Some(request)) => commands::run(request, server, self, out, now),
                    Ok(None) => break,
                    Err(error) => {
                        out.error(error);
                        return self.flush(out);
                    }
                }
                *requests += 1;
                if self.closing {
                    return self.flush(out);
                }
                if out.bytes.len() > ENOUGH {
                    self.flush(out)?;
                }
            }
            self.flush(out)?;
        }
    }

    /// Ends the connection so that the client gets what was said last: closing it with anything unread would reset it, and a reset overtakes.
    fn hang_up(&self, server: &Server) {
        self.stream
            .set_deadline(Instant::now() + server.settings.farewell);
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            let mut rest = [0; 4 << 10];
            // At most 256 KiB: it is not for the client to say how long this takes.
            for _ in 0..64 {
                if !matches!((&self.stream).read(&mut rest), Ok(1..)) {
                    break;
                }
            }
        }
        let _ = self.stream.close();
    }
}

/// The second goroutine: writes what is in the queue, several at a time, until nothing will come any more.
fn write(stream: &TcpStream, limit: Duration, queued: &Receiver<Arc<[u8]>>) {
    let mut batch = Vec::new();
    for first in queued {
        batch.clear();
        batch.extend_from_slice(&first);
        for more in queued.try_iter().take(BATCH) {
            batch.extend_from_slice(&more);
        }
        stream.set_write_deadline(Instant::now() + limit);
        if (&*stream).write_all(&batch).is_err() {
            let _ = stream.close(); // the reader's turn to notice
            return;
        }
    }
}
