//! Runs a program as a person would, and compares what it prints with what the Go original printed.
#![allow(dead_code, reason = "each test binary uses another part")]

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::program;

/// The programs take well under a second; a loaded machine may take its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    /// What was printed, after a look at everything else: status 0 and nothing on stderr.
    #[track_caller]
    pub(crate) fn clean(self) -> String {
        assert!(self.status == Some(0) && self.stderr.is_empty(), "{self:#?}");
        String::from_utf8(self.stdout).expect("UTF-8")
    }
}

pub(crate) fn run(command: &mut Command) -> Outcome {
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

pub(crate) fn all_of(mut file: File) -> Vec<u8> {
    use std::io::Seek;
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .expect("reading what a child printed");
    bytes
}

pub(crate) fn expected(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/examples/{name}.expected"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
pub(crate) fn same_text(name: &str) {
    let printed = run(&mut Command::new(program(name))).clean();
    assert_eq!(printed, expected(name));
}

/// The same lines, in any order but for the last `fixed` ones.
#[track_caller]
pub(crate) fn same_lines(name: &str, fixed: usize, mask: fn(&str) -> String) {
    let printed = run(&mut Command::new(program(name))).clean();
    let shape = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(mask).collect();
        let free = lines.len().saturating_sub(fixed);
        lines[..free].sort();
        lines
    };
    assert_eq!(shape(&printed), shape(&expected(name)), "printed:\n{printed}");
}
