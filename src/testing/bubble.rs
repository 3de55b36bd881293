//! Bubbles: tests of programs that wait, on a clock that jumps.

use std::time::{Duration, SystemTime};

/// 2000-01-01T00:00:00Z after the Unix epoch.
const BEGINNING: Duration = Duration::from_secs(946_684_800);

/// Runs `f` as a goroutine in a *bubble*, and returns what it returns when all goroutines of the
/// bubble have ended.
///
/// Goroutines that are started in a bubble are in it too. They run one at a time, in the order in
/// which they become runnable, and time stands still while one of them can. When all are *durably
/// blocked*, the clock jumps to the next timer: hours pass in no time, and always in the same
/// order.
///
/// A goroutine is durably blocked if only another one of its bubble, or the clock, can wake it: it
/// waits for a channel that was made in the bubble, in a `select!` over such channels, for a wait
/// group, a condition variable, a timer, a join handle. It is not if it waits for a `Mutex` or a
/// `RwLock` (with a time limit too), for input and output, for a call of `blocking`, for a future,
/// or for a channel that was made outside: then time stands still until it goes on.
///
/// Sleeps, timers, tickers, timeouts, deadlines of contexts and [`now`] are on the bubble's clock;
/// `std::time` is not. When `f` has returned, the clock stands still. `#[gort::test(bubble)]` runs
/// a whole test in one.
///
/// # Panics
/// * With what `f`, or another goroutine of the bubble that nobody joins, panicked with.
/// * `deadlock: all goroutines in bubble are blocked`, and where: if all are durably blocked and
///   there is no timer.
/// * `deadlock: main bubble goroutine has exited but blocked goroutines remain`: if `f` has
///   returned, and others wait. So a bubble finds goroutines that leak.
/// * If it is called in a bubble.
///
/// ```
/// use std::time::Duration;
/// use gort::{testing, time};
///
/// let real = std::time::Instant::now();
/// testing::bubble(|| {
///     let begun = testing::now();
///     time::sleep(Duration::from_secs(3600));
///     assert_eq!(testing::now(), begun + Duration::from_secs(3600));
/// });
/// assert!(real.elapsed() < Duration::from_secs(3600));
/// ```
#[doc(alias = "synctest")]
#[doc(alias = "Test")]
#[track_caller]
pub fn bubble<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    gort_runtime::explore::bubble(f)
}

/// Waits until every other goroutine of the bubble is durably blocked, or has ended: what they had
/// to do is done.
///
/// # Panics
/// `goroutine is not in a bubble`, and `wait already in progress` if another goroutine of the
/// bubble is in this function.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
/// use gort::{context, prelude::*, testing};
///
/// testing::bubble(|| {
///     let (ctx, cancel) = context::with_cancel(&context::background());
///     let called = Arc::new(AtomicBool::new(false));
///     let note = Arc::clone(&called);
///     let _stop = context::after_func(&ctx, move || note.store(true, Relaxed));
///     testing::wait();
///     assert!(!called.load(Relaxed), "before it is cancelled");
///     cancel.cancel();
///     testing::wait();
///     assert!(called.load(Relaxed));
/// });
/// ```
#[doc(alias = "Wait")]
#[track_caller]
pub fn wait() {
    if gort_runtime::explore::wait().is_err() {
        panic!("goroutine is not in a bubble");
    }
}

/// Sleeps, and waits then until every other goroutine of the bubble is durably blocked: what was
/// due by then is done.
///
/// # Panics
/// As [`wait`].
///
/// ```
/// use std::time::Duration;
/// use gort::{prelude::*, testing, time};
///
/// testing::bubble(|| {
///     let ticks = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
///     let counts = std::sync::Arc::clone(&ticks);
///     go!(move || for _ in 0..3 {
///         time::sleep(Duration::from_secs(1));
///         counts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///     });
///     testing::sleep(Duration::from_secs(2));
///     assert_eq!(ticks.load(std::sync::atomic::Ordering::Relaxed), 2);
///     time::sleep(Duration::from_secs(1));
/// });
/// ```
#[doc(alias = "Sleep")]
#[track_caller]
pub fn sleep(duration: Duration) {
    crate::time::sleep(duration);
    wait();
}

/// What time it is: in a bubble, on its clock, which begins at 2000-01-01T00:00:00Z; else the
/// system's.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let at = gort::testing::bubble(gort::testing::now);
/// assert_eq!(at, SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800));
/// ```
#[doc(alias = "Now")]
pub fn now() -> SystemTime {
    match gort_runtime::explore::age() {
        Some(age) => SystemTime::UNIX_EPOCH + BEGINNING + age,
        None => SystemTime::now(),
    }
}
