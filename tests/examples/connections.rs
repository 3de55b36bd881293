//! The pool of `examples/pool`, by the tests of its Go original.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::context::{self, Context};
use gort::prelude::*;

#[path = "../../examples/pool/pool.rs"]
mod pool;
#[path = "../../examples/pool/resource.rs"]
mod resource;

use pool::Pool;
use resource::AcquireError;

/// A pool of numbers that begin with 1, and how many were destroyed.
fn numbers(size: usize) -> (Pool<usize>, Arc<AtomicUsize>) {
    let destroyed = Arc::new(AtomicUsize::new(0));
    let (made, count) = (AtomicUsize::new(0), destroyed.clone());
    let make = move |_: &Context| Ok(made.fetch_add(1, Ordering::SeqCst) + 1);
    let destroy = move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    };
    (Pool::new(size, make, destroy), destroyed)
}

/// A pool whose values are those that come out of the channel.
fn slow(size: usize) -> (Pool<usize>, Sender<usize>) {
    let (tx, rx) = gort::channel(0);
    let make = move |ctx: &Context| {
        select! {
            Some(value) = <-rx => Ok(value),
            <-ctx.done() => Err("the pool was closed".into()),
        }
    };
    (Pool::new(size, make, drop), tx)
}

fn ctx() -> Context {
    context::background()
}

fn soon() -> Context {
    context::with_timeout(ctx(), Duration::from_millis(10)).0
}

#[gort::test]
fn one_is_made_when_none_is_there_and_only_then() {
    let (pool, _) = numbers(10);
    assert_eq!(*pool.acquire(&ctx()).unwrap(), 1);
    assert_eq!(*pool.acquire(&ctx()).unwrap(), 1);
    let (first, second) = (pool.acquire(&ctx()).unwrap(), pool.acquire(&ctx()).unwrap());
    assert_eq!((*first, *second), (1, 2));
    let stat = pool.stat();
    assert_eq!(
        (stat.acquired, stat.idle, stat.acquires, stat.empty_acquires),
        (2, 0, 4, 2)
    );
}

#[gort::test]
fn there_are_never_more_than_its_size() {
    let (pool, _) = numbers(1);
    let first = pool.acquire(&ctx()).unwrap();
    let error = pool.acquire(&soon()).err().unwrap();
    assert!(matches!(
        error,
        AcquireError::Context(context::Error::DeadlineExceeded)
    ));
    assert!(matches!(
        pool.try_acquire(&ctx()),
        Err(AcquireError::NotAvailable)
    ));
    assert_eq!(pool.stat().canceled_acquires, 1);
    let waiter = go!([pool] { *pool.acquire(&ctx()).unwrap() });
    drop(first);
    assert_eq!(waiter.join().unwrap(), 1);
}

#[gort::test]
fn a_canceled_caller_gets_none_and_makes_none() {
    let (pool, _) = slow(1);
    let (canceled, cancel) = context::with_cancel(ctx());
    cancel();
    assert_eq!(
        pool.acquire(&canceled).err().unwrap().to_string(),
        "context canceled"
    );
    assert_eq!(pool.stat().constructing, 0);
}

#[gort::test]
fn what_is_being_made_is_not_lost_with_its_caller() {
    let (pool, make) = slow(1);
    let error = pool.acquire(&soon()).err().unwrap();
    assert_eq!(error.to_string(), "context deadline exceeded");
    chan!(make <- 7);
    assert_eq!(*pool.acquire(&ctx()).unwrap(), 7);
}

#[gort::test]
fn one_is_made_in_the_background() {
    let (pool, make) = slow(1);
    assert!(matches!(
        pool.try_acquire(&ctx()),
        Err(AcquireError::NotAvailable)
    ));
    assert_eq!(pool.stat().constructing, 1);
    chan!(make <- 3);
    assert_eq!(*pool.acquire(&ctx()).unwrap(), 3);
    assert_eq!(*pool.try_acquire(&ctx()).unwrap(), 3);
}

#[gort::test]
fn who_fails_to_make_one_leaves_room_for_another() {
    let tries = AtomicUsize::new(0);
    let make = move |_: &Context| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Err("no luck".into()),
        n => Ok(n),
    };
    let pool = Pool::new(1, make, drop);
    assert_eq!(pool.acquire(&ctx()).err().unwrap().to_string(), "no luck");
    assert_eq!(*pool.acquire(&ctx()).unwrap(), 1);
}

#[gort::test]
fn destroyed_and_hijacked_ones_leave_room_for_others() {
    let (pool, destroyed) = numbers(1);
    pool.acquire(&ctx()).unwrap().destroy();
    assert_eq!(pool.acquire(&ctx()).unwrap().hijack(), 2);
    assert_eq!(*pool.acquire(&ctx()).unwrap(), 3);
    pool.close();
    assert_eq!(destroyed.load(Ordering::SeqCst), 2);
}

#[gort::test]
fn a_reset_replaces_all() {
    let (pool, destroyed) = numbers(2);
    let (first, second) = (pool.acquire(&ctx()).unwrap(), pool.acquire(&ctx()).unwrap());
    drop(first);
    pool.reset();
    drop(second);
    let (first, second) = (pool.acquire(&ctx()).unwrap(), pool.acquire(&ctx()).unwrap());
    assert_eq!(*first + *second, 3 + 4);
    assert_eq!(destroyed.load(Ordering::SeqCst), 2);
}

#[gort::test]
fn closing_waits_for_all_and_refuses_the_rest() {
    let (pool, destroyed) = numbers(2);
    let (first, second) = (pool.acquire(&ctx()).unwrap(), pool.acquire(&ctx()).unwrap());
    drop(first);
    let closing = go!([pool] pool.close());
    while !matches!(pool.try_acquire(&ctx()), Err(AcquireError::Closed)) {
        gort::runtime::gosched();
    }
    let waiter = go!([pool] { pool.acquire(&ctx()).err().unwrap().to_string() });
    assert_eq!(waiter.join().unwrap(), "closed pool");
    drop(second);
    closing.join().unwrap();
    assert_eq!(destroyed.load(Ordering::SeqCst), 2);
}

#[gort::test]
fn closing_ends_what_is_being_made() {
    let (pool, _make) = slow(1);
    let waiter = go!([pool] { pool.acquire(&ctx()).err().unwrap().to_string() });
    while pool.stat().constructing == 0 {
        gort::runtime::gosched();
    }
    pool.close();
    assert_eq!(waiter.join().unwrap(), "the pool was closed");
}

#[gort::test]
fn many_use_it_at_once() {
    let (pool, destroyed) = numbers(3);
    let users = Arc::new(AtomicUsize::new(0));
    let all: Vec<_> = (0..20)
        .map(|n| {
            go!([pool, users] {
                for round in 0..50 {
                    let number = pool.acquire(&ctx()).unwrap();
                    assert!(users.fetch_add(1, Ordering::SeqCst) < 3);
                    gort::runtime::gosched();
                    users.fetch_sub(1, Ordering::SeqCst);
                    if (n + round) % 10 == 0 {
                        number.destroy();
                    }
                }
            })
        })
        .collect();
    all.into_iter().for_each(|user| user.join().unwrap());
    pool.close();
    assert_eq!((pool.stat().acquired, pool.stat().idle), (0, 0));
    assert!(destroyed.load(Ordering::SeqCst) >= 100);
}
