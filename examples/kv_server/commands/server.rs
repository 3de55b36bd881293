//! What is said about the connection and the server; as much as clients and `redis-benchmark` ask for.

use super::super::reply::Failure;
use super::super::request::number;
use super::{COMMANDS, Call, Done};

/// The version of the protocol's model.
const VERSION: &str = "7.0.0";

pub(super) fn ping(call: &mut Call<'_>) -> Done {
    match (call.request.len(), call.client.listens()) {
        (1, false) => call.out.simple("PONG"),
        (2, false) => call.out.bulk(call.arg(1)),
        // Who listens gets everything in the shape of a message.
        (length @ (1 | 2), true) => {
            call.out.array(2);
            call.out.bulk(b"pong");
            call.out.bulk(if length == 2 { call.arg(1) } else { b"" });
        }
        _ => {
            return Err(Failure::Other(
                "ERR wrong number of arguments for 'ping' command".to_owned(),
            ));
        }
    }
    Ok(())
}

pub(super) fn echo(call: &mut Call<'_>) -> Done {
    call.out.bulk(call.arg(1));
    Ok(())
}

pub(super) fn quit(call: &mut Call<'_>) -> Done {
    call.out.ok();
    call.client.close();
    Ok(())
}

pub(super) fn select(call: &mut Call<'_>) -> Done {
    match number(call.arg(1)) {
        Some(0) => call.out.ok(),
        Some(_) => return Err(Failure::Other("ERR DB index is out of range".to_owned())),
        None => return Err(Failure::NotAnInteger),
    }
    Ok(())
}

pub(super) fn hello(call: &mut Call<'_>) -> Done {
    if call.request.len() > 1 && call.arg(1) != b"2" {
        return Err(Failure::Other("NOPROTO unsupported protocol version".to_owned()));
    }
    if call.request.len() > 2 {
        return Err(Failure::Syntax);
    }
    call.out.array(14);
    for (name, value) in [
        ("server", Ok("redis")),
        ("version", Ok(VERSION)),
        ("proto", Err(2)),
        ("id", Err(call.client.id)),
        ("mode", Ok("standalone")),
        ("role", Ok("master")),
    ] {
        call.out.bulk(name.as_bytes());
        match value {
            Ok(text) => call.out.bulk(text.as_bytes()),
            Err(number) => call.out.integer(number),
        }
    }
    call.out.bulk(b"modules");
    call.out.array(0);
    Ok(())
}

pub(super) fn client(call: &mut Call<'_>) -> Done {
    match (&call.option(1)[..], call.request.len()) {
        (b"ID", 2) => call.out.integer(call.client.id),
        (b"GETNAME", 2) => match call.client.name.as_slice() {
            b"" => call.out.null(),
            name => call.out.bulk(name),
        },
        (b"SETNAME", 3) => {
            if !call.arg(2).iter().all(u8::is_ascii_graphic) {
                return Err(Failure::Other(
                    "ERR Client names cannot contain spaces, newlines or special characters.".to_owned(),
                ));
            }
            call.client.name = call.arg(2).to_vec();
            call.out.ok();
        }
        (b"SETINFO", 4) => call.out.ok(),
        _ => return Err(unknown(call, "CLIENT")),
    }
    Ok(())
}

fn unknown(call: &Call<'_>, command: &str) -> Failure {
    Failure::Other(format!(
        "ERR unknown subcommand or wrong number of arguments for '{}'. Try {command} HELP.",
        super::shown(call.arg(1))
    ))
}

pub(super) fn command(call: &mut Call<'_>) -> Done {
    if call.request.len() == 2 && call.option(1) == b"COUNT" {
        call.out.count(COMMANDS.len());
    } else {
        call.out.array(0);
    }
    Ok(())
}

/// What there is to configure is said on the command line.
pub(super) fn config(call: &mut Call<'_>) -> Done {
    match (&call.option(1)[..], call.request.len()) {
        (b"GET", 3..) => {
            let max_clients = call.server.settings.clients.to_string();
            let known = [("appendonly", "no"), ("maxclients", &max_clients), ("save", "")];
            let asked = call.request.from(2);
            let found: Vec<_> = known
                .iter()
                .filter(|(name, _)| {
                    asked
                        .clone()
                        .any(|pattern| super::keys::matches(pattern, name.as_bytes()))
                })
                .collect();
            call.out.array(2 * found.len());
            for (name, value) in found {
                call.out.bulk(name.as_bytes());
                call.out.bulk(value.as_bytes());
            }
        }
        (b"RESETSTAT", 2) => call.out.ok(),
        _ => return Err(unknown(call, "CONFIG")),
    }
    Ok(())
}

pub(super) fn info(call: &mut Call<'_>) -> Done {
    let server = call.server;
    let text = format!(
        "# Server\r\nredis_version:{VERSION}\r\nredis_mode:standalone\r\nprocess_id:{}\r\nuptime_in_seconds:{}\r\n\
         \r\n# Clients\r\nconnected_clients:{}\r\nmaxclients:{}\r\n\r\n# Keyspace\r\ndb0:keys={}\r\n",
        std::process::id(),
        server.started.elapsed().as_secs(),
        server.connected(),
        server.settings.clients,
        server.store.len(),
    );
    call.out.bulk(text.as_bytes());
    Ok(())
}

/// Stops the server, as SIGTERM does. There is nothing to save, and no reply.
pub(super) fn shutdown(call: &mut Call<'_>) -> Done {
    match call.request.len() {
        1 => {}
        2 if matches!(&call.option(1)[..], b"NOSAVE" | b"SAVE" | b"NOW" | b"FORCE") => {}
        _ => return Err(Failure::Syntax),
    }
    call.server.stop();
    call.client.close();
    Ok(())
}
