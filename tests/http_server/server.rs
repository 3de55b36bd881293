//! The server as a child process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gort::process::{Child, ChildStdout, Command, Stdio};
use gort::signal::Signal;

use crate::client::{Client, PATIENCE};
use crate::program::program;

pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    /// Its sockets when nobody is connected.
    sockets: usize,
}

impl Server {
    /// The server with `options`, on a port of its own.
    #[track_caller]
    pub(crate) fn start(options: &str) -> Server {
        let mut command = Command::new(program("http_server"));
        command.args(options.split_whitespace()).arg("0");
        Server::run(command)
    }

    /// The same, where it may have only so many descriptors.
    #[track_caller]
    pub(crate) fn start_with_descriptors(most: usize) -> Server {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("ulimit -n {most} && exec \"$0\" 0"))
            .arg(program("http_server"));
        Server::run(command)
    }

    fn run(mut command: Command) -> Server {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("http_server");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let address = line
            .trim_end()
            .strip_prefix("listening on ")
            .and_then(|address| address.parse().ok())
            .unwrap_or_else(|| panic!("{line:?}"));
        let mut server = Server {
            child,
            stdout,
            address,
            sockets: 0,
        };
        let _first = server.served_client();
        server.sockets = server.count_sockets() - 1;
        server
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.child.process().signal(signal.as_raw()).expect("it lives");
    }

    /// A client that has been served: from here on only its idleness is measured. On a loaded
    /// machine a new one may take so long to ask that it is cut off.
    pub(crate) fn served_client(&self) -> Client {
        self.client_after("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200)
    }

    /// A client that said `request` and got a response with `status`. It tries again if it is cut
    /// off because it was slow.
    #[track_caller]
    pub(crate) fn client_after(&self, request: &str, status: u16) -> Client {
        let begun = Instant::now();
        loop {
            let mut client = self.client();
            if client.try_send(request)
                && let Some(response) = client.response_or_end()
            {
                assert_eq!(response.status, status, "{request}");
                return client;
            }
            assert!(begun.elapsed() < PATIENCE, "not served within {PATIENCE:?}");
        }
    }

    /// Everything it has open.
    pub(crate) fn descriptors(&self) -> Vec<PathBuf> {
        let directory = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it lives");
        // One may be closed between the two looks.
        directory
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .collect()
    }

    /// The monitor opens a file now and then, so descriptors as such come and go.
    fn count_sockets(&self) -> usize {
        let is_socket = |path: &&PathBuf| path.to_string_lossy().starts_with("socket:");
        self.descriptors().iter().filter(is_socket).count()
    }

    /// Waits until no connection is left in the server.
    #[track_caller]
    pub(crate) fn empty(&self) {
        eventually("all connections have ended", || {
            self.count_sockets() == self.sockets
        });
    }

    /// The same, and looks whether it still serves.
    #[track_caller]
    pub(crate) fn at_rest(&self) {
        self.empty();
        self.served_client();
    }

    /// Sends SIGTERM; gives the last line of output after a look at everything else.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Waits for the end after a SIGTERM.
    #[track_caller]
    pub(crate) fn ended(mut self) -> String {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("waiting") {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).expect("its output");
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut err).expect("its errors");
        assert_eq!((status.code(), &*err), (Some(0), ""), "{out}");
        let last = out.strip_prefix("stopping: terminated signal received\n");
        last.unwrap_or_else(|| panic!("{out:?}")).trim_end().to_owned()
    }

    /// What it has said on standard error so far, and the end of it.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().expect("it lives");
        let mut err = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut err).expect("its errors");
        err
    }
}

impl Drop for Server {
    /// A test that fails leaves nobody behind.
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
