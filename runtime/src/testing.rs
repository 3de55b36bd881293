//! What `#[gort::test]` expands to: a main goroutine that is given up when it takes too long, or
//! when it can never go on.
//!
//! Tests run beside each other in one process, so a goroutine that is stuck must not end the
//! process. Its test fails, and it is left behind, as a thread would be.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::debug::report;
use crate::join_handle::JoinError;
use crate::main_goroutine::Ended;
use crate::spawn::Spawn;
use crate::waiters::{Listed, WatchedTest};

/// For how long a test may take that does not say so itself.
const DEFAULT: Duration = Duration::from_secs(60);

/// For how long a test may take.
#[derive(Debug, Clone, Copy)]
pub enum Timeout {
    /// Nothing was said: what `GORT_TEST_TIMEOUT` says, or 60 s.
    Default,
    /// For ever.
    Never,
    /// So many nanoseconds.
    Nanos(u64),
}

impl Timeout {
    fn limit(self) -> Option<Duration> {
        let limit = match self {
            Timeout::Default => crate::config::test_timeout().unwrap_or(DEFAULT),
            Timeout::Never => Duration::ZERO,
            Timeout::Nanos(nanos) => Duration::from_nanos(nanos),
        };
        Some(limit).filter(|limit| !limit.is_zero())
    }
}

/// Why a test was given up.
enum Verdict {
    TimedOut(Duration),
    /// Nobody can ever run again.
    Stuck,
    Goexit,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::TimedOut(limit) => write!(f, "test timed out after {limit:?}"),
            Verdict::Stuck => f.write_str("all goroutines are asleep - deadlock!"),
            Verdict::Goexit => f.write_str("the test's goroutine called goexit"),
        }
    }
}

/// Kept by the goroutine: says that it has ended, however it does.
struct Says(Arc<WatchedTest>);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.counted.end();
        // Release: the thread that sees it sees what the test has done.
        self.0.ended.store(true, Ordering::Release);
        self.0.thread.unpark();
    }
}

/// Runs a test: `f` as a main goroutine, for so long at most.
///
/// # Panics
/// With the panic of `f`, or if it was given up.
#[track_caller]
pub fn test<F, T>(timeout: Timeout, f: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match watched(timeout, f) {
        Ok(value) => value,
        Err(verdict) => panic!("{verdict}"),
    }
}

/// Runs a test that is to panic: to be given up must not be taken for that, so it returns then.
///
/// # Panics
/// With the panic of `f`.
#[track_caller]
pub fn test_that_panics<F>(timeout: Timeout, f: F)
where
    F: FnOnce() + Send + 'static,
{
    if let Err(verdict) = watched(timeout, f) {
        eprintln!("{verdict}");
    }
}

#[track_caller]
fn watched<F, T>(timeout: Timeout, f: F) -> Result<T, Verdict>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if crate::g::current().is_some() {
        // Somebody calls the test.
        return Ok(crate::run(f));
    }
    let spawned_at = Location::caller();
    let limit = timeout.limit();
    let listed = Listed::new();
    let (begun, watch) = (Instant::now(), listed.watch());
    let says = Says(Arc::clone(watch));
    let handle = Spawn::new().main().go(move || {
        says.0.counted.begin();
        let says = says;
        let value = f();
        drop(says);
        value
    });
    let goroutine = handle.id();
    while !watch.ended.load(Ordering::Acquire) {
        let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        let verdict = match (limit, left) {
            _ if watch.stuck.load(Ordering::SeqCst) => Verdict::Stuck,
            (Some(limit), Some(Duration::ZERO)) => Verdict::TimedOut(limit),
            (_, Some(left)) => {
                std::thread::park_timeout(left);
                continue;
            }
            (_, None) => {
                std::thread::park();
                continue;
            }
        };
        drop(listed);
        // If it goes on one day, and panics, that ends nobody.
        std::mem::forget(handle);
        let all = report::everybody_after(goroutine);
        // Through std, so that the harness shows it with the test.
        eprintln!("{verdict}\n{all}");
        return Err(verdict);
    }
    match handle.join() {
        Ok(value) => Ok(value),
        Err(JoinError::Panicked(panic)) => Ended {
            panic,
            goroutine,
            spawned_at,
        }
        .go_on(),
        Err(JoinError::Goexit) => Err(Verdict::Goexit),
        Err(JoinError::Taken) => unreachable!("the handle was no source"),
    }
}
