//! The example programs, run as a person would, their output compared with what the same programs print in Go.
//!
//! Builds nothing: `cargo test` has built the examples when it runs this. `tests/examples/NAME.expected` is the output of
//! the Go original. Where goroutines race for the order of lines, the lines are compared in any order.

#[path = "examples/chat_room.rs"]
mod chat_room;
#[path = "examples/du.rs"]
mod du;
#[path = "examples/grep.rs"]
mod grep;
#[path = "examples/kv_server.rs"]
mod kv_server;
#[path = "examples/kv_server_faults.rs"]
mod kv_server_faults;
#[path = "examples/md5all.rs"]
mod md5all;
#[path = "examples/parallel_commands.rs"]
mod parallel_commands;
#[path = "support/program.rs"]
mod program;
#[path = "examples/service.rs"]
mod service;
#[path = "examples/tls_echo.rs"]
mod tls_echo;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use program::program;

/// The programs take well under a second; a loaded machine may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug)]
struct Outcome {
    status: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Outcome {
    /// What was printed, after a look at everything else: status 0 and nothing on stderr.
    #[track_caller]
    fn clean(self) -> String {
        assert!(self.status == Some(0) && self.stderr.is_empty(), "{self:#?}");
        String::from_utf8(self.stdout).expect("UTF-8")
    }
}

fn run(command: &mut Command) -> Outcome {
    let (out, err) = (
        tempfile::tempfile().expect("a file"),
        tempfile::tempfile().expect("a file"),
    );
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out.try_clone().expect("a handle"))
        .stderr(err.try_clone().expect("a handle"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("waiting") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("killing");
            panic!(
                "{command:?} still runs after {PATIENCE:?}; it said: {}",
                String::from_utf8_lossy(&all_of(err))
            );
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let stderr = String::from_utf8_lossy(&all_of(err)).into_owned();
    Outcome {
        status: status.code(),
        stdout: all_of(out),
        stderr,
    }
}

fn all_of(mut file: File) -> Vec<u8> {
    use std::io::Seek;
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .expect("reading what a child printed");
    bytes
}

fn expected(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/examples/{name}.expected"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn same_text(name: &str) {
    let printed = run(&mut Command::new(program(name))).clean();
    assert_eq!(printed, expected(name));
}

/// The same lines, in any order but for the last `fixed` ones.
#[track_caller]
fn same_lines(name: &str, fixed: usize, mask: fn(&str) -> String) {
    let printed = run(&mut Command::new(program(name))).clean();
    let shape = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(mask).collect();
        let free = lines.len().saturating_sub(fixed);
        lines[..free].sort();
        lines
    };
    assert_eq!(shape(&printed), shape(&expected(name)), "printed:\n{printed}");
}

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
fn graceful_stop() {
    same_lines("graceful_stop", 1, str::to_owned);
}

#[test]
fn async_bridge() {
    same_text("async_bridge");
}

#[test]
fn http_client() {
    same_text("http_client");
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
fn context_server() {
    same_text("context_server");
}
