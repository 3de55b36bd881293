//! A key-value server that speaks Redis's protocol (RESP2): `redis-benchmark`, `redis-cli` and the libraries for Redis take it for one.
//!
//! The Go idiom: a goroutine per connection that reads, carries out and replies, in plain sequential code. Requests that come together
//! (pipelining) are answered with one write. The store is cut into shards, each behind a lock; a goroutine with a ticker
//! removes keys whose time is over. Who listens to channels gets a second goroutine that writes from a queue.
//!
//! Without arguments the program serves itself and shows a conversation. `kv_server serve ADDRESS` serves until SIGTERM, SIGINT
//! or SHUTDOWN.

mod commands;
mod connection;
mod demo;
mod reply;
mod request;
mod server;
mod store;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use gort::context;
use gort::net::TcpListener;
use gort::signal::{self, Signal};

use server::{Server, Settings};

const USAGE: &str = "usage: kv_server [serve ADDRESS [--max-clients N] [--max-bulk BYTES] [--timeout MS] [--write-timeout MS]]";

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
            eprintln!("kv_server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wrong(problem: &str) -> ExitCode {
    eprintln!("kv_server: {problem}\n{USAGE}");
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
        let time = Duration::from_millis(number.into());
        match option.as_str() {
            "--max-clients" => settings.clients = number as usize,
            "--max-bulk" => settings.limits.bulk = number.into(),
            "--timeout" => settings.timeout = Some(time),
            "--write-timeout" => settings.write = time,
            _ => return Err(format!("unknown option {option}")),
        }
    }
    Ok(settings)
}

fn serve(address: &str, settings: Settings) -> io::Result<()> {
    let (ctx, _stop_listening) = signal::notify_context(context::background(), &[Signal::INT, Signal::TERM]);
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    println!("{}", Server::new(&ctx, settings).run(&listener));
    Ok(())
}
