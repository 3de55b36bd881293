//! The harness every Rust side shares: what a workload is, how long it is run, what is printed.
//!
//! `rivals/go/main.go` holds a line-by-line twin of [`measure`]: both must count the same way.

use std::process::ExitCode;
use std::time::Duration;

/// Every side runs on this many workers.
pub const WORKERS: usize = 2;

/// One workload of one runtime. The names and what an operation is stand in `README.md`.
#[derive(Debug)]
pub struct Workload {
    /// What the command line calls it.
    pub name: &'static str,
    /// Does at least `n` operations; says how many it did and how long they took, set-up aside.
    pub run: fn(n: usize) -> (usize, Duration),
}

/// Measures the workloads that the command line names, one `NAME NS_PER_OP` line each.
///
/// `--list` prints the names of those that there are. `BENCH_MS` (500 unless set) is how long a measured run should take.
pub fn main(workloads: &[Workload]) -> ExitCode {
    let target = std::env::var("BENCH_MS")
        .ok()
        .and_then(|ms| ms.parse().ok())
        .unwrap_or(500);
    for name in std::env::args().skip(1) {
        if name == "--list" {
            workloads.iter().for_each(|w| println!("{}", w.name));
            continue;
        }
        let Some(workload) = workloads.iter().find(|w| w.name == name) else {
            eprintln!("no workload {name:?}");
            return ExitCode::from(2);
        };
        println!("{name} {:.1}", measure(workload, Duration::from_millis(target)));
    }
    ExitCode::SUCCESS
}

/// Grows `n` until one run takes `target`, then reports that run.
fn measure(workload: &Workload, target: Duration) -> f64 {
    let mut n = 1000;
    loop {
        let (ops, took) = (workload.run)(n);
        let per_op = took.as_nanos() as f64 / ops as f64;
        // A workload of fixed size does more than it was asked for, and is measured as it is.
        if took >= target || ops > n * 100 {
            return per_op;
        }
        let wanted = (target.as_nanos() as f64 * 1.2 / per_op.max(0.1)) as usize;
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
    n * (n - 1) / 2
}
