//! Programs that need a process, and its main thread, for themselves: what is wrong here ends or
//! hangs the process.
//!
//! No test harness: it would keep threads of its own, and a process with threads that are not ours
//! gets no deadlock report. Without arguments this binary runs each program as a child
//! (`GORT_ALONE` names it) and checks how it ended.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

mod deadlock;
mod ends;
#[path = "../../../tests/support/filter.rs"]
mod filter;
mod hardships;
mod helpers;
mod locked;
mod procs;
mod standins;
mod storms;
mod timers;

/// A program, and how it has to end.
struct Case {
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    program: fn(),
    code: i32,
    stderr: &'static str,
    /// Run this many times: some of the races that are watched for need a few tries.
    times: u32,
}

const fn case(name: &'static str, env: &'static [(&'static str, &'static str)], program: fn()) -> Case {
    Case {
        name,
        env,
        program,
        code: 0,
        stderr: "",
        times: 1,
    }
}

/// For programs that hang, and no measure of how fast others are.
const LIMIT: Duration = Duration::from_secs(180);

fn main() {
    let cases: Vec<Case> = [
        deadlock::CASES,
        ends::CASES,
        hardships::CASES,
        helpers::CASES,
        locked::CASES,
        procs::CASES,
        standins::CASES,
        storms::CASES,
        timers::CASES,
    ]
    .into_iter()
    .flatten()
    .map(|case| Case { ..*case })
    .collect();
    if let Ok(wanted) = std::env::var("GORT_ALONE") {
        let case = cases
            .iter()
            .find(|case| case.name == wanted)
            .expect("a known program");
        return (case.program)();
    }
    let mut failed = 0;
    for case in cases.iter().filter(|case| filter::wants(case.name)) {
        let verdict = (0..case.times).try_for_each(|_| run(case));
        println!(
            "test {} ... {}",
            case.name,
            if verdict.is_ok() { "ok" } else { "FAILED" }
        );
        if let Err(why) = verdict {
            println!("{why}");
            failed += 1;
        }
    }
    assert!(failed == 0, "{failed} programs ended otherwise than they should");
}

fn run(case: &Case) -> Result<(), String> {
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(exe)
        .env("GORT_ALONE", case.name)
        // What is compared is not to depend on it, nor is the room on small stacks.
        .env_remove("RUST_BACKTRACE")
        .env_remove("GOMAXPROCS")
        .env_remove("RUST_BACKTRACE")
        .envs(case.env.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let start = Instant::now();
    let mut hangs = false;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if start.elapsed() > LIMIT {
            hangs = true;
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let out = child.wait_with_output().map_err(|error| error.to_string())?;
    let stderr = String::from_utf8_lossy(&out.stderr);
    if hangs {
        return Err(format!("hangs; stderr: {stderr}"));
    }
    if out.status.code() != Some(case.code) || !stderr.contains(case.stderr) {
        return Err(format!(
            "expected status {} and {:?}, got {}; stderr: {stderr}",
            case.code, case.stderr, out.status
        ));
    }
    Ok(())
}
