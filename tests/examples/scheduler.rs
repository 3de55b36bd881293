//! The scheduler of `examples/cron`, by the tests of its Go original.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::time::{after, sleep};

#[path = "../../examples/cron/chain.rs"]
mod chain;
#[path = "../../examples/cron/cron.rs"]
mod cron;

use chain::{Wrapper, delay_if_still_running, recover, skip_if_still_running};
use cron::{Cron, Every, Job, Schedule};

const SOON: Duration = Duration::from_millis(10);
/// So long nothing happens where nothing may. A slow machine makes these tests miss a mistake, and not fail.
const QUIET: Duration = Duration::from_millis(100);

/// A schedule that is due once, and one that never is.
struct Once(Duration, AtomicU32);
struct Never;

impl Schedule for Once {
    fn next(&self, now: Instant) -> Option<Instant> {
        (self.1.fetch_add(1, Ordering::Relaxed) == 0).then(|| now + self.0)
    }
}

impl Schedule for Never {
    fn next(&self, _: Instant) -> Option<Instant> {
        None
    }
}

/// Every run of the job is received.
fn job() -> (impl Job, Receiver<()>) {
    let (tx, rx) = gort::channel(1000);
    (move || chan!(tx <- ()), rx)
}

#[track_caller]
fn stays_quiet(runs: &Receiver<()>) {
    select! {
        Some(()) = <-runs => panic!("it ran"), // without its job the channel is closed
        <-after(QUIET) => {}
    }
}

#[gort::test]
fn no_entries() {
    let cron = Cron::new(Vec::new());
    cron.start();
    chan!(<-cron.stop().done());
    assert!(cron.entries().is_empty());
}

#[gort::test]
fn stop_without_start() {
    chan!(<-Cron::new(Vec::new()).stop().done());
}

#[gort::test]
fn a_stopped_one_runs_no_jobs_until_it_is_started_again() {
    let (job, runs) = job();
    let cron = Cron::new(Vec::new());
    cron.start();
    cron.stop();
    cron.schedule(Every(SOON), job);
    stays_quiet(&runs);
    cron.start();
    chan!(<-runs);
}

#[gort::test]
fn jobs_are_added_before_and_while_it_runs() {
    let ((before, runs_before), (during, runs_during)) = (job(), job());
    let cron = Cron::new(Vec::new());
    cron.schedule(Every(SOON), before);
    cron.start();
    cron.schedule(Every(SOON), during);
    chan!(<-runs_before);
    chan!(<-runs_during);
}

#[gort::test]
fn jobs_are_removed_before_and_while_it_runs() {
    let ((before, runs_before), (during, runs_during)) = (job(), job());
    let cron = Cron::new(Vec::new());
    let before = cron.schedule(Every(SOON), before);
    let during = cron.schedule(Every(Duration::from_secs(3600)), during);
    cron.remove(before);
    cron.start();
    cron.remove(during);
    stays_quiet(&runs_before);
    stays_quiet(&runs_during);
    assert!(cron.entries().is_empty());
}

#[gort::test]
fn entries_are_sorted_and_looking_at_them_does_not_put_the_next_off() {
    let (job, runs) = job();
    let cron = Cron::new(Vec::new());
    let never = cron.schedule(Never, || panic!("a job without a time ran"));
    let late = cron.schedule(Every(Duration::from_secs(3600)), || ());
    let soon = cron.schedule(Every(QUIET), job);
    cron.start();
    let mut looks = 0;
    // A look that began a new wait would put it off for ever.
    while runs.is_empty() {
        let entries = cron.entries();
        assert_eq!(
            entries.iter().map(|entry| entry.id).collect::<Vec<_>>(),
            [soon, late, never]
        );
        assert_eq!(entries[2].next, None);
        assert!(entries.is_sorted_by_key(|entry| (entry.next.is_none(), entry.next)));
        looks += 1;
        sleep(Duration::from_millis(1));
    }
    assert!(looks > 0);
}

#[gort::test]
fn starting_twice_is_starting_once() {
    let (job, runs) = job();
    let cron = Cron::new(Vec::new());
    cron.schedule(Once(SOON, AtomicU32::new(0)), job);
    cron.start();
    cron.start();
    chan!(<-runs);
    stays_quiet(&runs);
}

#[gort::test]
fn the_context_of_a_stop_waits_for_the_jobs() {
    let (begun, finish) = (chan!(()), chan!(()));
    let (begins, finishes) = (begun.tx(), finish.rx());
    let cron = Cron::new(Vec::new());
    cron.schedule(Once(SOON, AtomicU32::new(0)), move || {
        chan!(begins <- ());
        chan!(<-finishes);
    });
    cron.start();
    chan!(<-begun);
    let (first, second) = (cron.stop(), cron.stop());
    assert_eq!((first.err(), second.err()), (None, None));
    finish.close();
    chan!(<-first.done());
    chan!(<-second.done());
}

#[gort::test]
fn a_chain_begins_with_its_first() {
    let calls = chan!(&str, 10);
    let says = |what: &'static str| -> Wrapper {
        let calls = calls.tx();
        Box::new(move |job| {
            let calls = calls.clone();
            Arc::new(move || {
                chan!(calls <- what);
                job.run();
            })
        })
    };
    let cron = Cron::new(vec![says("one"), says("two"), says("three")]);
    let inner = calls.tx();
    cron.schedule(Once(SOON, AtomicU32::new(0)), move || chan!(inner <- "job"));
    cron.start();
    let order: Vec<_> = calls.iter().take(4).collect();
    assert_eq!(order, ["one", "two", "three", "job"]);
}

#[gort::test]
fn a_panic_is_logged_and_the_job_runs_again() {
    let log = chan!(String, 1000);
    let tx = log.tx();
    let cron = Cron::new(vec![recover(move |message| chan!(tx <- message.to_owned()))]);
    cron.schedule(Every(SOON), || panic!("YOLO"));
    cron.start();
    assert_eq!(chan!(<-log).unwrap(), "YOLO");
    assert_eq!(chan!(<-log).unwrap(), "YOLO");
}

/// How many runs of a job go on at once at most, out of some.
fn most_at_once(wrapper: Wrapper) -> u32 {
    let (tx, rx) = gort::channel(0);
    let now = AtomicU32::new(0);
    let cron = Cron::new(vec![wrapper]);
    cron.schedule(Every(Duration::from_millis(1)), move || {
        let others = now.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(5));
        now.fetch_sub(1, Ordering::SeqCst);
        chan!(tx <- others + 1);
    });
    cron.start();
    rx.into_iter().take(10).max().unwrap()
}

#[gort::test]
fn runs_are_delayed() {
    assert_eq!(most_at_once(delay_if_still_running()), 1);
}

#[gort::test]
fn runs_are_skipped() {
    let skips = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&skips);
    let skip = skip_if_still_running(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(most_at_once(skip), 1);
    assert!(skips.load(Ordering::Relaxed) > 0);
}
