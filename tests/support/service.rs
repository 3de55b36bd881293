//! A program that serves, as a child: where it listens, how many descriptors it holds, how it
//! stops.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Outcome, PATIENCE, all_of, program, run};

pub(super) struct Service {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: std::fs::File,
    pub(super) address: SocketAddr,
}

impl Service {
    /// Starts `name` and waits for its `listening on ADDRESS`.
    #[track_caller]
    pub(super) fn start(name: &str, args: &[&str]) -> Service {
        Service::start_with(Command::new(program(name)).args(args))
    }

    #[track_caller]
    pub(super) fn start_with(command: &mut Command) -> Service {
        let stderr = tempfile::tempfile().expect("a file");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().expect("a handle"))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its first line");
        let address = line
            .strip_prefix("listening on ")
            .and_then(|rest| rest.trim_end().parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            panic!(
                "{command:?} said {line:?} and {}",
                String::from_utf8_lossy(&all_of(stderr))
            );
        };
        Service {
            child,
            stdout,
            stderr,
            address,
        }
    }

    /// A connection on which no call waits for ever.
    #[track_caller]
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        stream
    }

    pub(super) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .expect("the descriptors of a child")
            .count()
    }

    /// Waits until the child has no more descriptors than it had.
    #[track_caller]
    pub(super) fn expect_descriptors(&self, before: usize) {
        let start = Instant::now();
        while self.descriptors() > before {
            assert!(
                start.elapsed() < PATIENCE,
                "{} descriptors where there were {before}",
                self.descriptors()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks it to stop, without waiting for that.
    #[track_caller]
    pub(super) fn ask_to_stop(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(status.success(), "{kill}: {status}");
    }

    /// Asks it to stop; what it left behind, without its first line.
    #[track_caller]
    pub(super) fn stop(self) -> Outcome {
        self.ask_to_stop();
        self.outcome()
    }

    /// Waits for its end.
    #[track_caller]
    pub(super) fn outcome(mut self) -> Outcome {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("waiting") {
                break status;
            }
            let stderr = self.stderr.try_clone().expect("a handle");
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end; it said: {}",
                String::from_utf8_lossy(&all_of(stderr))
            );
            std::thread::sleep(Duration::from_millis(2));
        };
        let mut stdout = Vec::new();
        self.stdout.read_to_end(&mut stdout).expect("what it printed");
        let stderr = all_of(self.stderr.try_clone().expect("a handle"));
        Outcome {
            status: status.code(),
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }
}

impl Drop for Service {
    /// A test that fails leaves no child behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Called in each of these ways the program names the problem and says how it is called; and that
/// there is no such address as `nowhere`.
#[track_caller]
pub(super) fn says_what_is_wrong(name: &str, wrong: &[(&[&str], &str)]) {
    for (args, problem) in wrong {
        let outcome = run(Command::new(program(name)).args(*args));
        assert_eq!(outcome.status, Some(2), "{args:?}");
        assert!(
            outcome
                .stderr
                .starts_with(&format!("{name}: {problem}\nusage: {name} ")),
            "{outcome:#?}"
        );
    }
    let outcome = run(Command::new(program(name)).args(["serve", "nowhere"]));
    assert_eq!(outcome.status, Some(1));
    assert!(outcome.stderr.starts_with(&format!("{name}: ")), "{outcome:#?}");
}
