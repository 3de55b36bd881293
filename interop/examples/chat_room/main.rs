//! A chat room over WebSocket: `tungstenite` as it is, on goroutines' sockets.
//!
//! The Go idiom: one goroutine, the hub, owns the members, and everything that happens is a message
//! to it. A client has two goroutines, one that reads its socket and one that writes to it. Nobody
//! waits for a client: what is on its way to one has a bounded queue, and whoever lets that fill up
//! is dropped.
//!
//! ```text
//!  socket -> reader --(entering, said, leaving)--> hub --(queue)--> writer -> socket
//!                \-----------------(pong, close)------------------/
//! ```
//!
//! Without arguments the program opens rooms and plays the guests. `chat_room serve ADDRESS` serves
//! until SIGTERM or SIGINT; then everybody gets a Close frame with 1001, "going away". Join as
//! `ws://ADDRESS/?name=NAME`.

mod demo;
mod hub;
mod server;
mod session;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use gort::context;
use gort::net::TcpListener;
use gort::prelude::*;
use gort::signal::{self, Signal};

use server::Settings;

const USAGE: &str =
    "usage: chat_room [serve ADDRESS [--ping MS] [--silence MS] [--queue MESSAGES] [--guests NUMBER]]";

#[gort::main]
fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let done = match (args.next().as_deref(), args.next()) {
        (None, _) => demo::run(),
        (Some("serve"), Some(address)) => match settings(args) {
            Ok(settings) => serve(&address, settings),
            Err(problem) => return wrong(&problem),
        },
        _ => return wrong("what should it do?"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat_room: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wrong(problem: &str) -> ExitCode {
    eprintln!("chat_room: {problem}\n{USAGE}");
    ExitCode::from(2)
}

fn settings(mut args: impl Iterator<Item = String>) -> Result<Settings, String> {
    let mut settings = Settings::default();
    while let Some(option) = args.next() {
        let value = args.next().ok_or(format!("{option} needs a number"))?;
        let number: u32 = value.parse().ok().filter(|&n| n > 0).ok_or(format!(
            "{option} takes a number from 1 to {}, not {value}",
            u32::MAX
        ))?;
        match option.as_str() {
            "--ping" => settings.ping = Duration::from_millis(number.into()),
            "--silence" => {
                settings.silence = Duration::from_millis(number.into());
                settings.handshake = settings.handshake.min(settings.silence);
            }
            "--queue" => settings.queue = number as usize,
            "--guests" => settings.guests = number as usize,
            _ => return Err(format!("unknown option {option}")),
        }
    }
    Ok(settings)
}

fn serve(address: &str, settings: Settings) -> io::Result<()> {
    let (ctx, stop_listening) = signal::notify_context(context::background(), &[Signal::INT, Signal::TERM]);
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let room = go!([ctx] server::run(ctx, listener, settings));
    chan!(<-ctx.done());
    stop_listening(); // a second signal ends the program at once
    println!("{}", room.join().expect("no panic"));
    Ok(())
}
