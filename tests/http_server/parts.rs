//! The parts of the server that need no socket, cut in every way.

use std::time::Duration;

use crate::args::{Args, Limits};
use crate::chunked::{Decoder, Malformed};
use crate::head::{self, Framing, Head};
use crate::seed::{Rng, seed};
use crate::status::Status;
use crate::wire::Pace;

/// What decoding gave: the body, how many bytes it took, and whether it came to its end.
type Decoded = Result<(Vec<u8>, usize, bool), Malformed>;

/// Decodes a body that comes in pieces, into room of `room` bytes.
fn decode(pieces: &[&[u8]], room: usize) -> Decoded {
    let mut decoder = Decoder::new();
    let (mut out, mut used) = (Vec::new(), 0);
    let mut buffer = vec![0; room];
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && !decoder.is_done() {
            let (taken, given) = decoder.decode(rest, &mut buffer)?;
            assert!(taken > 0 || given > 0, "it gets on");
            out.extend_from_slice(&buffer[..given]);
            used += taken;
            rest = &rest[taken..];
        }
    }
    Ok((out, used, decoder.is_done()))
}

/// The same in pieces of `step` bytes.
fn decode_in_steps(coded: &[u8], step: usize, room: usize) -> Decoded {
    let pieces: Vec<&[u8]> = coded.chunks(step).collect();
    decode(&pieces, room)
}

const BODY: &[u8] = b"1\r\na\r\n00A;x=\"\r\"\r\n";

#[test]
fn chunks_cut_at_every_byte() {
    let coded = b"5\r\nhello\r\n007;name=value;flag;q=\"a\\\"\xff;\"\r\n, world\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n\
        0;last\r\nOne: 1\r\nTwo:\r\n\r\nGET / HTTP/1.1\r\n";
    let (plain, length) = (b"hello, worldabcdefghijklmnopqrstuvwxyz", coded.len() - 16);
    for room in [1, 2, 5, 7, 64] {
        for cut in 0..=coded.len() {
            let (a, b) = coded.split_at(cut);
            assert_eq!(
                decode(&[a, b], room),
                Ok((plain.to_vec(), length, true)),
                "cut at {cut}, room for {room}"
            );
        }
        for step in 1..coded.len() {
            assert_eq!(
                decode_in_steps(coded, step, room),
                Ok((plain.to_vec(), length, true))
            );
        }
    }
    for a in 0..length {
        for b in a..length {
            let pieces = [&coded[..a], &coded[a..b], &coded[b..]];
            assert_eq!(
                decode(&pieces, 64),
                Ok((plain.to_vec(), length, true)),
                "cut at {a} and {b}"
            );
        }
    }
    assert_eq!(decode(&[BODY], 64), Err(Malformed), "no CR in an extension");
}

/// Bodies made at random come out as they went in. Bodies that are changed at random are decoded or
/// refused, the same way wherever they are cut.
#[test]
fn chunks_made_and_broken_at_random() {
    let mut rng = Rng::new(seed());
    for _ in 0..2000 {
        let (mut plain, mut coded) = (Vec::new(), Vec::new());
        for _ in 0..rng.below(5) {
            let chunk: Vec<u8> = (0..1 + rng.below(40)).map(|_| rng.next() as u8).collect();
            let extension = ["", ";", ";a", ";a=\"b;\\\"\"", ";a=b;c"][rng.below(5)];
            let zeros = "0".repeat(rng.below(3));
            coded.extend(format!("{zeros}{:x}{extension}\r\n", chunk.len()).bytes());
            coded.extend(&chunk);
            coded.extend(b"\r\n");
            plain.extend(chunk);
        }
        coded.extend(b"0\r\n");
        for _ in 0..rng.below(3) {
            coded.extend(b"X-Trailer: value\r\n");
        }
        coded.extend(b"\r\n");
        let step = 1 + rng.below(30);
        let room = 1 + rng.below(30);
        assert_eq!(
            decode_in_steps(&coded, step, room),
            Ok((plain, coded.len(), true))
        );

        let at = rng.below(coded.len());
        coded[at] = rng.next() as u8;
        let whole = decode(&[&coded[..]], 64);
        assert_eq!(
            decode_in_steps(&coded, step, room),
            whole,
            "{}",
            coded.escape_ascii()
        );
    }
}

#[test]
fn extensions_and_trailers_have_a_limit() {
    let long = "x".repeat(10_000);
    for coded in [
        format!("1;{long}\r\na\r\n0\r\n\r\n"),
        format!("0\r\na: {long}\r\n\r\n"),
        format!("0\r\n{long}: a\r\n\r\n"),
    ] {
        assert_eq!(decode(&[coded.as_bytes()], 64), Err(Malformed));
    }
    // In all; but who sends data may say something about it.
    let many = |extension| format!("1;{extension}\r\na\r\n").repeat(10_000) + "0\r\n\r\n";
    assert!(decode(&[many("xx").as_bytes()], 64).is_err());
    assert!(decode(&[many("x").as_bytes()], 64).is_ok());
}

#[test]
fn a_head_ends_at_its_first_empty_line() {
    for text in [
        "GET / HTTP/1.1\r\nA: b\r\n\r\nrest\r\n\r\n",
        "GET / HTTP/1.1\nA: b\n\nrest\n\n",
        "A\r\n\nrest",
        "A\n\r\nrest",
    ] {
        let bytes = text.as_bytes();
        let end = text.find("rest");
        // However it grows, the end is found when it is there, and not before.
        for step in 1..=bytes.len() {
            let (mut seen, mut found) = (0, None);
            for upto in (0..bytes.len()).step_by(step).chain([bytes.len()]) {
                found = found.or(head::length(&bytes[..upto], &mut seen));
                assert_eq!(found.is_some(), Some(upto) >= end, "{text:?} at {upto}");
            }
            assert_eq!(found, end, "{text:?} in steps of {step}");
        }
    }
    assert_eq!(head::length(b"no end\r\nin sight\r\n\r", &mut 0), None);
    assert_eq!(head::blank(b"\r\n\n\r\n\rGET"), 5);
}

#[test]
fn heads_say_where_bodies_end() {
    let limits: Limits = Args::default().limits;
    let framing = |headers: &str| {
        let text = format!("POST /a?b=c&d=e HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        Head::parse(text.as_bytes(), &limits).map(|head| {
            assert_eq!(
                (head.path, head.query("b"), head.query("d"), head.query("a")),
                ("/a", Some("c"), Some("e"), None)
            );
            head.framing
        })
    };
    assert_eq!(framing(""), Ok(Framing::Length(0)));
    assert_eq!(framing("CONTENT-length: 007\r\n"), Ok(Framing::Length(7)));
    assert_eq!(
        framing("Content-Length: 18446744073709551615\r\n"),
        Ok(Framing::Length(u64::MAX))
    );
    assert_eq!(
        framing("Content-Length: 18446744073709551616\r\n"),
        Err(Status::BadRequest)
    );
    assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(
        framing("Transfer-Encoding: gzip, chunked\r\n"),
        Err(Status::NotImplemented)
    );
}

/// Whatever the bytes are, the answer is a head or a status.
#[test]
fn heads_broken_at_random() {
    let limits: Limits = Args::default().limits;
    let whole = b"POST http://host/path?a=b HTTP/1.1\r\nHost: host\r\nContent-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n";
    let mut rng = Rng::new(seed());
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut bytes = whole.to_vec();
        for _ in 0..1 + rng.below(3) {
            let at = rng.below(bytes.len());
            match rng.below(3) {
                0 => bytes[at] = rng.next() as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\r\n :/,\0a5"[rng.below(9)]),
            }
        }
        if let Some(length) = head::length(&bytes, &mut 0) {
            refused += u32::from(Head::parse(&bytes[..length], &limits).is_err());
        }
    }
    assert!(refused > 1000, "{refused}");
}

/// Silence and drips use up what there is to wait; a client that gets on can go on for ever.
#[test]
fn patience_has_to_be_earned() {
    let ms = Duration::from_millis;
    let mut silent = Pace::new(ms(300));
    assert_eq!(
        [100, 150, 60].map(|wait| silent.settle(ms(wait), 0)),
        [ms(200), ms(50), ms(0)]
    );
    let mut drip = Pace::new(ms(300));
    let drops = (1..).find(|_| drip.settle(ms(10), 1).is_zero());
    assert!(drops.is_some_and(|drops| (30..=40).contains(&drops)), "{drops:?}");
    let mut slow = Pace::new(ms(300));
    assert!(
        (0..1000).all(|_| !slow.settle(ms(290), 300).is_zero()),
        "290 s in all"
    );
    assert!(slow.settle(ms(0), 1 << 30) <= ms(300), "nothing is saved up");
    assert_eq!(slow.settle(ms(301), 0), ms(0));
}

#[test]
fn dates_are_dates() {
    for (second, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (4_102_444_800, "Fri, 01 Jan 2100 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ] {
        assert_eq!(crate::date::Text(second).to_string(), text);
    }
}
