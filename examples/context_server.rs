//! A server in memory whose requests can be given up, by their deadline, by the client and by the server (Go by Example,
//! "Context"; the Go blog, "Go Concurrency Patterns: Context").
//!
//! The Go idiom: the context is the first argument, values and deadline travel in it, and whoever waits selects over its
//! `Done` channel. `AfterFunc` ties a request to a second context, the server's.

use std::fmt;
use std::time::Duration;

use gort::context::{self, Context};
use gort::prelude::*;
use gort::sync::WaitGroup;
use gort::time::after;

const HOUR: Duration = Duration::from_secs(3600);

struct Request {
    ctx: Context,
    name: &'static str,
    takes: Duration,
    reply: Sender<String>,
}

/// The key of the user's name.
struct User;

impl context::Key for User {
    type Value = &'static str;
}

#[derive(Debug)]
struct Maintenance;

impl std::error::Error for Maintenance {}

impl fmt::Display for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("maintenance")
    }
}

#[gort::main]
fn main() {
    let (server_ctx, shutdown) = context::with_cancel_cause(context::background());
    let (requests, incoming) = gort::channel(0);
    let server = go!(serve(server_ctx.clone(), incoming));

    let client = context::with_value::<User>(context::background(), "ann");
    let (reply, replies) = gort::channel(0);
    let ask = |ctx: &Context, name, takes| {
        let (ctx, reply) = (ctx.clone(), reply.clone());
        chan!(requests <- Request { ctx, name, takes, reply });
    };
    let hear = || println!("{}", chan!(<-replies).expect("every request is answered"));

    ask(&client, "quick", Duration::from_millis(1));
    hear();

    let (slow, cancel_slow) = context::with_timeout(&client, Duration::from_millis(10));
    defer! { cancel_slow(); }
    ask(&slow, "slow", HOUR);
    hear();

    let (fickle, cancel) = context::with_cancel(&client);
    ask(&fickle, "fickle", HOUR);
    cancel();
    hear();

    ask(&client, "last", HOUR);
    shutdown.cancel(Maintenance);
    hear();
    println!("served: {}", server.join().expect("the server ends"));
    println!("because of: {}", context::cause(&server_ctx).expect("a cause"));
}

/// Until `ctx` is done; says how many requests there were.
fn serve(ctx: Context, requests: Receiver<Request>) -> u32 {
    let wg = WaitGroup::new();
    let mut served = 0;
    loop {
        select! {
            Some(request) = <-requests => {
                served += 1;
                go!(wg => [server = ctx.clone()] {
                    let Request { ctx, name, takes, reply } = request;
                    let (ctx, cancel) = context::with_cancel(ctx);
                    let stop = context::after_func(server, move || cancel.cancel());
                    defer! { stop(); }
                    chan!(reply <- format!("{name}: {}", handle(&ctx, takes)));
                });
            }
            <-ctx.done() => {
                wg.wait();
                return served;
            }
        }
    }
}

fn handle(ctx: &Context, takes: Duration) -> String {
    select! {
        <-after(takes) => format!("hello, {}", ctx.value::<User>().expect("a user")),
        <-ctx.done() => format!("stopped: {}", ctx.err().expect("why it is done")),
    }
}
