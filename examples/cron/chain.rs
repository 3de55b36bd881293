//! What can be put around every job.

use std::sync::Arc;

use gort::prelude::*;
use gort::sync::Mutex;

use super::cron::Job;

/// Makes another job of one.
pub(crate) type Wrapper = Box<dyn Fn(Arc<dyn Job>) -> Arc<dyn Job> + Send + Sync>;

fn wrapper<J: Job + 'static>(wrap: impl Fn(Arc<dyn Job>) -> J + Send + Sync + 'static) -> Wrapper {
    Box::new(move |job| Arc::new(wrap(job)))
}

/// A job that panics tells `log` of it, and does not end the program.
pub(crate) fn recover(log: impl Fn(&str) + Clone + Send + Sync + 'static) -> Wrapper {
    wrapper(move |job| {
        let log = log.clone();
        move || {
            if let Err(panic) = gort::recover(|| job.run()) {
                log(panic.message());
            }
        }
    })
}

/// A job whose last run goes on waits for the end of that one.
pub(crate) fn delay_if_still_running() -> Wrapper {
    wrapper(|job| {
        let running = Mutex::new(());
        move || {
            let _running = running.lock();
            job.run();
        }
    })
}

/// A job whose last run goes on is not run, which `log` is told.
pub(crate) fn skip_if_still_running(log: impl Fn(&str) + Clone + Send + Sync + 'static) -> Wrapper {
    wrapper(move |job| {
        let log = log.clone();
        let token = chan!((), 1);
        chan!(token <- ());
        move || {
            select! {
                <-token => {
                    defer! { chan!(token <- ()); }
                    job.run();
                }
                default => log("skip"),
            }
        }
    })
}
