//! What clients do: they echo, stall, reset, half-close, run out of time, are closed under their
//! readers, dial who does not answer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use gort::context;
use gort::net::{self, Closed, TcpStream, UdpSocket, UnixDatagram};
use gort::prelude::*;

use super::Activity;
use super::servers::{ECHO, LEAVE, RESET, STALL, World, is_reset, reset, tcp, unix};
use super::support::seed::Rng;

pub(crate) const ACTIVITIES: &[(&str, Activity)] = &[
    ("tcp echo", tcp_echo),
    ("tcp both ways at once", tcp_both_ways),
    ("tcp half-closed", tcp_half_closed),
    ("tcp deadline", tcp_deadline),
    ("tcp deadline moved", tcp_deadline_moved),
    ("tcp write deadline", tcp_write_deadline),
    ("tcp client resets", tcp_client_resets),
    ("tcp server resets", tcp_server_resets),
    ("tcp server stalls", tcp_server_stalls),
    ("tcp server leaves", tcp_server_leaves),
    ("tcp closed under a reader", tcp_closed_under_a_reader),
    ("dial timeout", dial_timeout),
    ("dial canceled", dial_canceled),
    ("dial refused", dial_refused),
    ("udp echo", udp_echo),
    ("udp nobody", udp_nobody),
    ("unix echo", unix_echo),
    ("unix client leaves", unix_client_leaves),
    ("unix datagrams", unix_datagrams),
];

type Outcome = Result<&'static str, String>;

/// An error that nobody asked for, with the step at which it came.
fn at<T>(step: &str, result: io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{step}: {error:?}"))
}

fn bytes(rng: &mut Rng, most: usize) -> Vec<u8> {
    let first = rng.next();
    (0..=rng.below(most) as u64).map(|i| (first ^ i) as u8).collect()
}

/// Some messages there and back.
fn talk<'a, S>(stream: &'a S, rng: &mut Rng) -> Result<(), String>
where
    &'a S: Read + Write,
{
    let mut stream = stream;
    for _ in 0..=rng.below(10) {
        let message = bytes(rng, 8_000);
        let mut back = vec![0; message.len()];
        at("write", stream.write_all(&message))?;
        at("read", stream.read_exact(&mut back))?;
        if back != message {
            return Err(String::from("other bytes came back"));
        }
    }
    Ok(())
}

/// Reads to the end, which has to come at once and without a byte.
fn nothing_more(mut stream: &TcpStream) -> Outcome {
    match at("read the end", stream.read(&mut [0; 8]))? {
        0 => Ok("came back whole"),
        more => Err(format!("{more} bytes after the end")),
    }
}

fn tcp_echo(world: &World, rng: &mut Rng) -> Outcome {
    let stream = at("connect", tcp(world, ECHO))?;
    talk(&stream, rng)?;
    at("shutdown", stream.shutdown(Shutdown::Write))?;
    nothing_more(&stream)
}

/// A writer and a reader of the same connection.
fn tcp_both_ways(world: &World, rng: &mut Rng) -> Outcome {
    let stream = at("connect", tcp(world, ECHO))?;
    let message = bytes(rng, 300_000);
    let (mut reader, mut writer) = stream.into_split();
    let sender = go!([message] {
        writer.write_all(&message)?;
        writer.shutdown(Shutdown::Write)
    });
    let mut back = Vec::new();
    let read = reader.read_to_end(&mut back);
    at("write", sender.join().map_err(|error| error.to_string())?)?;
    at("read", read)?;
    if back == message {
        Ok("came back whole")
    } else {
        Err(format!("{} bytes came back of {}", back.len(), message.len()))
    }
}

fn tcp_half_closed(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, ECHO))?;
    let message = bytes(rng, 60_000);
    at("write", stream.write_all(&message))?;
    at("shutdown", stream.shutdown(Shutdown::Write))?;
    match stream.write(b"x") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        other => return Err(format!("write after the shutdown: {other:?}")),
    }
    let mut back = Vec::new();
    at("read", stream.read_to_end(&mut back))?;
    if back == message {
        Ok("came back whole")
    } else {
        Err(format!("{} bytes came back of {}", back.len(), message.len()))
    }
}

fn tcp_deadline(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, ECHO))?;
    let limit = Duration::from_micros(rng.below(3_000) as u64);
    let start = Instant::now();
    stream.set_read_deadline(start + limit);
    match stream.read(&mut [0; 8]) {
        Err(error) if error.kind() == ErrorKind::TimedOut && start.elapsed() >= limit => {}
        other => return Err(format!("{other:?} after {:?} of {limit:?}", start.elapsed())),
    }
    stream.set_read_deadline(None);
    talk(&stream, rng)?;
    Ok("ran out of time, then echoed")
}

/// Another goroutine ends the read, by the deadline or (rarely) too early for it to matter.
fn tcp_deadline_moved(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, ECHO))?;
    let (other, pause) = (stream.clone(), Duration::from_micros(rng.below(500) as u64));
    let setter = go!(move || {
        gort::time::sleep(pause);
        other.set_deadline(Instant::now());
    });
    let read = stream.read(&mut [0; 8]);
    setter.join().map_err(|error| error.to_string())?;
    match read {
        Err(error) if error.kind() == ErrorKind::TimedOut => Ok("was ended by another goroutine"),
        other => Err(format!("{other:?}")),
    }
}

/// The server stalls, so the writer's time runs out.
fn tcp_write_deadline(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, STALL))?;
    stream.set_write_deadline(Instant::now() + Duration::from_micros(rng.below(8_000) as u64));
    loop {
        match stream.write(&[7; 100_000]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok("ran out of time"),
            Err(error) if is_reset(&error) => return Ok("the server was quicker"),
            Err(error) => return Err(format!("{error:?}")),
        }
    }
}

fn tcp_client_resets(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, ECHO))?;
    at("write", stream.write_all(&bytes(rng, 20_000)))?;
    if rng.below(2) == 0 {
        at("read", stream.read(&mut [0; 100]))?;
    }
    at("reset", reset(&stream))?;
    Ok("done")
}

fn tcp_server_resets(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, RESET))?;
    let message = bytes(rng, 2_000);
    match stream.write_all(&message).and_then(|()| stream.read(&mut [0; 8])) {
        Err(error) if is_reset(&error) => Ok("saw the reset"),
        other => Err(format!("{other:?}")),
    }
}

/// Its queue fills up, and then it goes away with all that in it.
fn tcp_server_stalls(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", tcp(world, STALL))?;
    let message = vec![7; 100_000 + rng.below(100_000)];
    loop {
        match stream.write(&message) {
            Ok(_) => {}
            Err(error) if is_reset(&error) => return Ok("saw the reset"),
            Err(error) => return Err(format!("{error:?}")),
        }
    }
}

fn tcp_server_leaves(world: &World, _rng: &mut Rng) -> Outcome {
    let stream = at("connect", tcp(world, LEAVE))?;
    nothing_more(&stream).map(|_| "read the end")
}

fn tcp_closed_under_a_reader(world: &World, rng: &mut Rng) -> Outcome {
    let stream = at("connect", tcp(world, ECHO))?;
    let readers: Vec<_> = (0..=rng.below(3))
        .map(|_| go!([stream] { (&stream).read(&mut [0; 8]) }))
        .collect();
    if rng.below(2) == 0 {
        gort::time::sleep(Duration::from_micros(rng.below(300) as u64));
    }
    at("close", stream.close())?;
    for reader in readers {
        match reader.join().map_err(|error| error.to_string())? {
            Err(error) if error.get_ref().is_some_and(|source| source.is::<Closed>()) => {}
            other => return Err(format!("{other:?}")),
        }
    }
    Ok("the readers were told")
}

fn dial_timeout(world: &World, rng: &mut Rng) -> Outcome {
    let limit = Duration::from_micros(rng.below(5_000) as u64);
    match net::dial_timeout(world.full, limit) {
        Err(error) if error.kind() == ErrorKind::TimedOut => Ok("ran out of time"),
        other => Err(format!("{other:?}")),
    }
}

fn dial_canceled(world: &World, rng: &mut Rng) -> Outcome {
    let (ctx, cancel) = context::with_cancel(context::background());
    let pause = Duration::from_micros(rng.below(2_000) as u64);
    let canceler = go!(move || {
        gort::time::sleep(pause);
        cancel();
    });
    let dialled = net::dial_ctx(&ctx, world.full);
    canceler.join().map_err(|error| error.to_string())?;
    match dialled {
        Err(error) if error.to_string() == "context canceled" => Ok("canceled"),
        other => Err(format!("{other:?}")),
    }
}

fn dial_refused(world: &World, _rng: &mut Rng) -> Outcome {
    match net::dial(world.nobody) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok("refused"),
        other => Err(format!("{other:?}")),
    }
}

/// One datagram in ten is not answered, and one may be lost.
fn udp_echo(world: &World, rng: &mut Rng) -> Outcome {
    let socket = at("bind", UdpSocket::bind("127.0.0.1:0"))?;
    at("connect", socket.connect(world.udp))?;
    for _ in 0..=rng.below(5) {
        let message = bytes(rng, 1_400);
        at("send", socket.send(&message))?;
        socket.set_read_deadline(Instant::now() + Duration::from_millis(200));
        let mut back = [0; 2048];
        match socket.recv(&mut back) {
            Ok(length) if back[..length] == message => {}
            Ok(_) => return Err(String::from("another datagram came back")),
            // What comes late would be taken for the next answer, so this is the end.
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok("no answer in time"),
            Err(error) => return Err(format!("{error:?}")),
        }
    }
    Ok("all came back")
}

/// The port of one who listens to somebody else.
fn udp_nobody(world: &World, _rng: &mut Rng) -> Outcome {
    let deaf = at("bind", UdpSocket::bind("127.0.0.1:0"))?;
    at("connect", deaf.connect(world.udp))?;
    let socket = at("bind", UdpSocket::bind("127.0.0.1:0"))?;
    at("connect", socket.connect(at("address", deaf.local_addr())?))?;
    at("send", socket.send(b"x"))?;
    match socket.recv(&mut [0]) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok("refused"),
        other => Err(format!("{other:?}")),
    }
}

fn unix_echo(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", unix(world, ECHO))?;
    talk(&stream, rng)?;
    at("shutdown", stream.shutdown(Shutdown::Write))?;
    match at("read the end", stream.read(&mut [0; 8]))? {
        0 => Ok("came back whole"),
        more => Err(format!("{more} bytes after the end")),
    }
}

/// Without reading the answer: the server's next call fails.
fn unix_client_leaves(world: &World, rng: &mut Rng) -> Outcome {
    let mut stream = at("connect", unix(world, ECHO))?;
    at("write", stream.write_all(&bytes(rng, 5_000)))?;
    Ok("left")
}

fn unix_datagrams(_world: &World, rng: &mut Rng) -> Outcome {
    let (near, far) = at("pair", UnixDatagram::pair())?;
    let count = rng.below(100) as u32;
    let sender = go!(move || (0..count).try_for_each(|i| near.send(&i.to_le_bytes()).map(|_| ())));
    let mut back = [0; 4];
    for i in 0..count {
        at("receive", far.recv(&mut back))?;
        if u32::from_le_bytes(back) != i {
            return Err(format!("{back:?} instead of {i}"));
        }
    }
    at("send", sender.join().map_err(|error| error.to_string())?)?;
    Ok("all arrived in order")
}
