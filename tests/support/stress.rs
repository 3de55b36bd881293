//! Stress in every migration mode, and with the bias changing hands all the time, at every worker
//! count: one child for each, since both are fixed at the start of a process.

use std::time::Duration;

use super::child::{Child, Outcome};
use super::seed::seed;

/// How long each configuration runs: `GORT_STRESS_SECS`, or the default.
pub(crate) fn seconds(default: f64) -> f64 {
    std::env::var("GORT_STRESS_SECS").map_or(default, |text| {
        text.parse().expect("GORT_STRESS_SECS is a number")
    })
}

pub(crate) fn at_every_worker_count(mode: &str, bias: &str, patience: f64, run: impl Fn(Child) -> Outcome) {
    let seed = seed();
    for procs in [1, 2, 4, 8] {
        let child = Child::default()
            .env("GORT_MIGRATION", mode)
            .env("GORT_BIAS", bias)
            .env("GOMAXPROCS", procs)
            .env("GORT_SEED", seed)
            .timeout(Duration::from_secs_f64(120.0 + patience));
        let out = run(child).expect_code(0);
        println!(
            "GORT_MIGRATION={mode} GORT_BIAS={bias} GOMAXPROCS={procs}: {}",
            out.stdout.trim()
        );
    }
}

/// Makes the four tests of a program: a child may take `patience` seconds, and two minutes more for
/// a machine that is busy.
macro_rules! in_every_mode {
    ($program:expr, patience = $patience:expr) => {
        #[test]
        fn stealing() {
            $crate::support::stress::at_every_worker_count("stealing", "auto", $patience, |child| {
                child.run(|| $program)
            });
        }

        #[test]
        fn favoured() {
            $crate::support::stress::at_every_worker_count("stealing", "eager", $patience, |child| {
                child.run(|| $program)
            });
        }

        #[test]
        fn pinned() {
            $crate::support::stress::at_every_worker_count("pinned", "auto", $patience, |child| {
                child.run(|| $program)
            });
        }

        #[test]
        fn always() {
            $crate::support::stress::at_every_worker_count("always", "auto", $patience, |child| {
                child.run(|| $program)
            });
        }
    };
}
pub(crate) use in_every_mode;
