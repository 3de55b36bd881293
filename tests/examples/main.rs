//! The example programs, run as a person would, their output compared with what the same programs print in Go.
//!
//! Builds nothing: `cargo test` has built the examples when it runs this. `tests/examples/NAME.expected` is the output of
//! the Go original. Where goroutines race for the order of lines, the lines are compared in any order.

mod connections;
mod du;
mod grep;
mod md5all;
mod parallel_commands;
mod scheduler;

#[path = "../support/program.rs"]
mod program;
#[path = "../support/run.rs"]
mod run;

use program::program;
use run::{Outcome, run, same_lines, same_text};

#[test]
fn hello() {
    same_text("hello");
}

#[test]
fn timeout() {
    same_text("timeout");
}

#[test]
fn rate_limit() {
    same_text("rate_limit");
}

#[test]
fn ticker() {
    same_text("ticker");
}

#[test]
fn prime_sieve() {
    same_text("prime_sieve");
}

#[test]
fn daisy_chain() {
    same_text("daisy_chain");
}

#[test]
fn pipeline() {
    same_lines("pipeline", 0, str::to_owned);
}

#[test]
fn fan_in() {
    same_lines("fan_in", 1, str::to_owned);
}

#[test]
fn dining_philosophers() {
    same_lines("dining_philosophers", 1, str::to_owned);
}

#[test]
fn dining_deadlock() {
    same_text("dining_deadlock");
}

#[test]
fn graceful_stop() {
    same_lines("graceful_stop", 1, str::to_owned);
}

#[test]
fn graceful_shutdown() {
    same_text("graceful_shutdown");
}

#[test]
fn worker_pool() {
    // Which worker takes which job is chance.
    same_lines("worker_pool", 1, |line| {
        line.replacen(['1', '2', '3'], "N", usize::from(line.starts_with("worker")))
    });
}

#[test]
fn atomic_counter() {
    same_text("atomic_counter");
}

#[test]
fn stateful_goroutine() {
    same_text("stateful_goroutine");
}

#[test]
fn unbounded_queue() {
    same_text("unbounded_queue");
}

#[test]
fn bank() {
    same_text("bank");
}

#[test]
fn crawler() {
    same_lines("crawler", 1, str::to_owned);
}

#[test]
fn memo() {
    same_lines("memo", 2, str::to_owned);
}

#[test]
fn chat_hub() {
    same_text("chat_hub");
}

#[test]
fn quicksort() {
    same_text("quicksort");
}

#[test]
fn matrix() {
    same_text("matrix");
}

#[test]
fn power_series() {
    same_text("power_series");
}

#[test]
fn load_balancer() {
    same_text("load_balancer");
}

#[test]
fn pub_sub() {
    // The subscribers race, but each hears its topic in order: the lines are numbered.
    same_lines("pub_sub", 1, str::to_owned);
}

#[test]
fn bounded_queue() {
    same_text("bounded_queue");
}

#[test]
fn collatz() {
    same_text("collatz");
}

#[test]
fn checksums() {
    same_text("checksums");
}

#[test]
fn pool() {
    same_text("pool");
}

#[test]
fn cron() {
    same_text("cron");
}

#[test]
fn context_server() {
    same_text("context_server");
}

#[test]
fn explored_pool() {
    let stdout = run(&mut std::process::Command::new(program("explored_pool"))).clean();
    for part in [
        "deadlock: all goroutines are asleep",
        "wait cond 1",
        "GORT_SCHEDULE=1.",
        "that is all",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
}

#[test]
fn expiring_cache() {
    let stdout = run(&mut std::process::Command::new(program("expiring_cache"))).clean();
    let (bubble, schedules) = stdout.split_once('\n').unwrap();
    assert_eq!(bubble, "90 minutes went by in the bubble");
    assert!(
        schedules.contains("that is all") && schedules.contains("none failed"),
        "{stdout}"
    );
}
