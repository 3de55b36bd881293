//! Waiting for the clock: what Go has in package `time`.
//!
//! | to | use | Go |
//! |---|---|---|
//! | wait | [`sleep`] | `time.Sleep` |
//! | limit a wait | [`after`], [`Timer`] | `time.After`, `time.NewTimer` |
//! | do something again and again | [`Ticker`], [`tick`] | `time.NewTicker`, `time.Tick` |
//! | call something later | [`after_func`] | `time.AfterFunc` |
//!
//! Points in time are [`std::time::Instant`], so setting the machine's clock changes nothing. None
//! of this uses a thread. A timer is a deadline and no more until somebody waits for it, and then
//! an entry in a heap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort_runtime::CallTimer;

mod call;
mod timer;

pub use timer::{Ticker, Timer, TimerChan, after_func, tick};

use crate::Receiver;

/// The latest deadline that is asked for: a duration that does not fit becomes this far in the
/// future.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// As those who explore schedules see it.
const SLEEP: gort_runtime::explore::Op = gort_runtime::explore::Op::new("sleep", "");

/// Now plus `duration`, saturating.
pub(crate) fn deadline(duration: Duration) -> Instant {
    let now = gort_runtime::now();
    now.checked_add(duration.min(FAR)).unwrap_or(now)
}

/// Lets the goroutine sleep for at least `duration`; others run meanwhile. Zero returns at once.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// gort::run(|| {
///     let start = Instant::now();
///     gort::time::sleep(Duration::from_millis(5));
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
#[doc(alias = "Sleep")]
#[track_caller]
pub fn sleep(duration: Duration) {
    if !duration.is_zero() {
        gort_runtime::explore::point(SLEEP, gort_runtime::explore::CLOCK);
        gort_runtime::sleep_until(deadline(duration));
    }
}

/// A channel that yields the time once, `duration` from now. It is never closed.
///
/// The timer goes with the last handle of the channel. While nobody receives from the channel, the
/// timer does not keep a program alive that is otherwise stuck: that is a deadlock, as in Go since
/// 1.23.
///
/// ```
/// use gort::prelude::*;
/// use std::time::Duration;
///
/// gort::run(|| {
///     let never = chan!(u32);
///     select! {
///         v = <-never => unreachable!("{v:?}"),
///         <-gort::time::after(Duration::from_millis(1)) => {}
///     }
/// });
/// ```
#[doc(alias = "After")]
pub fn after(duration: Duration) -> Receiver<Instant> {
    let (tx, rx) = crate::channel(1);
    let outlet = tx.clone();
    let fire = move || {
        // There is room, since nothing else sends; nobody may be listening any more.
        let _ = tx.try_send(gort_runtime::now());
    };
    let awaited = outlet.clone();
    let timer = CallTimer::for_listeners(fire, move || awaited.is_awaited());
    let weak = Arc::downgrade(&timer);
    outlet.feed(move || {
        if let Some(timer) = weak.upgrade() {
            timer.stop();
        }
    });
    timer.start(deadline(duration));
    rx
}
