//! A pool of connections (after the Go package `github.com/jackc/puddle`, on which `pgxpool` stands).
//!
//! The Go idiom: a semaphore says how many may be out, a mutex guards the list of idle ones, and a connection is made in a goroutine of its
//! own, so that a caller whose context ends does not wait, and does not waste it. In Go that goroutine selects between handing it over
//! and the caller's context; here the send gives it back when nobody receives, and what is dropped is in the pool again.

mod pool;
mod resource;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::context::{self, Context};
use gort::prelude::*;

use pool::Pool;
use resource::AcquireError;

const MS: Duration = Duration::from_millis(1);

/// Stands for a connection.
struct Conn {
    number: usize,
    queries: usize,
}

/// Goroutines that use the pool at the same time, and how often.
const CLIENTS: usize = 20;
const QUERIES: usize = 50;

#[gort::main]
fn main() {
    let (made, destroyed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let dial = chan!(Result<(), &'static str>, 10);
    let (dialled, made_so_far, destroyed_so_far) = (dial.rx(), made.clone(), destroyed.clone());
    let pool = Pool::new(
        2,
        move |ctx: &Context| {
            select! {
                Some(answer) = <-dialled => answer?,
                <-ctx.done() => return Err("the pool was closed".into()),
            }
            let number = made_so_far.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(Conn { number, queries: 0 })
        },
        move |_| {
            destroyed_so_far.fetch_add(1, Ordering::Relaxed);
        },
    );
    let ctx = context::background();
    let short = || context::with_timeout(context::background(), 20 * MS).0;

    chan!(dial <- Err("connection refused"));
    println!("refused: {}", pool.acquire(&ctx).err().unwrap());

    chan!(dial <- Ok(()));
    chan!(dial <- Ok(()));
    let (first, second) = (pool.acquire(&ctx).unwrap(), pool.acquire(&ctx).unwrap());
    println!("have {} and {}", first.number, second.number);
    println!("a third: {}", pool.acquire(&short()).err().unwrap());

    let waiter = go!([pool, ctx] { pool.acquire(&ctx).unwrap().number });
    drop(first);
    println!("who waited has {}", waiter.join().unwrap());

    second.destroy();
    let third = pool.acquire(&ctx).unwrap();
    println!("2 is destroyed, and one more may be made: have {}", third.number);
    println!("nobody answers: {}", pool.acquire(&short()).err().unwrap());
    chan!(dial <- Ok(()));
    println!(
        "what nobody waited for is there now: {}",
        pool.acquire(&ctx).unwrap().number
    );

    let conn = third.hijack();
    println!(
        "{} is the caller's alone, and was never used: {}",
        conn.number,
        conn.queries == 0
    );
    chan!(dial <- Ok(()));

    let (using, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    gort::scope(|s| {
        for _ in 0..CLIENTS {
            go!(s => || {
                for _ in 0..QUERIES {
                    let mut conn = pool.acquire(&ctx).unwrap();
                    most.fetch_max(using.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    conn.queries += 1;
                    gort::runtime::gosched();
                    using.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    let [a, b] = [pool.acquire(&ctx).unwrap(), pool.acquire(&ctx).unwrap()];
    let never = most.into_inner() <= 2;
    println!(
        "{} queries, never more than 2 at once: {never}",
        a.queries + b.queries
    );

    drop((a, b));
    pool.reset();
    chan!(dial <- Ok(()));
    let last = pool.acquire(&ctx).unwrap();
    println!("after a reset: have {}", last.number);

    let closing = go!([pool] pool.close());
    while !matches!(pool.try_acquire(&ctx), Err(AcquireError::Closed)) {
        gort::runtime::gosched();
    }
    println!("closed, and still acquired: {}", pool.stat().acquired);
    drop(last);
    closing.join().unwrap();
    let count = |n: &AtomicUsize| n.load(Ordering::Relaxed);
    println!(
        "{} made, {} destroyed, 1 hijacked",
        count(&made),
        count(&destroyed)
    );
}
