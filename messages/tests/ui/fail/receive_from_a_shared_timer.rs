//! Timers and tickers that are shared, and a context: no sources themselves, but what they have is.

use std::sync::Arc;
use std::time::Duration;

use gort::prelude::*;
use gort::time::{Ticker, Timer};

fn main() {
    let timer = Arc::new(Timer::new(Duration::from_secs(1)));
    let ticker = Arc::new(Ticker::new(Duration::from_secs(1)));
    let (ctx, _cancel) = gort::context::with_cancel(gort::context::background());
    select! {
        <-timer => {}
        <-ticker.clone() => {}
        <-ctx => {}
    }
}
