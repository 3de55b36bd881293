//! The command line: where to listen, and what a client may ask of the server.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: http_server [OPTION...] [PORT]

Serves HTTP/1.1 on 127.0.0.1:PORT (8080; 0 is any free one) and prints `listening on ADDRESS`. SIGTERM or SIGINT ends it:
requests in progress are finished, idle connections closed.

  --host ADDRESS         where to listen (127.0.0.1)
  --max-connections N    open at a time; one more gets 503 (10000)
  --max-head BYTES       of a request line with all headers (16384)
  --max-target BYTES     of what is asked for (8192)
  --max-headers N        at most 128 (100)
  --max-body BYTES       (1048576)
  --head-timeout S       for a whole head, from its first byte (10)
  --body-timeout S       that a body may keep the server waiting, and 1 s more for every KiB that has come (10)
  --write-timeout S      the same for what the client reads (10)
  --idle-timeout S       between two requests (60)
  --grace S              that requests in progress get when the server is to end (10)
  --help                 this text

Seconds may have a fraction. Exit status: 0, or 1 if it cannot listen, or 2 for a wrong command line.
";

/// What one request may have: more than this is as good as an attack.
pub(crate) const MOST_HEADERS: usize = 128;

#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) address: SocketAddr,
    pub(crate) max_connections: usize,
    pub(crate) grace: Duration,
    pub(crate) limits: Limits,
}

/// What a connection may take.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) head: usize,
    pub(crate) target: usize,
    pub(crate) headers: usize,
    pub(crate) body: u64,
    pub(crate) head_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

pub(crate) enum Command {
    Serve(Args),
    Help,
}

impl Default for Args {
    fn default() -> Args {
        Args {
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 8080),
            max_connections: 10_000,
            grace: Duration::from_secs(10),
            limits: Limits {
                head: 16 << 10,
                target: 8 << 10,
                headers: 100,
                body: 1 << 20,
                head_timeout: Duration::from_secs(10),
                body_timeout: Duration::from_secs(10),
                write_timeout: Duration::from_secs(10),
                idle_timeout: Duration::from_secs(60),
            },
        }
    }
}

pub(crate) fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut args = Args::default();
    let mut port = None;
    while let Some(word) = words.next() {
        let word = text(word)?;
        if word == "--help" || word == "-h" {
            return Ok(Command::Help);
        }
        if !word.starts_with('-') {
            if port.is_some() {
                return Err(format!("one port only, but there is also {word}"));
            }
            port = Some(word.parse().map_err(|_| format!("{word} is no port"))?);
            continue;
        }
        let mut value = || text(words.next().ok_or(format!("{word} needs a value"))?);
        let limits = &mut args.limits;
        match &*word {
            "--host" => args.address.set_ip(address(&value()?)?),
            "--max-connections" => args.max_connections = number(&word, &value()?, 1..=1_000_000)?,
            "--max-head" => limits.head = number(&word, &value()?, 64..=1 << 20)?,
            "--max-target" => limits.target = number(&word, &value()?, 1..=1 << 20)?,
            "--max-headers" => limits.headers = number(&word, &value()?, 1..=MOST_HEADERS)?,
            "--max-body" => limits.body = number(&word, &value()?, 0..=1 << 40)? as u64,
            "--head-timeout" => limits.head_timeout = seconds(&word, &value()?)?,
            "--body-timeout" => limits.body_timeout = seconds(&word, &value()?)?,
            "--write-timeout" => limits.write_timeout = seconds(&word, &value()?)?,
            "--idle-timeout" => limits.idle_timeout = seconds(&word, &value()?)?,
            "--grace" => args.grace = seconds(&word, &value()?)?,
            _ => return Err(format!("unknown option {word}")),
        }
    }
    args.address.set_port(port.unwrap_or(args.address.port()));
    Ok(Command::Serve(args))
}

fn text(word: OsString) -> Result<String, String> {
    word.into_string()
        .map_err(|word| format!("{} is not UTF-8", word.display()))
}

fn address(value: &str) -> Result<IpAddr, String> {
    value.parse().map_err(|_| format!("{value} is no address"))
}

fn number(option: &str, value: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    value.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| {
        format!(
            "{option} takes a number from {} to {}, not {value}",
            range.start(),
            range.end()
        )
    })
}

fn seconds(option: &str, value: &str) -> Result<Duration, String> {
    value
        .parse()
        .ok()
        .filter(|s| (0.001..=86_400.0).contains(s))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{option} takes seconds, from 0.001 to 86400, not {value}"))
}
