//! Switching away and being resumed: yields, and parking with its wake-up.

use std::time::{Duration, Instant};

use criterion::Criterion;
use gort::runtime::gosched;
use gort_runtime::{Task, WaitReason, park};

pub(crate) fn all(c: &mut Criterion) {
    let mut group = crate::group(c, "switch");
    crate::step(&mut group, "gosched, alone", 1, gosched);
    crate::timed(&mut group, "gosched, two take turns", 1, take_turns);
    crate::step(&mut group, "park, ready by the commit", 1, park_and_ready);
}

/// Half of them each.
fn take_turns(times: u64) -> Duration {
    let start = Instant::now();
    gort::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| (0..times.div_ceil(2)).for_each(|_| gosched()));
        }
    });
    start.elapsed()
}

/// The whole of a wait without any channel: the commit itself makes the goroutine runnable again.
fn park_and_ready() {
    let task = Task::current();
    // SAFETY: the one `ready` happens in the commit, after the goroutine has left its stack;
    // `ready` neither panics nor blocks, and the commit touches nothing afterwards.
    unsafe { park(WaitReason::ChanReceive, move || task.ready()) };
}
