//! `kv_server`, as the `redis` crate sees it, and as those do who write bytes by hand.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use redis::{Commands, ErrorKind, ServerErrorKind};

use super::service::{Service, says_what_is_wrong};
use super::{PATIENCE, same_text};

pub(super) fn start(options: &[&str]) -> Service {
    Service::start("kv_server", &[&["serve", "127.0.0.1:0"], options].concat())
}

/// A client of the `redis` crate, on which no call waits for ever.
pub(super) fn client(address: SocketAddr) -> redis::Connection {
    let client = redis::Client::open(format!("redis://{address}/")).expect("an address");
    let connection = client.get_connection().expect("a connection");
    connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    connection
}

/// Sends everything, and reads to the end.
pub(super) fn exchange(service: &Service, bytes: &[u8]) -> String {
    let mut stream = service.connect();
    // The server may have had enough before all is sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    to_end(stream)
}

pub(super) fn to_end(mut stream: TcpStream) -> String {
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("an end, and no reset");
    String::from_utf8(reply).expect("UTF-8")
}

#[track_caller]
pub(super) fn replies(mut stream: &TcpStream, reply: &str) {
    let mut bytes = vec![0; reply.len()];
    stream.read_exact(&mut bytes).expect("a reply");
    assert_eq!(String::from_utf8_lossy(&bytes), reply);
}

#[test]
fn a_conversation() {
    same_text("kv_server");
}

/// What the crate's users do with it, some of it wrong.
fn use_everything(address: SocketAddr, me: usize) {
    let mut redis = client(address);
    let key = |name: &str| format!("{name}{me}");
    let text = "a\r\nb\0c".repeat(1000);
    let () = redis.set(key("text"), &text).expect("OK");
    assert_eq!(redis.get(key("text")), Ok(text));
    assert_eq!(redis.get::<_, Option<String>>(key("nothing")), Ok(None));
    assert_eq!(redis.incr(key("n"), 5), Ok(5));
    assert_eq!(redis.decr(key("n"), 7), Ok(-2));
    assert_eq!(redis.append(key("n"), "0"), Ok(3));
    assert_eq!(redis.get(key("n")), Ok(-20));
    assert_eq!(redis.rpush(key("list"), &["b", "c"]), Ok(2));
    assert_eq!(redis.lpush(key("list"), "a"), Ok(3));
    let range: Vec<String> = redis.lrange(key("list"), 0, -2).expect("a range");
    assert_eq!(range, ["a", "b"]);
    assert_eq!(redis.lpop::<_, String>(key("list"), None).expect("a value"), "a");
    assert_eq!(redis.sadd(key("set"), &["x", "y", "x"]), Ok(2));
    assert_eq!(redis.scard(key("set")), Ok(2));
    let () = redis.pset_ex(key("short"), "x", 1).expect("OK");
    let () = redis.set_ex(key("long"), "x", 1000).expect("OK");
    assert!((1..=1000).contains(&redis.ttl::<_, i64>(key("long")).expect("a time")));
    let () = redis
        .mset(&[(key("a"), 1), (key("b"), 2), (key("c"), 3)])
        .expect("OK");
    assert_eq!(
        redis.mget(&[key("a"), key("x"), key("c")]),
        Ok((Some(1), None::<i32>, Some(3)))
    );
    assert_eq!(redis.del(&[key("a"), key("b"), key("x")]), Ok(2));

    let error = redis.incr::<_, _, i64>(key("list"), 1).expect_err("a list");
    assert_eq!(error.code(), Some("WRONGTYPE"), "{error}");
    let error = redis.incr::<_, _, i64>(key("text"), 1).expect_err("no number");
    assert_eq!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ResponseError),
        "{error}"
    );
    let error = redis::cmd("NOSUCH")
        .exec(&mut redis)
        .expect_err("no such command");
    assert!(error.to_string().contains("unknown command 'NOSUCH'"), "{error}");

    let mut pipeline = redis::pipe();
    for n in 0..1000 {
        pipeline.cmd("SET").arg(format!("p{me}:{n}")).arg(n).ignore();
        pipeline.cmd("INCR").arg(format!("p{me}:{n}"));
    }
    let sums: Vec<i32> = pipeline.query(&mut redis).expect("a thousand replies");
    assert_eq!(sums, (1..=1000).collect::<Vec<_>>());
    let mut found: Vec<String> = redis
        .scan_match(format!("p{me}:*"))
        .expect("a scan")
        .collect::<Result<_, _>>()
        .expect("keys");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 1000);
}

#[test]
fn the_redis_crate_on_threads() {
    let service = start(&[]);
    let before = service.descriptors();
    let address = service.address;
    let users: Vec<_> = (0..4)
        .map(|me| thread::spawn(move || use_everything(address, me)))
        .collect();
    for user in users {
        user.join().expect("all is well");
    }
    service.expect_descriptors(before);
    assert!(service.stop().clean().starts_with("4 clients, "));
}

/// The crate knows nothing of goroutines: its calls block the worker, and others take over.
#[test]
fn the_redis_crate_on_goroutines() {
    let service = start(&[]);
    let address = service.address;
    gort::scope(|s| {
        for me in 0..8 {
            gort::go!(s => move || use_everything(address, me));
        }
    });
    let mut redis = client(address);
    let () = redis::cmd("FLUSHALL").query(&mut redis).expect("OK");
    assert_eq!(redis::cmd("DBSIZE").query(&mut redis), Ok(0));
    let _ = redis::cmd("SHUTDOWN").arg("NOSAVE").exec(&mut redis); // there is no reply
    drop(redis);
    assert!(service.outcome().clean().starts_with("9 clients, "));
}

#[test]
fn the_redis_crate_subscribes() {
    let service = start(&[]);
    let before = service.descriptors();
    let (mut one, mut two) = (client(service.address), client(service.address));
    let mut listener = one.as_pubsub();
    listener.subscribe(&["news", "weather"]).expect("OK");
    assert_eq!(two.publish("news", "first"), Ok(1));
    assert_eq!(two.publish("sports", "nobody hears"), Ok(0));
    assert_eq!(two.publish("weather", "rain"), Ok(1));
    for (channel, text) in [("news", "first"), ("weather", "rain")] {
        let message = listener.get_message().expect("a message");
        assert_eq!(message.get_channel_name(), channel);
        assert_eq!(message.get_payload::<String>().expect("text"), text);
    }
    listener.unsubscribe("news").expect("OK");
    assert_eq!(two.publish("news", "second"), Ok(0));
    listener.psubscribe("n[e-g]w*").expect("OK");
    assert_eq!(two.publish("newest", "third"), Ok(1));
    assert_eq!(two.publish("old", "nobody hears"), Ok(0));
    let message = listener.get_message().expect("a message");
    assert_eq!(message.get_pattern(), Ok("n[e-g]w*".to_owned()));
    assert_eq!(message.get_channel_name(), "newest");
    drop(listener); // unsubscribes from the rest, and the connection is as before
    assert_eq!(two.publish("weather", "sun"), Ok(0));
    let () = one.set("x", 1).expect("OK");
    assert_eq!(two.get("x"), Ok(1));
    drop((one, two));
    service.expect_descriptors(before);
    service.stop().clean();
}

const REQUESTS: &[u8] = b"PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n\r\n\n*0\r\n*-1\r\nget k\n\
    *2\r\n$4\r\nECHO\r\n$0\r\n\r\nECHO \"\\x41\\n'\" \r\n*1\r\n$4\r\nQUIT\r\n";
const REPLIES: &str = "+PONG\r\n+OK\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$3\r\nA\n'\r\n+OK\r\n";

#[test]
fn requests_cut_at_every_byte() {
    let service = start(&[]);
    assert_eq!(exchange(&service, REQUESTS), REPLIES);
    for cut in 1..REQUESTS.len() {
        let mut stream = service.connect();
        let (first, second) = REQUESTS.split_at(cut);
        stream.write_all(first).expect("sending");
        stream.write_all(second).expect("sending");
        assert_eq!(to_end(stream), REPLIES, "cut at {cut}");
    }
    let mut stream = service.connect();
    for byte in REQUESTS.chunks(1) {
        stream.write_all(byte).expect("sending");
    }
    assert_eq!(to_end(stream), REPLIES);
    // A pipeline that is much larger than any buffer, both ways.
    let mut stream = service.connect();
    let mut writing = stream.try_clone().expect("a clone");
    let sender = thread::spawn(move || {
        let request = [
            b"*2\r\n$4\r\nECHO\r\n$1000\r\n".as_slice(),
            &[b'x'; 1000],
            b"\r\n",
        ]
        .concat();
        for _ in 0..10_000 {
            writing.write_all(&request).expect("sending");
        }
        writing.shutdown(Shutdown::Write).expect("a shutdown");
    });
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("all replies");
    sender.join().expect("all is sent");
    let one = [b"$1000\r\n".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
    assert_eq!(reply.len(), 10_000 * one.len());
    assert!(reply.chunks(one.len()).all(|chunk| chunk == one));
    service.stop().clean();
}

/// What makes no sense is answered as Redis answers it, after the replies to what came before; then the connection ends.
#[test]
fn what_is_no_request() {
    let service = start(&["--max-bulk", "1000"]);
    let before = service.descriptors();
    let long = "1".repeat(70_000);
    let cases = [
        ("*abc\r\n", "invalid multibulk length"),
        ("*2000000\r\n", "invalid multibulk length"),
        ("*99999999999999999999\r\n", "invalid multibulk length"),
        ("*1\r\n!4\r\nPING\r\n", "expected '$', got '!'"),
        ("*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$', got '*'"),
        ("*1\r\n\r\n", "expected '$', got '\\r'"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$04\r\nPING\r\n", "invalid bulk length"),
        ("*1\r\n$1001\r\n", "invalid bulk length"),
        ("*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
        ("*1\r\n$3\r\nPING\r\n", "expected CRLF after bulk"),
        ("SET k \"v\r\n", "unbalanced quotes in request"),
        ("SET k 'v'w\r\n", "unbalanced quotes in request"),
        (&long, "too big inline request"),
        (&format!("*{long}"), "too big mbulk count string"),
        (&format!("*1\r\n${long}"), "too big bulk count string"),
    ];
    for (bytes, problem) in cases {
        let expected = format!("+PONG\r\n-ERR Protocol error: {problem}\r\n");
        assert_eq!(
            exchange(&service, format!("PING\r\n{bytes}").as_bytes()),
            expected
        );
        if bytes.len() < 100 {
            let mut stream = service.connect();
            for byte in b"PING\r\n".iter().chain(bytes.as_bytes()) {
                let _ = stream.write_all(&[*byte]);
            }
            assert_eq!(to_end(stream), expected);
        }
    }
    let most = format!("*2\r\n$4\r\nECHO\r\n$1000\r\n{}\r\n", "x".repeat(1000));
    assert!(exchange(&service, most.as_bytes()).starts_with("$1000\r\n"));
    service.expect_descriptors(before);
    service.stop().clean();
}

/// Requests that are well-formed and wrong: an error each, and the connection goes on.
#[test]
fn what_cannot_be_done() {
    let service = start(&[]);
    let cases = [
        ("GET", "ERR wrong number of arguments for 'get' command"),
        ("SET k v EX", "ERR syntax error"),
        ("SET k v EX 0", "ERR invalid expire time in 'set' command"),
        ("SET k v EX x", "ERR value is not an integer or out of range"),
        ("SET k v NX XX", "ERR syntax error"),
        ("MSET a", "ERR wrong number of arguments for 'mset' command"),
        ("MSET a 1 b", "ERR wrong number of arguments for 'mset' command"),
        ("INCRBY n 1.5", "ERR value is not an integer or out of range"),
        ("LPOP l -1", "ERR value is out of range, must be positive"),
        ("SCAN x", "ERR invalid cursor"),
        ("SELECT 1", "ERR DB index is out of range"),
        ("HELLO 3", "NOPROTO unsupported protocol version"),
        (
            "FOO a",
            "ERR unknown command 'FOO', with args beginning with: 'a' ",
        ),
        ("DECRBY n -9223372036854775808", "ERR decrement would overflow"),
    ];
    let stream = service.connect();
    for (request, error) in cases {
        write!(&stream, "{request}\r\n").expect("sending");
        replies(&stream, &format!("-{error}\r\n"));
    }
    write!(&stream, "SET n 9223372036854775807\r\nINCR n\r\nGET n\r\n").expect("sending");
    replies(
        &stream,
        "+OK\r\n-ERR increment or decrement would overflow\r\n$19\r\n9223372036854775807\r\n",
    );
    write!(&stream, "SUBSCRIBE c\r\nGET k\r\nUNSUBSCRIBE\r\nGET k\r\n").expect("sending");
    replies(
        &stream,
        "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n\
         -ERR Can't execute 'get': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are allowed in this context\r\n\
         *3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n$-1\r\n",
    );
    service.stop().clean();
}

#[test]
fn patterns_and_times() {
    let service = start(&[]);
    let mut redis = client(service.address);
    for key in ["one", "two", "three", "t*", "h[a]llo", "hello", "hallo"] {
        let () = redis.set(key, key).expect("OK");
    }
    for (pattern, expected) in [
        ("*", 7),
        ("t*", 3),
        ("t\\*", 1),
        ("?????", 3),
        ("h[ae]llo", 2),
        ("h[^e]llo", 1),
        ("h[a-f]llo", 2),
        ("h\\[a\\]llo", 1),
        ("*e*e*", 1),
        ("", 0),
        ("*a*a*a*a*a*a*a*a*a*a*b", 0),
    ] {
        let keys: Vec<String> = redis.keys(pattern).expect("keys");
        assert_eq!(keys.len(), expected, "{pattern}: {keys:?}");
    }
    assert_eq!(redis.ttl("none"), Ok(-2));
    assert_eq!(redis.ttl("one"), Ok(-1));
    assert_eq!(redis.expire("one", 100), Ok(true));
    assert!((1..=100_000).contains(&redis.pttl::<_, i64>("one").expect("a time")));
    assert_eq!(redis.persist("one"), Ok(true));
    assert_eq!(redis.persist("one"), Ok(false));
    assert_eq!(redis.pexpire("one", 1), Ok(true));
    assert_eq!(redis.expire("two", -1), Ok(true)); // over already
    assert_eq!(redis.exists("two"), Ok(false));
    while redis.exists("one").expect("a number") {
        thread::sleep(Duration::from_millis(1));
    }
    // An end is forgotten with the value that had it, and kept on request.
    let () = redis::cmd("SET")
        .arg("k")
        .arg(1)
        .arg("EX")
        .arg(100)
        .exec(&mut redis)
        .expect("OK");
    let () = redis::cmd("SET")
        .arg("k")
        .arg(2)
        .arg("KEEPTTL")
        .exec(&mut redis)
        .expect("OK");
    assert!((1..=100).contains(&redis.ttl::<_, i64>("k").expect("a time")));
    let () = redis.set("k", 3).expect("OK");
    assert_eq!(redis.ttl("k"), Ok(-1));
    drop(redis);
    service.stop().clean();
}

#[test]
fn says_how_it_is_called() {
    let wrong: &[(&[&str], &str)] = &[
        (&["serve"], "what should it do?"),
        (&["serve", "127.0.0.1:0", "--fast", "1"], "unknown option --fast"),
        (&["serve", "127.0.0.1:0", "--timeout"], "--timeout needs a number"),
        (
            &["serve", "127.0.0.1:0", "--max-clients", "many"],
            "--max-clients takes a number from 1 to 4294967295, not many",
        ),
    ];
    says_what_is_wrong("kv_server", wrong);
}
