//! The harness every Rust side shares: what a workload is, how long it is run, what is printed.
//!
//! `rivals/go/harness.go` holds a twin of it: both must count the same way.

use std::process::ExitCode;
use std::time::Duration;

/// Operations done, and how long they took, set-up aside.
type Counted = (usize, Duration);

/// One workload of one runtime. The names and what an operation is stand in `README.md`.
#[derive(Debug)]
pub struct Workload {
    name: &'static str,
    /// The size that the command line may change, where there is one.
    size: usize,
    run: Run,
}

#[derive(Debug)]
enum Run {
    /// Does at least `n` operations.
    Grown(fn(n: usize) -> Counted),
    /// The same for a size.
    Sized(fn(size: usize, n: usize) -> Counted),
    /// Is run once, as it is.
    Cold(fn(size: usize) -> Counted),
    /// Is run once, and says everything itself.
    Once(fn(size: usize) -> Vec<Figure>),
}

/// One result of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is: `time`, `resident`, `p50`, …
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what: `ns`, `ms`, `B`.
    pub unit: &'static str,
}

impl Figure {
    /// A figure.
    pub fn new(name: &'static str, value: f64, unit: &'static str) -> Figure {
        Figure { name, value, unit }
    }

    /// A time, in milliseconds.
    pub fn ms(name: &'static str, time: Duration) -> Figure {
        Figure::new(name, time.as_secs_f64() * 1e3, "ms")
    }

    /// `time`, in nanoseconds for each of `ops`.
    pub fn time(ops: usize, took: Duration) -> Figure {
        Figure::new("time", took.as_nanos() as f64 / ops as f64, "ns")
    }
}

impl Workload {
    /// One that does at least `n` operations and is measured by the time of one.
    pub const fn new(name: &'static str, run: fn(n: usize) -> Counted) -> Workload {
        let run = Run::Grown(run);
        Workload { name, size: 0, run }
    }

    /// The same with a size: `NAME` on the command line means `NAME:SIZE`, which may be asked for
    /// with any other size too.
    pub const fn sized(
        name: &'static str,
        size: usize,
        run: fn(size: usize, n: usize) -> Counted,
    ) -> Workload {
        let run = Run::Sized(run);
        Workload { name, size, run }
    }

    /// One that is run once, as it is, and has figures of its own.
    pub const fn once(name: &'static str, size: usize, run: fn(size: usize) -> Vec<Figure>) -> Workload {
        let run = Run::Once(run);
        Workload { name, size, run }
    }

    /// One that does `size` operations once, and nothing before that.
    pub const fn cold(name: &'static str, size: usize, run: fn(size: usize) -> Counted) -> Workload {
        let run = Run::Cold(run);
        Workload { name, size, run }
    }

    fn measure(&self, size: usize, target: Duration) -> Vec<Figure> {
        match self.run {
            Run::Grown(run) => vec![grow(run, target)],
            Run::Sized(run) => vec![grow(|n| run(size, n), target)],
            Run::Once(run) => run(size),
            Run::Cold(run) => {
                let (ops, took) = run(size);
                vec![Figure::time(ops, took)]
            }
        }
    }
}

/// How many workers every side runs on: 2, unless `BENCH_PROCS` says otherwise.
pub fn workers() -> usize {
    setting("BENCH_PROCS").unwrap_or(2)
}

fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// Measures the workloads that the command line names, and prints a line `NAME FIGURE VALUE UNIT`
/// for each of their figures.
///
/// `--list` prints the names of those that there are, and `besides`, what else this side can do.
/// `BENCH_MS` (500 unless set) is how long a measured run should take.
pub fn main(workloads: &[Workload], besides: &[&str]) -> ExitCode {
    let target = Duration::from_millis(setting("BENCH_MS").unwrap_or(500) as u64);
    for asked in std::env::args().skip(1) {
        if asked == "--list" {
            workloads.iter().for_each(|w| println!("{}", w.name));
            besides.iter().for_each(|name| println!("{name}"));
            continue;
        }
        let (name, size) = asked.split_once(':').unwrap_or((&asked, ""));
        let workload = workloads.iter().find(|w| w.name == name);
        let size = if size.is_empty() {
            workload.map(|w| w.size)
        } else {
            size.parse().ok()
        };
        let (Some(workload), Some(size)) = (workload, size) else {
            eprintln!("no workload {asked:?}");
            return ExitCode::from(2);
        };
        for figure in workload.measure(size, target) {
            println!("{asked} {} {:.1} {}", figure.name, figure.value, figure.unit);
        }
    }
    ExitCode::SUCCESS
}

/// Grows `n` until one run takes `target`, then reports that run.
fn grow(run: impl Fn(usize) -> Counted, target: Duration) -> Figure {
    let mut n = 1000;
    loop {
        let (ops, took) = run(n);
        // A workload of fixed size does more than it was asked for, and is measured as it is.
        if took >= target || ops > n * 100 {
            return Figure::time(ops, took);
        }
        let per_op = (took.as_nanos() as f64 / ops as f64).max(0.1);
        let wanted = (target.as_nanos() as f64 * 1.2 / per_op) as usize;
        n = wanted.max(n + 1).min(n * 100);
    }
}

/// Stops the run when a workload computed something wrong: a fast wrong answer is no figure.
#[track_caller]
pub fn check(ok: bool) {
    assert!(ok, "wrong result");
}

/// Rounds `n` up to whole parts: how many each of `parts` has to do.
pub fn share(n: usize, parts: usize) -> usize {
    n.div_ceil(parts)
}

/// `0 + 1 + … + (n - 1)`.
pub fn sum_below(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}
