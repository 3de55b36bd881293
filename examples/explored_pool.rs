//! A pool of connections that loses a wake-up, found by running it under many schedules: `gort::testing::explore`.
//!
//! The pool has one connection. Whoever finds none waits on a condition variable; to spare itself the notification, whoever
//! gives one back looks first whether anybody waits. The mistake is a small one, and no ordinary test shows it. Under
//! `explore` it is found in a few schedules, and printed as a table that one reads from top to bottom.

use std::sync::Arc;

use gort::prelude::*;
use gort::sync::atomic::{AtomicUsize, Ordering};
use gort::sync::{Cond, Mutex};
use gort::testing::{Options, Strategy, explore};

/// Stands for a connection.
struct Connection;

#[derive(Default)]
struct Pool {
    idle: Mutex<Vec<Connection>>,
    waiting: AtomicUsize,
    returned: Cond,
    /// Whether those who wait count themselves while they hold the lock.
    counted_under_lock: bool,
}

impl Pool {
    fn get(&self) -> Connection {
        let mut idle = self.idle.lock();
        loop {
            if let Some(connection) = idle.pop() {
                return connection;
            }
            if self.counted_under_lock {
                self.waiting.fetch_add(1, Ordering::SeqCst);
            } else {
                // The mistake: between here and the wait, a connection may come back, and nobody is told.
                drop(idle);
                self.waiting.fetch_add(1, Ordering::SeqCst);
                idle = self.idle.lock();
            }
            self.returned.wait(&mut idle);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn put(&self, connection: Connection) {
        self.idle.lock().push(connection);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.returned.notify_one();
        }
    }
}

/// Two goroutines share one connection.
fn two_users(counted_under_lock: bool) {
    let pool = Arc::new(Pool {
        counted_under_lock,
        ..Pool::default()
    });
    pool.put(Connection);
    let other = go!(name = "other"; [pool] {
        let connection = pool.get();
        pool.put(connection);
    });
    let connection = pool.get();
    pool.put(connection);
    other.join().unwrap();
}

fn main() {
    let report = explore(Options::default(), || two_users(false));
    println!("{report}\n");

    // Without the mistake: all schedules with up to three preemptions.
    let all = Options::default()
        .strategy(Strategy::Exhaustive { preemptions: 3 })
        .schedules(100_000);
    let report = explore(all, || two_users(true));
    println!("{report}");
    report.assert_passed();
}
