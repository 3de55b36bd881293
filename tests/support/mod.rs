//! What the integration tests share: children, seeds, sizes and waiting.
//!
//! Each test binary takes this folder in with `mod support` and uses what it needs of it, so items
//! unused in one binary are normal.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test binary uses another part"
)]

pub(crate) mod child;
pub(crate) mod filter;
pub(crate) mod seed;
pub(crate) mod stress;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use gort::sync::{Mutex, MutexGuard};

/// How often a test repeats: `n` in release and with `GORT_TEST_FULL`, a tenth in debug.
///
/// Go's suites are sized for optimised code; unoptimised Rust runs ten times longer.
pub(crate) fn rounds(n: usize) -> usize {
    if cfg!(debug_assertions) && std::env::var_os("GORT_TEST_FULL").is_none() {
        n.div_ceil(10)
    } else {
        n
    }
}

/// Waits for `condition`, and panics with `what` once `limit` has passed. Works in a goroutine and
/// outside.
#[track_caller]
pub(crate) fn eventually(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        gort::time::sleep(Duration::from_millis(1));
    }
}

/// Measures processor time, of all threads of this process: no machine is too busy for that.
pub(crate) struct CpuTime(HashMap<OsString, Duration>);

impl CpuTime {
    pub(crate) fn now() -> CpuTime {
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
        let times = tasks.map(|task| {
            let task = task.expect("a thread");
            (task.file_name(), cpu_time_of(&task.path()))
        });
        CpuTime(times.collect())
    }

    /// What was used since then. (Not counted is what threads used that have ended.)
    pub(crate) fn elapsed(&self) -> Duration {
        let used = CpuTime::now().0.into_iter().map(|(thread, time)| {
            let then = self.0.get(&thread).copied().unwrap_or_default();
            time.saturating_sub(then)
        });
        used.sum()
    }
}

/// To the nanosecond; nothing if the thread has just ended.
fn cpu_time_of(thread: &Path) -> Duration {
    let stat = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Runs `f`, which must panic, and returns the message.
#[track_caller]
pub(crate) fn panic_message(f: impl FnOnce()) -> String {
    match gort::recover(f) {
        Ok(()) => panic!("did not panic"),
        Err(panic) => panic.to_string(),
    }
}

/// Go's `defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))`: `n` until the guard is dropped. One test
/// of a process at a time.
pub(crate) struct MaxProcs(
    usize,
    #[expect(dead_code, reason = "held")] MutexGuard<'static, ()>,
);

impl MaxProcs {
    pub(crate) fn set(n: usize) -> MaxProcs {
        static ONE: Mutex<()> = Mutex::new(());
        let turn = ONE.lock();
        MaxProcs(gort::runtime::set_max_procs(n), turn)
    }
}

impl Drop for MaxProcs {
    fn drop(&mut self) {
        gort::runtime::set_max_procs(self.0);
    }
}
