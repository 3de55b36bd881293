//! The commands: who does what, and how many arguments that takes.

mod channels;
mod keys;
mod lists;
mod server;
mod sets;
mod strings;

use std::time::{Duration, Instant};

pub(crate) use channels::{Topic, Topics};

use super::connection::Client;
use super::reply::{Failure, Replies};
use super::request::{Request, number};
use super::server::Server;
use super::store::Store;

/// A command that is being carried out.
pub(crate) struct Call<'a> {
    request: Request<'a>,
    server: &'a Server,
    client: &'a mut Client,
    out: &'a mut Replies,
    /// The same for all requests that came together.
    now: Instant,
}

/// If it fails, it has replied nothing yet.
type Done = Result<(), Failure>;

struct Command {
    /// In capitals.
    name: &'static str,
    /// Arguments with the name: exactly so many, or, if negative, at least so many.
    arity: isize,
    run: fn(&mut Call<'_>) -> Done,
}

/// In the order of their names, for they are looked up by halves.
const COMMANDS: &[Command] = &[
    command("APPEND", 3, strings::append),
    command("CLIENT", -2, server::client),
    command("COMMAND", -1, server::command),
    command("CONFIG", -2, server::config),
    command("DBSIZE", 1, keys::dbsize),
    command("DECR", 2, strings::decr),
    command("DECRBY", 3, strings::decrby),
    command("DEL", -2, keys::del),
    command("ECHO", 2, server::echo),
    command("EXISTS", -2, keys::exists),
    command("EXPIRE", 3, keys::expire),
    command("FLUSHALL", -1, keys::flushall),
    command("FLUSHDB", -1, keys::flushall),
    command("GET", 2, strings::get),
    command("HELLO", -1, server::hello),
    command("INCR", 2, strings::incr),
    command("INCRBY", 3, strings::incrby),
    command("INFO", -1, server::info),
    command("KEYS", 2, keys::keys),
    command("LLEN", 2, lists::llen),
    command("LPOP", -2, lists::lpop),
    command("LPUSH", -3, lists::lpush),
    command("LRANGE", 4, lists::lrange),
    command("MGET", -2, strings::mget),
    command("MSET", -3, strings::mset),
    command("PERSIST", 2, keys::persist),
    command("PEXPIRE", 3, keys::pexpire),
    command("PING", -1, server::ping),
    command("PSETEX", 4, strings::psetex),
    command("PSUBSCRIBE", -2, channels::psubscribe),
    command("PTTL", 2, keys::pttl),
    command("PUBLISH", 3, channels::publish),
    command("PUNSUBSCRIBE", -1, channels::punsubscribe),
    command("QUIT", -1, server::quit),
    command("RPOP", -2, lists::rpop),
    command("RPUSH", -3, lists::rpush),
    command("SADD", -3, sets::sadd),
    command("SCAN", -2, keys::scan),
    command("SCARD", 2, sets::scard),
    command("SELECT", 2, server::select),
    command("SET", -3, strings::set),
    command("SETEX", 4, strings::setex),
    command("SETNX", 3, strings::setnx),
    command("SHUTDOWN", -1, server::shutdown),
    command("SISMEMBER", 3, sets::sismember),
    command("SMEMBERS", 2, sets::smembers),
    command("SPOP", -2, sets::spop),
    command("SREM", -3, sets::srem),
    command("STRLEN", 2, strings::strlen),
    command("SUBSCRIBE", -2, channels::subscribe),
    command("TTL", 2, keys::ttl),
    command("TYPE", 2, keys::kind),
    command("UNLINK", -2, keys::del),
    command("UNSUBSCRIBE", -1, channels::unsubscribe),
];

const _: () = {
    let mut n = 1;
    while n < COMMANDS.len() {
        assert!(is_before(
            COMMANDS[n - 1].name.as_bytes(),
            COMMANDS[n].name.as_bytes()
        ));
        n += 1;
    }
};

const fn is_before(one: &[u8], other: &[u8]) -> bool {
    let mut n = 0;
    while n < one.len() && n < other.len() {
        if one[n] != other[n] {
            return one[n] < other[n];
        }
        n += 1;
    }
    one.len() < other.len()
}

const fn command(name: &'static str, arity: isize, run: fn(&mut Call<'_>) -> Done) -> Command {
    Command { name, arity, run }
}

/// What somebody may say who listens to channels.
const WHILE_LISTENING: &[&str] = &[
    "PING",
    "PSUBSCRIBE",
    "PUNSUBSCRIBE",
    "QUIT",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
];

fn find(name: &[u8]) -> Option<&'static Command> {
    let mut capitals = [0; 16];
    let capitals = capitals.get_mut(..name.len())?;
    capitals.copy_from_slice(name);
    capitals.make_ascii_uppercase();
    let found = COMMANDS.binary_search_by(|command| command.name.as_bytes().cmp(capitals));
    found.ok().map(|at| &COMMANDS[at])
}

/// Carries out a request, and writes the reply.
pub(crate) fn run(
    request: Request<'_>,
    server: &Server,
    client: &mut Client,
    out: &mut Replies,
    now: Instant,
) {
    let Some(command) = find(request.get(0)) else {
        let mut text = format!(
            "unknown command '{}', with args beginning with: ",
            shown(request.get(0))
        );
        for argument in request.from(1).take(20) {
            text.push_str(&format!("'{}' ", shown(argument)));
        }
        out.failure(&Failure::Other(format!("ERR {text}")));
        return;
    };
    let arguments = request.len() as isize;
    if arguments < command.arity.abs() || (command.arity > 0 && arguments > command.arity) {
        out.error(format_args!(
            "wrong number of arguments for '{}' command",
            command.name.to_lowercase()
        ));
        return;
    }
    if client.listens() && !WHILE_LISTENING.contains(&command.name) {
        out.error(format_args!(
            "Can't execute '{}': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are allowed in this context",
            command.name.to_lowercase()
        ));
        return;
    }
    let mut call = Call {
        request,
        server,
        client,
        out,
        now,
    };
    if let Err(failure) = (command.run)(&mut call) {
        out.failure(&failure);
    }
}

/// An argument in an error message: not all of a megabyte.
fn shown(argument: &[u8]) -> String {
    String::from_utf8_lossy(&argument[..argument.len().min(128)]).into_owned()
}

impl<'a> Call<'a> {
    fn arg(&self, n: usize) -> &'a [u8] {
        self.request.get(n)
    }

    fn key(&self) -> &'a [u8] {
        self.request.get(1)
    }

    fn store(&self) -> &'a Store {
        &self.server.store
    }

    fn integer(&self, n: usize) -> Result<i64, Failure> {
        number(self.arg(n)).ok_or(Failure::NotAnInteger)
    }

    /// The number that may follow the key of a command that takes something out.
    fn how_many(&self) -> Result<Option<usize>, Failure> {
        match self.request.len() {
            ..=2 => Ok(None),
            3 => usize::try_from(self.integer(2)?)
                .map(Some)
                .map_err(|_| Failure::Other("ERR value is out of range, must be positive".to_owned())),
            _ => Err(Failure::Syntax),
        }
    }

    /// The option that stands there, in capitals.
    fn option(&self, n: usize) -> Vec<u8> {
        self.arg(n).to_ascii_uppercase()
    }

    /// A moment so far from now.
    fn after(&self, time: i64, unit: Duration, command: &'static str) -> Result<Instant, Failure> {
        let wrong = Failure::Expire(command);
        let units = u32::try_from(time).ok().filter(|&units| units > 0);
        // Redis allows for some hundred million years; what is beyond this clock is as far as nobody will see.
        let time = match units {
            Some(units) => unit * units,
            None if time > 0 => unit * u32::MAX,
            None => return Err(wrong),
        };
        self.now.checked_add(time).ok_or(wrong)
    }
}

/// The time until `end` in milliseconds, rounded up: what is still there has some left.
fn left(end: Instant, now: Instant) -> i64 {
    let left = end.saturating_duration_since(now);
    i64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
