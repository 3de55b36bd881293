//! Jobs at their times (the core of the Go package `github.com/robfig/cron`: entries, chains, a stop that can be waited for).
//!
//! The Go idiom: one goroutine owns the entries and selects over the next time and over requests; a request for a copy of them carries the
//! channel of its answer (`chan chan []Entry`). In Go nothing says who may touch the entries while it runs; here they move
//! into the goroutine, and come back as its result.

mod chain;
mod cron;

use std::time::Duration;

use gort::prelude::*;

use chain::{delay_if_still_running, recover, skip_if_still_running};
use cron::{Cron, Every};

const SOON: Every = Every(Duration::from_millis(5));

#[gort::main]
fn main() {
    let panics = chan!(String, 1);
    let skips = chan!((), 1);
    let (log_panic, log_skip) = (panics.tx(), skips.tx());
    let cron = Cron::new(vec![
        recover(move |message| {
            let _ = log_panic.try_send(message.to_owned());
        }),
        skip_if_still_running(move |_| {
            let _ = log_skip.try_send(());
        }),
    ]);

    let ticks = chan!(());
    let tick = ticks.tx();
    let ticker = cron.schedule(SOON, move || chan!(tick <- ()));
    cron.schedule(Every(Duration::from_secs(3600)), || println!("not reached"));
    let waits = cron.entries().iter().all(|entry| entry.next.is_none());
    println!(
        "{} entries before the start, all without a time: {waits}",
        cron.entries().len()
    );

    cron.start();
    for n in 1..=3 {
        chan!(<-ticks);
        println!("tick {n}");
    }
    cron.remove(ticker);
    drop(ticks); // which ends a run that still wants to send

    let bad = cron.schedule(SOON, || panic!("YOLO"));
    println!("added while it runs, it panics: {}", chan!(<-panics).unwrap());
    cron.remove(bad);

    let (begun, finish) = (chan!((), 1), chan!(()));
    let (begins, finishes) = (begun.tx(), finish.rx());
    let slow = cron.schedule(SOON, move || {
        chan!(begins <- ());
        chan!(<-finishes);
    });
    chan!(<-begun);
    chan!(<-skips);
    println!("skipped while it still runs");

    let first = cron.entries().into_iter().next().unwrap();
    println!(
        "the next one is the slow one: {}, and it has run: {}",
        first.id == slow,
        first.previous.is_some()
    );

    let stopped = cron.stop();
    println!("stopped, with a job that still runs: {}", stopped.err().is_none());
    finish.close();
    chan!(<-stopped.done());
    println!("all jobs are done");

    serialized();
}

/// Runs that take longer than the time between them, one after the other.
fn serialized() {
    let cron = Cron::new(vec![delay_if_still_running()]);
    let runs = chan!(&str);
    let run = runs.tx();
    cron.schedule(SOON, move || {
        chan!(run <- "begins");
        chan!(run <- "ends");
    });
    cron.start();
    for what in runs.iter().take(6) {
        println!("a run {what}");
    }
}
