//! `go!(target => …)`: every target, in every form, however the target is reached.
#![deny(warnings)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gort::errgroup::{self, Group};
use gort::prelude::*;
use gort::sync::WaitGroup;
use gort::{SpawnOptions, Spawner};

#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn add(&self, n: usize) -> usize {
        self.0.fetch_add(n, Ordering::Relaxed)
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

struct Server {
    workers: WaitGroup,
    group: Arc<Group<String>>,
}

fn check(n: usize) -> Result<(), String> {
    if n < 10 { Ok(()) } else { Err(format!("{n} is too much")) }
}

fn by_reference(wg: &WaitGroup, count: &Counter) {
    go!(wg => [count] { count.add(1) });
}

/// A target of the program's own.
struct Crew(&'static str);

impl<F: FnOnce() -> T + Send + 'static, T: Send + 'static> Spawner<F> for Crew {
    type Handle = JoinHandle<T>;

    fn spawn_goroutine(&self, options: SpawnOptions, f: F) -> JoinHandle<T> {
        options.name(self.0).go(f)
    }
}

#[gort::main]
fn main() {
    let count = Counter::default();

    // A wait group: any form, any result, and the group stays where it is.
    let wg = WaitGroup::new();
    let () = go!(wg => count.clone().add(1));
    go!(wg => [count] { count.add(1); });
    go!(wg => [count, n = 1 + 1] move || count.add(n));
    go!(name = "named", stack = 1 << 18; wg => [count] { count.add(1) });
    go!(wg => name = "named"; [count] { count.add(1) });
    by_reference(&wg, &count);
    wg.wait();
    assert_eq!(count.get(), 7);

    // A field, and what is behind an `Arc`.
    let server = Server { workers: WaitGroup::new(), group: Arc::new(Group::new()) };
    go!(server.workers => [count] { count.add(1) });
    server.workers.wait();
    go!(server.group => check(1));
    // The error's type is known, so `?` works in a block.
    go!(server.group => [n = 2] {
        check(n)?;
        Ok(())
    });
    go!(server.group => || check(11));
    assert_eq!(server.group.wait(), Err(String::from("11 is too much")));

    // A group whose members borrow.
    let numbers = [1, 2, 30];
    let all = errgroup::scope(|g| {
        for n in &numbers {
            go!(g => check(*n));
        }
        go!(name = "last"; g => || {
            check(numbers.len())?;
            Ok(())
        });
    });
    assert_eq!(all, Err(String::from("30 is too much")));

    let crew = Crew("digger");
    let handle = go!(crew => check(3));
    assert_eq!(handle.name(), Some("digger"));
    assert_eq!(handle.join().unwrap(), Ok(()));
}
