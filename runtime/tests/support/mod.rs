//! A test that runs itself again, as a child with settings that are fixed at the start of a
//! process; and the seeds of the facade's tests.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "../../../tests/support/seed.rs"]
pub(crate) mod seed;

/// Runs the test `name` of this file as a child with these variables. It has to succeed within
/// `limit`; what it fails with, and the variables that replay it, are in the panic.
pub(crate) fn again(name: &str, variables: &[(&str, &str)], limit: Duration) {
    let replay = variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(" ");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .envs(variables.iter().copied())
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > limit {
            let _ = child.kill();
            let out = child.wait_with_output().unwrap();
            panic!("hangs: {replay}\n{}", String::from_utf8_lossy(&out.stderr));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let out = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{}: {replay}\n{stderr}", out.status);
}
