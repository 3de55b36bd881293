//! The examples of this folder, and `kv_server` as the `redis` crate sees it, run as a person would.
//!
//! Builds nothing: `cargo test --workspace` has built all examples when it runs this. `tests/examples/NAME.expected` is what
//! the program must print.

mod chat_room;
mod kv_server;
mod kv_server_faults;
mod tls_echo;

#[path = "../../../tests/support/program.rs"]
mod program;
#[path = "../../../tests/support/run.rs"]
mod run;
#[path = "../../../tests/support/service.rs"]
mod service;

use std::process::Command;

use program::program;
use run::{Outcome, PATIENCE, all_of, expected, run, same_text};

/// One of its goroutines panics, which is printed; a task of tokio's hears of it.
#[test]
fn async_bridge() {
    let mut outcome = run(&mut Command::new(program("async_bridge")));
    let report = std::mem::take(&mut outcome.stderr);
    assert!(
        report.starts_with("panic: on a goroutine\n\ngoroutine "),
        "{report}"
    );
    assert_eq!(outcome.clean(), expected("async_bridge"));
}

#[test]
fn http_client() {
    same_text("http_client");
}
