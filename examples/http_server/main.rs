//! An HTTP/1.1 server: the `httparse` crate on goroutine sockets, with everything that a server in the open needs.
//!
//! One goroutine per connection, written as if it were a thread: it reads, calls a handler, writes. Keep-alive, pipelining, bodies with a
//! length and in chunks, `Expect: 100-continue`; limits on all that a client can send, on how long it may take for it, and on how
//! many there are; a graceful stop on SIGTERM.
//!
//! Rooms: `args` (the command line), `server` (accepting), `members` (who is connected), `connection` (one of them), `wire` (its bytes),
//! `head`, `body` and `chunked` (requests), `exchange`, `status` and `date` (responses), `routes` (what there is to be had). The
//! last is what a program of your own would replace.

/// As `println!`, but if nobody reads that is no reason to panic.
macro_rules! say {
    ($to:expr, $($text:tt)+) => {
        // Nobody is left to tell that it fails.
        let _ = std::io::Write::write_fmt(&mut $to, format_args!("{}\n", format_args!($($text)+)));
    };
}

mod args;
mod body;
mod chunked;
mod connection;
mod date;
mod exchange;
mod head;
mod members;
mod routes;
mod server;
mod status;
mod wire;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Args, Command};
use gort::context;
use gort::net::TcpListener;
use gort::prelude::*;
use gort::signal::{self, Signal};
use members::Members;

#[gort::main]
fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve(args)) => args,
        Ok(Command::Help) => {
            print!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(mistake) => {
            eprint!("http_server: {mistake}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("http_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal comes.
fn run(args: Args) -> io::Result<()> {
    // Before anybody can know the address: a signal that comes early is not lost.
    let (ctx, stop) = signal::notify_context(context::background(), &[Signal::INT, Signal::TERM]);
    let listener = TcpListener::bind(args.address)?;
    say!(io::stdout(), "listening on {}", listener.local_addr()?);

    let members = Members::new(args.max_connections);
    let limits = Arc::new(args.limits);
    let accepting = go!([listener, members, ctx] { server::accept(&listener, &members, &limits, &ctx) });

    chan!(<-ctx.done());
    stop(); // a second signal ends the program at once
    say!(
        io::stdout(),
        "stopping: {}",
        context::cause(&ctx).expect("it is done")
    );
    listener.close()?;
    accepting.join().expect("accepting does not panic");
    members.end();
    if members.wait(args.grace) {
        say!(io::stdout(), "stopped");
    } else {
        say!(io::stdout(), "stopped: {} connections were cut", members.cut());
    }
    Ok(())
}
