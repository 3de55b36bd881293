//! What the server serves: the table, and the handlers.

use std::time::Duration;

use crate::body::Failure;
use crate::exchange::{Exchange, TEXT};
use crate::head::Method;
use crate::status::Status;

struct Route {
    path: &'static str,
    methods: &'static [Method],
    handler: fn(&mut Exchange<'_, '_>) -> Result<(), Failure>,
}

const GET: &[Method] = &[Method::Get, Method::Head];
const POST: &[Method] = &[Method::Post, Method::Put];

const ROUTES: &[Route] = &[
    Route {
        path: "/",
        methods: GET,
        handler: hello,
    },
    Route {
        path: "/echo",
        methods: POST,
        handler: echo,
    },
    Route {
        path: "/count",
        methods: POST,
        handler: count,
    },
    Route {
        path: "/stream",
        methods: GET,
        handler: stream,
    },
    Route {
        path: "/sleep",
        methods: GET,
        handler: sleep,
    },
    Route {
        path: "/panic",
        methods: GET,
        handler: panic,
    },
];

/// Responds to a request.
pub(crate) fn handle(exchange: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    let head = exchange.head;
    let Some(route) = ROUTES.iter().find(|route| route.path == head.path) else {
        let status = if head.path == "*" {
            Status::NoContent
        } else {
            Status::NotFound
        };
        return exchange.respond_status(status, "");
    };
    if route.methods.contains(&head.method) {
        return (route.handler)(exchange);
    }
    let allow = match route.methods {
        GET => "Allow: GET, HEAD, OPTIONS\r\n",
        _ => "Allow: POST, PUT, OPTIONS\r\n",
    };
    let status = if head.method == Method::Options {
        Status::NoContent
    } else {
        Status::MethodNotAllowed
    };
    exchange.respond_status(status, allow)
}

fn hello(exchange: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    exchange.respond(Status::Ok, TEXT, b"Hello, world!\n")
}

/// Gives back what it is given.
fn echo(exchange: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    let body = exchange.read_all()?;
    exchange.respond(Status::Ok, "application/octet-stream", &body)
}

/// Says how much it is given, and keeps nothing of it.
fn count(exchange: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    let mut part = [0; 8 << 10];
    let mut sum = 0;
    loop {
        match exchange.read(&mut part)? {
            0 => break,
            n => sum += n,
        }
    }
    exchange.respond(Status::Ok, TEXT, format!("{sum}\n").as_bytes())
}

/// `?n=PIECES&bytes=OF EACH`
fn stream(exchange: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    let pieces = number(exchange, "n", 3).min(1_000_000);
    let piece = vec![b'x'; number(exchange, "bytes", 8).min(1 << 20) as usize];
    let mut stream = exchange.stream(TEXT)?;
    for _ in 0..pieces {
        stream.send(&piece)?;
    }
    stream.finish()
}

/// `?ms=MILLISECONDS`
fn sleep(exchange: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    let ms = number(exchange, "ms", 100).min(60_000);
    exchange.flush()?;
    gort::time::sleep(Duration::from_millis(ms));
    exchange.respond(Status::Ok, TEXT, format!("slept {ms} ms\n").as_bytes())
}

/// What a handler with a mistake does to the others: nothing.
fn panic(_: &mut Exchange<'_, '_>) -> Result<(), Failure> {
    panic!("a handler that panics")
}

fn number(exchange: &Exchange<'_, '_>, name: &str, default: u64) -> u64 {
    exchange
        .head
        .query(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}
