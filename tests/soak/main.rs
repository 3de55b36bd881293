//! A soak: everything at once, with faults, for as long as one likes. Every outcome is counted
//! under a name; what has no name is a failure. At the end descriptors, goroutines and threads are
//! back to where they were.
//!
//! ```sh
//! cargo test --test soak                                                              # a second
//! GORT_STRESS_SECS=300 GOMAXPROCS=8 cargo test --release --test soak -- --nocapture   # by hand, with the table of outcomes
//! ```

mod ledger;
mod network;
mod others;
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::prelude::*;

use ledger::Ledger;
use servers::{Servers, World};
use support::child::Child;
use support::eventually;
use support::seed::{Rng, seed};
use support::stress::seconds;

/// Goroutines that each do one thing after the other.
const ACTORS: u64 = 40;
/// For what has to happen some day: helpers leave, stand-ins retire (that takes 5 s).
const PATIENCE: Duration = Duration::from_secs(60);

/// A thing to do: gives the name of what came of it, or says what should not have happened.
type Activity = fn(&World, &mut Rng) -> Result<&'static str, String>;

#[test]
fn everything_at_once() {
    let time = seconds(1.0);
    let out = Child::default()
        .env("GORT_SEED", seed())
        .timeout(Duration::from_secs_f64(3.0 * time + 300.0))
        .run(|| program(time))
        .expect_code(0);
    println!("{}", out.stdout.trim());
}

/// In the child: nobody else opens descriptors there.
fn program(seconds: f64) {
    let (time, seed) = (Duration::from_secs_f64(seconds), seed());
    let outcome = gort::runtime::Builder::new()
        .blocking_keep_alive(Duration::from_millis(100))
        .run(move || {
            // What the first of everything needs (the poller, stacks, caches of the C library) is
            // not a leak.
            soak(Duration::ZERO, 1, &Rng::new(seed));
            let descriptors = settled(None);
            let ledger = soak(time, ACTORS, &Rng::new(seed));
            settled(Some(descriptors));
            ledger
        });
    let ledger = outcome.expect("the runtime starts here");
    print!("{ledger}");
    assert_eq!(ledger.unexpected(), 0, "outcomes that nobody asked for");
}

/// Lets `actors` act until `time` has passed, each through everything at least once, and tells what
/// came of it.
fn soak(time: Duration, actors: u64, rng: &Rng) -> Arc<Ledger> {
    let ledger = Arc::new(Ledger::default());
    let servers = Servers::start(&ledger, rng);
    let end = Instant::now() + time;
    let actors: Vec<_> = (0..actors)
        .map(|number| {
            let (world, ledger, rng) = (servers.world(), Arc::clone(&ledger), rng.fork(number));
            go!(move || act(&world, &ledger, rng, end))
        })
        .collect();
    for actor in actors {
        actor.join().expect("an actor that does not panic");
    }
    servers.stop();
    ledger
}

fn act(world: &World, ledger: &Ledger, mut rng: Rng, end: Instant) {
    let mut deck: Vec<(&str, Activity)> = [network::ACTIVITIES, others::ACTIVITIES].concat();
    let mut first = true;
    while first || Instant::now() < end {
        rng.shuffle(&mut deck);
        for &(name, activity) in &deck {
            if !first && Instant::now() >= end {
                break;
            }
            ledger.note(name, activity(world, &mut rng));
        }
        first = false;
    }
}

/// Waits until nothing is left but this goroutine, the workers and what watches them. Gives the
/// number of descriptors, which has to become `expected`.
fn settled(expected: Option<usize>) -> usize {
    eventually("only the main goroutine is left", PATIENCE, || {
        gort::runtime::num_goroutine() == 1
    });
    eventually("helpers and stand-ins have left", PATIENCE, || {
        let threads = threads();
        // In this mode a goroutine may be bound to any thread, so those of stand-ins stay.
        let stay = std::env::var_os("GORT_MIGRATION").is_some_and(|mode| mode == "pinned");
        let more = |name: &String| match name.strip_prefix("gort-worker-") {
            Some(_) if stay => false,
            Some(index) => index
                .parse()
                .is_ok_and(|index: usize| index >= gort::runtime::max_procs()),
            None => name == "gort-helper",
        };
        !threads.iter().any(more)
    });
    let descriptors = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    if let Some(expected) = expected {
        let mut now = 0;
        let start = Instant::now();
        while now != expected {
            assert!(
                start.elapsed() < PATIENCE,
                "{now} descriptors, there were {expected}"
            );
            // The runtime itself opens a file at times.
            gort::time::sleep(Duration::from_millis(1));
            now = descriptors();
        }
    }
    println!("settled: {} descriptors, threads {:?}", descriptors(), threads());
    descriptors()
}

/// The names of all threads of this process.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the list of threads");
    let mut names: Vec<String> = tasks
        .flatten()
        // One that ends at this moment has no name any more.
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .map(|name| name.trim().to_string())
        .collect();
    names.sort();
    names
}
