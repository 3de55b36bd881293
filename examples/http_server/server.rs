//! Accepting: a goroutine for each connection, a pause when descriptors run out, a word to those who are too many.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::context::Context;
use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;

use crate::args::Limits;
use crate::members::Members;
use crate::status::Status;
use crate::wire::Wire;
use crate::{connection, exchange, wire};

/// After a failed accept, the first pause and the longest, as in Go's `net/http`.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// So many of those who are turned away at a time are waited for until they have read why.
const HEARD_OUT: usize = 64;

/// Accepts until the listener is closed.
pub(crate) fn accept(listener: &TcpListener, members: &Arc<Members>, limits: &Arc<Limits>, ctx: &Context) {
    let heard_out = Arc::new(AtomicUsize::new(0));
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                pause = FIRST_PAUSE;
                match members.join(stream) {
                    Ok(member) => {
                        go!([limits] { connection::serve(&member, &limits) });
                    }
                    Err(stream) => turn_away(stream, limits, &heard_out),
                }
            }
            Err(_) if listener.is_closed() => return,
            // The client has gone before it was its turn.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // Descriptors or memory have run out, most likely. The connection stays in the listener's queue, and those that are
            // served go on; some of them will end.
            Err(error) => {
                say!(
                    io::stderr(),
                    "http_server: accept: {error}; trying again in {pause:?}"
                );
                select! {
                    <-ctx.done() => return,
                    <-gort::time::after(pause) => pause = (2 * pause).min(LONGEST_PAUSE),
                }
            }
        }
    }
}

/// The response fits into the socket's buffer: this does not wait.
fn turn_away(stream: TcpStream, limits: &Limits, heard_out: &Arc<AtomicUsize>) {
    let mut wire = Wire::new(&stream, limits);
    exchange::refuse(&mut wire, Status::Unavailable);
    if wire.flush().is_err() || heard_out.load(Ordering::Relaxed) >= HEARD_OUT {
        return;
    }
    heard_out.fetch_add(1, Ordering::Relaxed);
    go!([heard_out] {
        wire::linger(&stream);
        heard_out.fetch_sub(1, Ordering::Relaxed);
    });
}
