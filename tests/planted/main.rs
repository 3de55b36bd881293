//! Bugs that were planted, and how many schedules each strategy needs to find them.

mod atomics;
mod channels;
mod locks;

use std::process::Command;

use gort::testing::{FailureKind, Options, Report, Strategy, explore};

/// A name, and the program.
type Bug = (&'static str, fn());

macro_rules! bugs {
    ($($module:ident: $($name:ident)+;)+) => {
        const BUGS: &[Bug] = &[$($((stringify!($name), $module::$name),)+)+];
    };
}

bugs! {
    locks: ab_ba philosophers check_then_act two_locks lost_signal broadcast_before_wait notify_one_of_two_kinds upgrade
        half_of_the_permits added_too_late pool_without_wake used_after_put;
    atomics: lost_update published_too_early aba mutual_exclusion last_one_out resurrected torn_snapshot half_locked;
    channels: send_after_close double_close close_against_send stop_and_send missed_cancellation stale_arm
        timeout_against_success early_return len_then_recv lost_item drained_too_early send_under_lock renewed_and_expired
        over_the_limit full_circle;
}

const PCT: Strategy = Strategy::Pct { depth: 3 };
const TWO: Strategy = Strategy::Exhaustive { preemptions: 2 };

fn search(bug: &Bug, strategy: Strategy, seed: u64, schedules: u64) -> Report {
    let options = Options::default()
        .strategy(strategy)
        .seed(seed)
        .schedules(schedules)
        .shrink(std::time::Duration::ZERO);
    explore(options, bug.1)
}

#[test]
fn every_bug_is_found_within_1000_schedules() {
    let mut missed = Vec::new();
    for bug in BUGS {
        for (strategy, schedules) in [(PCT, 1000), (TWO, 20_000)] {
            let report = search(bug, strategy, 1, schedules);
            if report.passed() {
                missed.push(format!("{}: {report}", bug.0));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// The table of `docs/TESTING_PROGRAMS.md`: the median of 20 seeds, and how many of 100 runs as
/// they come show it.
#[test]
#[ignore = "for the documentation"]
fn table() {
    println!("| bug | what | as it comes | `Random` | `Pct` | `Exhaustive` | preemptions |");
    println!("|---|---|---|---|---|---|---|");
    for bug in BUGS {
        let exhaustive = search(bug, TWO, 0, 100_000);
        let failure = exhaustive.failure();
        let kind = failure.map(|failure| failure.kind());
        let plain = match kind {
            // Nobody looks for goroutines that are left.
            Some(FailureKind::Leak) => "unseen".to_owned(),
            _ => format!("{} of 100", plain_failures(bug.0)),
        };
        println!(
            "| `{}` | {} | {plain} | {} | {} | {} | {} |",
            bug.0,
            kind.map_or("-".to_owned(), |kind| kind.to_string()),
            median(bug, Strategy::Random),
            median(bug, PCT),
            failure.map_or("-".to_owned(), |failure| failure.found_at().to_string()),
            failure.map_or("-".to_owned(), |failure| failure.preemptions().to_string()),
        );
    }
}

fn median(bug: &Bug, strategy: Strategy) -> String {
    let mut needed: Vec<u64> = (0..20)
        .map(|seed| {
            let report = search(bug, strategy, seed, 5000);
            report.failure().map_or(u64::MAX, |failure| failure.found_at())
        })
        .collect();
    needed.sort_unstable();
    match needed[10] {
        u64::MAX => "over 5000".to_owned(),
        median => median.to_string(),
    }
}

/// How many of 100 runs, each in its own process, do not end well.
fn plain_failures(name: &str) -> usize {
    let exe = std::env::current_exe().unwrap();
    let failed = |_: &usize| {
        let output = Command::new(&exe)
            .args(["plain", "--exact", "--ignored"])
            .env("PLANTED", name)
            .output();
        !output.unwrap().status.success()
    };
    (0..100).filter(failed).count()
}

/// One run as it comes, for the one above.
#[test]
#[ignore = "for the documentation"]
fn plain() {
    let name = std::env::var("PLANTED").unwrap_or_default();
    for (_, program) in BUGS.iter().filter(|bug| bug.0 == name) {
        gort::__private::test(gort::__private::Timeout::Nanos(1_000_000_000), *program);
    }
}
