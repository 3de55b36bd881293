//! An echo service over TLS: `rustls` as it is, on a goroutine's socket.
//!
//! `rustls` asks of a socket that it is `Read + Write`. Its calls look as if they blocked; what
//! parks is the goroutine, and the deadlines of the socket beneath hold for the handshake as for
//! everything after it.
//!
//! Without arguments the program makes a certificate, serves itself, and plays all kinds of
//! clients. `tls_echo serve ADDRESS FILE` serves until SIGTERM or SIGINT and leaves its certificate
//! (DER) in FILE, for clients to trust. With a number after it, clients have so many milliseconds
//! for each thing.

mod clients;
mod server;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use gort::context;
use gort::net::TcpListener;
use gort::prelude::*;
use gort::signal::{self, Signal};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use server::{Limits, Server};

const USAGE: &str = "usage: tls_echo [serve ADDRESS FILE [MILLISECONDS]]";

#[gort::main]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => demo(),
        ["serve", address, file] => serve(address, Path::new(file), Limits::default()),
        ["serve", address, file, limit] => match limit.parse() {
            Ok(limit) => serve(
                address,
                Path::new(file),
                Limits::all(Duration::from_millis(limit)),
            ),
            Err(error) => Err(io::Error::other(format!("{limit}: {error}"))),
        },
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tls_echo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Who the server is, and how to recognise it.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn new() -> io::Result<Identity> {
        let made =
            rcgen::generate_simple_self_signed(vec![clients::NAME.to_owned()]).map_err(io::Error::other)?;
        Ok(Identity {
            certificate: made.cert.into(),
            key: made.signing_key.into(),
        })
    }

    /// For clients that trust this server and nobody else.
    fn trusted(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> io::Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(io::Error::other)?;
        Ok(ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(roots)
            .with_no_client_auth())
    }

    fn config(self) -> io::Result<ServerConfig> {
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)
            .map_err(io::Error::other)
    }
}

fn serve(address: &str, file: &Path, limits: Limits) -> io::Result<()> {
    let (ctx, stop_listening) = signal::notify_context(context::background(), &[Signal::INT, Signal::TERM]);
    let identity = Identity::new()?;
    gort::fs::write(file, &identity.certificate)?;
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let server = Server::new(identity.config()?, limits);
    let tally = server.run(&ctx, listener);
    stop_listening();
    println!("{tally}");
    Ok(())
}

fn demo() -> io::Result<()> {
    let identity = Identity::new()?;
    let newest = Arc::new(identity.trusted(&[&rustls::version::TLS13])?);
    let older = Arc::new(identity.trusted(&[&rustls::version::TLS12])?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = Server::new(identity.config()?, Limits::default());
    let (ctx, stop) = context::with_cancel(context::background());
    let serving = go!(move || server.run(&ctx, listener));

    let crowd: Vec<_> = (0..16)
        .map(|n| {
            let trust = Arc::clone(if n % 2 == 0 { &newest } else { &older });
            go!(clients::talk(address, trust, n))
        })
        .collect();
    let mut lines = 0;
    for client in crowd {
        lines += client.join().expect("no panic")?;
    }
    println!("16 clients at once, half of them with TLS 1.2: {lines} lines came back as they went");

    println!(
        "a megabyte in one piece came back: {}",
        clients::bulk(address, newest.clone())?
    );
    println!("who speaks plain text gets {}", clients::plain_text(address)?);
    println!("who trusts somebody else says: {}", clients::suspicious(address)?);
    clients::drops_in_the_handshake(address)?;
    clients::drops_in_a_session(address, newest.clone())?;
    // It has the server's answer, so its session has begun; now the server stops, and says so.
    let (stays, heard) = clients::stays(address, newest)?;
    stop();
    let tally = serving.join().expect("no panic");
    println!(
        "who is there when the server stops hears {heard:?}, then a clean end: {}",
        stays.join().expect("no panic")?
    );
    println!("{tally}");
    Ok(())
}
