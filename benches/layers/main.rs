//! Micro-benchmarks of gort's own layers: what each step of a hand-off costs by itself.
//!
//! `cargo bench` in `benches/` runs them on the default backing, `cargo bench --features
//! slab-stacks` on the other one. Everything is measured inside a goroutine, on one worker where
//! nobody else takes part.

mod channels;
mod deque;
mod goroutines;
mod switch;
mod timers;

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

criterion_group!(
    layers,
    deque::all,
    switch::all,
    goroutines::all,
    channels::all,
    timers::all
);
criterion_main!(layers);

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// A group that is measured quickly: these are steps of nanoseconds.
fn group<'a>(c: &'a mut Criterion, name: &str) -> Group<'a> {
    let mut group = c.benchmark_group(name);
    group
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000))
        .sample_size(20);
    group
}

/// Measures `step` inside a goroutine, again and again, on `workers`.
fn step<T>(group: &mut Group<'_>, name: &str, workers: usize, step: impl Fn() -> T + Sync) {
    timed(group, name, workers, |times| {
        let start = Instant::now();
        for _ in 0..times {
            std::hint::black_box(step());
        }
        start.elapsed()
    });
}

/// The same for what measures itself.
fn timed(group: &mut Group<'_>, name: &str, workers: usize, run: impl Fn(u64) -> Duration + Sync) {
    gort::runtime::set_max_procs(workers);
    group.bench_function(name, |b| b.iter_custom(|times| gort::run(|| run(times))));
}
