//! An asynchronous HTTP client inside of goroutines: `hyper` with its connection pool, on a runtime
//! of tokio's that is held aside, asks the example `http_server`, which it starts and stops itself.
//!
//! Every request is a task of tokio's, and the goroutine that wants the answer waits for it as for
//! a function: many at a time, with a timeout, or piece by piece as the body comes.

use std::io::{self, BufRead, BufReader};
use std::time::Duration;

use gort::future::{wait, wait_timeout};
use gort::prelude::*;
use gort::process::{Child, ChildStdout, Command, Stdio};
use gort::signal::Signal;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Handle;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What goroutines ask with. Clones share the pool of connections.
#[derive(Clone)]
struct Web {
    tokio: Handle,
    client: Client<HttpConnector, Full<Bytes>>,
    server: String,
}

impl Web {
    fn new(tokio: &Handle, server: &str) -> Web {
        Web {
            tokio: tokio.clone(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            server: server.to_owned(),
        }
    }

    fn request(&self, method: Method, target: &str, body: String) -> Result<Request<Full<Bytes>>, Failure> {
        let uri = format!("http://{}{target}", self.server);
        Ok(Request::builder().method(method).uri(uri).body(body.into())?)
    }

    /// Asks, and waits until the response begins.
    fn ask(&self, method: Method, target: &str, body: String) -> Result<Response<Incoming>, Failure> {
        let request = self.request(method, target, body)?;
        Ok(wait(self.tokio.spawn(self.client.request(request)))??)
    }

    /// Asks, and waits for everything.
    fn text(&self, method: Method, target: &str, body: String) -> Result<String, Failure> {
        let body = wait(self.ask(method, target, body)?.collect())?;
        Ok(String::from_utf8(body.to_bytes().into())?)
    }
}

#[gort::main]
fn main() -> Result<(), Failure> {
    let (server, mut said, address) = start()?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let web = Web::new(tokio.handle(), &address);

    many(&web)?;
    piece_by_piece(&web)?;
    statuses(&web)?;
    in_time(&web)?;

    drop(web);
    gort::blocking(|| drop(tokio)); // joins its threads
    stop(server, &mut said)
}

/// A hundred requests, ten at a time, on as many connections as the pool finds right.
fn many(web: &Web) -> Result<(), Failure> {
    let askers: Vec<_> = (0..10)
        .map(|asker| {
            go!([web] {
                let mut right = 0;
                for n in 0..10 {
                    let question = format!("question {n} of {asker}");
                    right += u32::from(web.text(Method::POST, "/echo", question.clone())? == question);
                }
                Ok::<_, Failure>(right)
            })
        })
        .collect();
    let mut right = 0;
    for asker in askers {
        right += asker.join().expect("no panic")?;
    }
    println!("{right} of 100 questions came back");
    Ok(())
}

/// A body in chunks, each of which is there before the next one is sent.
fn piece_by_piece(web: &Web) -> Result<(), Failure> {
    let mut body = web
        .ask(Method::GET, "/stream?n=5&bytes=1000", String::new())?
        .into_body();
    let mut sum = 0;
    while let Some(frame) = wait(body.frame()) {
        sum += frame?.data_ref().map_or(0, Bytes::len);
    }
    println!("a stream of 5 pieces had {sum} bytes");
    Ok(())
}

fn statuses(web: &Web) -> Result<(), Failure> {
    for (method, target) in [
        (Method::GET, "/"),
        (Method::GET, "/nothing"),
        (Method::DELETE, "/"),
    ] {
        let response = web.ask(method.clone(), target, String::new())?;
        println!("{method} {target}: {}", response.status());
    }
    Ok(())
}

/// A goroutine need not wait for ever for what tokio does.
fn in_time(web: &Web) -> Result<(), Failure> {
    let request = web.request(Method::GET, "/sleep?ms=1000", String::new())?;
    let mut asked = web.tokio.spawn(web.client.request(request));
    let late = wait_timeout(&mut asked, Duration::from_millis(20)).is_err();
    asked.abort();
    println!("a second was too long: {late}");
    Ok(())
}

/// The server, on a port of its own; what it says; its address.
fn start() -> Result<(Child, BufReader<ChildStdout>, String), Failure> {
    let program = std::env::current_exe()?.with_file_name("http_server");
    let mut server = Command::new(program).arg("0").stdout(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(server.stdout.take().ok_or("no pipe")?);
    let mut line = String::new();
    said.read_line(&mut line)?;
    let address = line
        .trim_end()
        .strip_prefix("listening on ")
        .ok_or("it does not listen")?;
    Ok((server, said, address.to_owned()))
}

fn stop(mut server: Child, said: &mut impl BufRead) -> Result<(), Failure> {
    server.process().signal(Signal::TERM.as_raw())?;
    for line in said.lines() {
        println!("the server: {}", line?);
    }
    match server.wait()? {
        status if status.success() => Ok(()),
        status => Err(io::Error::other(format!("the server ended with {status}")).into()),
    }
}
