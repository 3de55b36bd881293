//! Timers that are armed and stopped before they fire, as most are.

use std::time::Duration;

use criterion::Criterion;
use gort::time::{Timer, after_func, sleep};

const LATER: Duration = Duration::from_secs(3600);

pub(crate) fn all(c: &mut Criterion) {
    let mut group = crate::group(c, "timers");
    crate::step(&mut group, "new Timer and stop", 1, || Timer::new(LATER).stop());
    let timer = Timer::new(LATER);
    crate::step(&mut group, "reset", 1, || timer.reset(LATER));
    crate::step(&mut group, "after_func and stop", 1, || {
        after_func(LATER, || {}).stop()
    });
    crate::step(&mut group, "sleep of nothing", 1, || sleep(Duration::ZERO));
    let (_tx, rx) = gort::channel::<()>(0);
    crate::step(&mut group, "recv_timeout that is over at once", 1, || {
        rx.recv_timeout(Duration::ZERO)
    });
}
