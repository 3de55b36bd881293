//! A conversation with the server, as bytes go over the wire.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gort::context;
use gort::net::{TcpListener, TcpStream};
use gort::prelude::*;

use super::server::{Server, Settings};

/// No client waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(60);

const SCRIPT: &[&str] = &[
    "PING",
    "SET greeting \"hello, world\"",
    "GET greeting",
    "APPEND greeting !",
    "STRLEN greeting",
    "SET greeting again NX",
    "MSET a 1 b 2 c three",
    "MGET a b c d",
    "INCRBY a 41",
    "INCR c",
    "SET short x PX 1",
    "SET long x EX 100",
    "TTL long",
    "PERSIST long",
    "TTL long",
    "RPUSH list one two three",
    "LPUSH list zero",
    "LRANGE list 0 -1",
    "LPOP list",
    "RPOP list 5",
    "EXISTS a b list",
    "GET list",
    "SADD set x y x",
    "INCR set",
    "DEL a b c",
    "NOSUCH thing",
    "GET",
    "ECHO 'it''s'",
];

pub(crate) fn run() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (ctx, stop) = context::with_cancel(context::background());
    let server = go!(move || Server::new(&ctx, Settings::default()).run(&listener));

    for request in SCRIPT {
        let mut stream = connect(address)?;
        write!(stream, "{request}\r\nQUIT\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        // QUIT has the last word, unless the connection is closed before it.
        let reply = reply.strip_suffix("+OK\r\n").unwrap_or(&reply);
        println!("{request}\n  {}", reply.trim_end().replace("\r\n", " | "));
    }

    counting(address)?;
    publishing(address)?;
    expiring(address)?;
    stop();
    server.join().expect("no panic");
    println!("stopped");
    Ok(())
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_deadline(Instant::now() + PATIENCE);
    Ok(stream)
}

/// Reads a reply that is known.
fn expect(mut stream: &TcpStream, reply: &str) -> io::Result<()> {
    let mut bytes = vec![0; reply.len()];
    stream.read_exact(&mut bytes)?;
    if bytes == reply.as_bytes() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{:?} instead of {reply:?}",
        String::from_utf8_lossy(&bytes)
    )))
}

/// Many count together, each with all its requests in one packet.
fn counting(address: SocketAddr) -> io::Result<()> {
    let clients: Vec<_> = (0..50)
        .map(|_| {
            go!(move || -> io::Result<usize> {
                let mut stream = connect(address)?;
                stream.write_all(&b"INCR counter\r\n".repeat(100))?;
                stream.write_all(b"QUIT\r\n")?;
                let mut replies = String::new();
                stream.read_to_string(&mut replies)?;
                Ok(replies.lines().filter(|line| line.starts_with(':')).count())
            })
        })
        .collect();
    let mut replies = 0;
    for client in clients {
        replies += client.join().expect("no panic")?;
    }
    let stream = connect(address)?;
    (&stream).write_all(b"GET counter\r\n")?;
    expect(&stream, "$4\r\n5000\r\n")?;
    println!("50 clients count to 5000: {replies} replies");
    Ok(())
}

/// What is published is heard by those who listen.
fn publishing(address: SocketAddr) -> io::Result<()> {
    let listeners: Vec<_> = (0..3).map(|_| connect(address)).collect::<Result<_, _>>()?;
    for listener in &listeners {
        (&*listener).write_all(b"SUBSCRIBE news\r\n")?;
        expect(listener, "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")?;
    }
    let speaker = connect(address)?;
    for n in 0..3 {
        write!(&speaker, "PUBLISH news {n}\r\n")?;
        expect(&speaker, ":3\r\n")?;
    }
    for listener in &listeners {
        for n in 0..3 {
            expect(
                listener,
                &format!("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\n{n}\r\n"),
            )?;
        }
    }
    println!("3 listeners heard 3 messages");
    Ok(())
}

/// A key whose time is over is gone, also if nobody asks for it: the number of keys falls.
fn expiring(address: SocketAddr) -> io::Result<()> {
    let stream = connect(address)?;
    (&stream).write_all(b"FLUSHALL\r\nSET stays x\r\nSET goes x PX 1\r\n")?;
    expect(&stream, "+OK\r\n+OK\r\n+OK\r\n")?;
    let mut keys = [0; 4];
    while &keys != b":1\r\n" {
        gort::time::sleep(Duration::from_millis(5));
        (&stream).write_all(b"DBSIZE\r\n")?;
        (&stream).read_exact(&mut keys)?;
    }
    println!("of two keys one is left");
    Ok(())
}
