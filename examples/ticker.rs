//! A loop that does something at every beat until it is told to stop (Go by Example, "Tickers").
//!
//! The Go idiom: one `select` over the ticker and a `done` channel. A ticker that is stopped does not close its channel; since
//! Go 1.23, and here, no tick of before can be received afterwards.

use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::time::{Ticker, after};

const BEAT: Duration = Duration::from_millis(10);

#[gort::main]
fn main() {
    let ticker = Ticker::new(BEAT);
    let done = chan!(());
    let ticks = chan!(Instant);
    go!(pass_on(ticker.c(), ticks.tx(), done.rx()));
    let mut last = Instant::now();
    for i in 1..=3 {
        let tick = chan!(<-ticks).expect("ticks");
        println!("tick {i} later than the last: {}", tick > last);
        last = tick;
    }
    ticker.stop();
    chan!(done <- ());
    println!("ticker stopped");
    select! {
        <-ticker => println!("a tick after Stop"),
        <-after(3 * BEAT) => println!("no tick after Stop"),
    }
}

fn pass_on(beat: gort::time::TimerChan, ticks: Sender<Instant>, done: Receiver<()>) {
    loop {
        select! {
            <-done => return,
            Some(tick) = <-beat => chan!(ticks <- tick),
        }
    }
}
