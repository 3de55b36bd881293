//! Tests that must die, or that need a process of their own: the test runs itself again as a child.
//!
//! ```ignore
//! #[test]
//! fn dies() {
//!     fn program() { … }                  // runs in the child only
//!     let out = child::run(program);      // in the parent: what became of it
//!     assert_eq!(out.code(), Some(2));
//! }
//! ```
//! The child is this test binary, asked for exactly this test, with `GORT_CHILD` naming the place
//! of the call. The name of the test comes from the type of `program`, which must be an item or a
//! closure inside the test function itself.

use std::ffi::OsString;
use std::io::Read;
use std::panic::Location;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const MARK: &str = "GORT_CHILD";
/// The name of the test, for a harness that does not look at arguments.
const TEST: &str = "GORT_CHILD_TEST";

/// In a child: the test whose program it is to run.
pub(crate) fn wanted() -> Option<String> {
    std::env::var(TEST).ok()
}

/// What a child left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    /// What it printed, without the lines of the test harness.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Fails, showing everything, unless the child ended with `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Outcome {
        assert_eq!(self.code(), Some(code), "unexpected end of the child: {self:#?}");
        self
    }

    /// Fails unless standard error has every one of these texts, in this order.
    #[track_caller]
    pub(crate) fn expect_stderr(self, texts: &[&str]) -> Outcome {
        let mut rest = self.stderr.as_str();
        for text in texts {
            let Some(at) = rest.find(text) else {
                panic!("standard error lacks {text:?} (or it comes too early):\n{self:#?}");
            };
            rest = &rest[at + text.len()..];
        }
        self
    }

    /// Fails if standard error has this text.
    #[track_caller]
    pub(crate) fn expect_not_stderr(self, text: &str) -> Outcome {
        assert!(
            !self.stderr.contains(text),
            "standard error has {text:?}:\n{self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn expect_silent_stderr(self) -> Outcome {
        assert_eq!(self.stderr, "", "standard error is not empty:\n{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn expect_stdout(self, text: &str) -> Outcome {
        assert_eq!(self.stdout, text, "standard output differs:\n{self:#?}");
        self
    }
}

/// A child to be: the environment it gets and how long it may take.
#[derive(Debug)]
pub(crate) struct Child {
    env: Vec<(String, Option<OsString>)>,
    timeout: Duration,
    limits: Vec<String>,
}

impl Default for Child {
    fn default() -> Child {
        // What the caller set for the parent (the worker count, the mode) holds in the child too; a
        // backtrace would only blur what is compared.
        Child {
            env: vec![("RUST_BACKTRACE".into(), None)],
            // Far more than any of them takes: it is there for those that hang.
            timeout: Duration::from_secs(180),
            limits: Vec::new(),
        }
    }
}

/// The child with default settings.
#[track_caller]
pub(crate) fn run<F: FnOnce()>(program: F) -> Outcome {
    Child::default().run(program)
}

impl Child {
    pub(crate) fn env(self, key: &str, value: impl ToString) -> Child {
        self.env_os(key, value.to_string().into())
    }

    /// The value need not be UTF-8.
    pub(crate) fn env_os(mut self, key: &str, value: OsString) -> Child {
        self.env.push((key.into(), Some(value)));
        self
    }

    pub(crate) fn without_env(mut self, key: &str) -> Child {
        self.env.push((key.into(), None));
        self
    }

    pub(crate) fn timeout(mut self, limit: Duration) -> Child {
        self.timeout = limit;
        self
    }

    /// At most so much address space, in KiB (RLIMIT_AS).
    pub(crate) fn address_space(self, kib: usize) -> Child {
        self.limit(&format!("-v {kib}"))
    }

    /// With a limit as the shell's `ulimit` takes it.
    pub(crate) fn limit(mut self, limit: &str) -> Child {
        self.limits.push(format!("ulimit {limit} && "));
        self
    }

    /// With SIGQUIT ignored, as a shell does in the background.
    pub(crate) fn in_background(mut self) -> Child {
        self.limits.push(String::from("trap '' QUIT && "));
        self
    }

    /// In the child: runs `program` and ends the process with status 0. In the parent: starts the
    /// child and waits.
    #[track_caller]
    pub(crate) fn run<F: FnOnce()>(self, program: F) -> Outcome {
        let path = std::any::type_name::<F>();
        let test = match path.split_once("::{{closure}}") {
            Some((test, _)) => test,
            None => {
                path.rsplit_once("::")
                    .expect("a program inside a test function")
                    .0
            }
        };
        let (_, test) = test.split_once("::").expect("a test inside a crate");
        let place = Location::caller().to_string();
        if std::env::var(MARK).is_ok_and(|mark| mark == place) {
            program();
            std::process::exit(0);
        }
        self.start(test, &place)
    }

    #[track_caller]
    fn start(self, test: &str, place: &str) -> Outcome {
        let begin = Instant::now();
        let binary = std::env::current_exe().expect("the path of this binary");
        let mut command = if self.limits.is_empty() {
            Command::new(binary)
        } else {
            let mut shell = Command::new("/bin/sh");
            shell
                .arg("-c")
                .arg(format!("{}exec \"$0\" \"$@\"", self.limits.concat()))
                .arg(binary);
            shell
        };
        command.args([
            "--exact",
            test,
            "--nocapture",
            "--test-threads=1",
            "--include-ignored",
        ]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (key, value) in &self.env {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        let mut child = command
            .env(MARK, place)
            .env(TEST, test)
            .spawn()
            .expect("the test binary starts again");
        let stdout = drain(child.stdout.take().expect("a pipe"));
        let stderr = drain(child.stderr.take().expect("a pipe"));
        let (status, late) = loop {
            if let Some(status) = child.try_wait().expect("the child can be waited for") {
                break (status, false);
            }
            if begin.elapsed() > self.timeout {
                child.kill().expect("the child can be killed");
                break (child.wait().expect("the child can be waited for"), true);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let elapsed = begin.elapsed();
        let stdout = stdout.join().expect("a reader that does not panic");
        let stderr = stderr.join().expect("a reader that does not panic");
        assert!(
            !stdout.starts_with("\nrunning 0 tests"),
            "the child has no test {test:?}"
        );
        let stdout = stdout
            .strip_prefix(&format!("\nrunning 1 test\ntest {test} ... "))
            .unwrap_or(&stdout);
        let outcome = Outcome {
            status,
            stdout: stdout.into(),
            stderr,
            elapsed,
        };
        assert!(
            !late,
            "the child did not end within {:?}: {outcome:#?}",
            self.timeout
        );
        outcome
    }
}

/// Reads a pipe to its end on a thread of its own, so that a child that prints much never blocks.
fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a readable pipe");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
