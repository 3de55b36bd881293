//! Servers whose clients are in another process: here. Plain threads, one for each connection, and
//! a clock.
//!
//! A side is started as a server (`PROGRAM serve …`) and asked for a while before it counts. What
//! it takes of the processors is what the system has counted for its process.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::sides::Printed;

/// How clients ask.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// The next question follows the answer.
    Closed,
    /// After a rest.
    Resting(Duration),
    /// At times that do not depend on the answers, so many percent of what the first side can do in
    /// the closed loop.
    Open(u32),
}

/// What a server is asked for.
#[derive(Debug)]
struct Shape {
    workload: &'static str,
    /// Passes everything on to an echo server of the first side; else it is one.
    proxy: bool,
    connections: usize,
    bytes: usize,
    pace: Pace,
}

const fn echo(workload: &'static str, connections: usize, bytes: usize, pace: Pace) -> Shape {
    Shape {
        workload,
        proxy: false,
        connections,
        bytes,
        pace,
    }
}

const fn proxy(workload: &'static str, connections: usize) -> Shape {
    Shape {
        workload,
        proxy: true,
        connections,
        bytes: 64,
        pace: Pace::Closed,
    }
}

const SHAPES: &[Shape] = &[
    echo("served-echo-1", 1, 64, Pace::Closed),
    echo(
        "served-echo-1-rests",
        1,
        64,
        Pace::Resting(Duration::from_millis(1)),
    ),
    echo(
        "served-echo-1-slow",
        1,
        64,
        Pace::Resting(Duration::from_millis(20)),
    ),
    echo("served-echo-8", 8, 64, Pace::Closed),
    echo("served-echo-8-half", 8, 64, Pace::Open(50)),
    echo("served-echo-8-busy", 8, 64, Pace::Open(80)),
    echo("served-echo-64", 64, 64, Pace::Closed),
    echo("served-echo-8-16k", 8, 16 * 1024, Pace::Closed),
    proxy("served-proxy-1", 1),
    proxy("served-proxy-8", 8),
    proxy("served-proxy-64", 64),
];

/// What all sides of a run have in common.
#[derive(Debug, Default)]
pub(crate) struct Common {
    /// Round trips a second with 8 connections in the closed loop, of the first side that was
    /// asked.
    capacity: Option<f64>,
}

/// Whether a workload is one of these.
pub(crate) fn is_one(workload: &str) -> bool {
    SHAPES.iter().any(|shape| shape.workload == workload)
}

/// Measures `program` as a server, for about `ms` milliseconds. `backend` is the program that
/// stands behind a proxy.
///
/// # Errors
/// In words.
pub(crate) fn measure(
    workload: &str,
    program: &Path,
    backend: &Path,
    procs: usize,
    ms: usize,
    common: &mut Common,
) -> Result<Vec<Printed>, String> {
    let shape = SHAPES
        .iter()
        .find(|shape| shape.workload == workload)
        .ok_or("no such workload")?;
    let length = Duration::from_millis(ms as u64);
    let start = |program: &Path, words: &[&str]| Server::start(program, words, procs);
    let say = |error: io::Error| error.to_string();
    let behind = match shape.proxy {
        true => Some(start(backend, &["echo"]).map_err(say)?),
        false => None,
    };
    let server = match &behind {
        Some(behind) => start(program, &["proxy", &behind.address]),
        None => start(program, &["echo"]),
    }
    .map_err(say)?;
    let gap = match shape.pace {
        Pace::Open(percent) => {
            let capacity = match common.capacity {
                Some(capacity) => capacity,
                None => {
                    let found = ask(&server, shape, Duration::ZERO, length).map_err(say)?;
                    let capacity = found.latencies.len() as f64 / found.took.as_secs_f64();
                    *common.capacity.insert(capacity)
                }
            };
            Duration::from_secs_f64(shape.connections as f64 / capacity * 100.0 / f64::from(percent))
        }
        _ => Duration::ZERO,
    };
    Ok(ask(&server, shape, gap, length).map_err(say)?.figures())
}

/// What clients have found.
#[derive(Debug)]
struct Found {
    latencies: Vec<Duration>,
    took: Duration,
    /// Of the server.
    cpu: Duration,
}

impl Found {
    fn figures(mut self) -> Vec<Printed> {
        self.latencies.sort_unstable();
        let count = self.latencies.len().max(1);
        let percentile = |share: f64| {
            let at = ((count as f64 * share).ceil() as usize).clamp(1, count) - 1;
            self.latencies.get(at).map_or(0.0, Duration::as_secs_f64)
        };
        let figure = |name: &str, seconds: f64| Printed {
            figure: name.into(),
            value: seconds * 1e6,
            unit: "µs".into(),
        };
        vec![
            figure("p50", percentile(0.5)),
            figure("p99", percentile(0.99)),
            figure("p99.9", percentile(0.999)),
            figure("cpu", self.cpu.as_secs_f64() / count as f64),
        ]
    }
}

/// Lets the clients ask, a quarter of the time before it counts.
fn ask(server: &Server, shape: &Shape, gap: Duration, length: Duration) -> io::Result<Found> {
    let clients = (0..shape.connections)
        .map(|_| {
            let client = TcpStream::connect(&server.address)?;
            client.set_nodelay(true)?;
            // What does not come at all is an error, and not a figure.
            client.set_read_timeout(Some(Duration::from_secs(20)))?;
            Ok(client)
        })
        .collect::<io::Result<Vec<_>>>()?;
    let together = Barrier::new(clients.len() + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .enumerate()
            .map(|(number, client)| {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    let mut client = Client::new(client, shape, gap, number);
                    client.run(length / 4)?;
                    // All warm, and the clock of the server is read.
                    together.wait();
                    together.wait();
                    client.latencies.clear();
                    client.run(length)?;
                    together.wait();
                    io::Result::Ok(client.latencies)
                })
            })
            .collect();
        together.wait();
        together.wait();
        let (before, start) = (server.cpu()?, Instant::now());
        together.wait();
        together.wait();
        let (took, cpu) = (start.elapsed(), server.cpu()? - before);
        let mut latencies = Vec::new();
        for thread in threads {
            latencies.extend(thread.join().expect("a client")?);
        }
        Ok(Found { latencies, took, cpu })
    })
}

/// One connection.
struct Client<'a> {
    connection: TcpStream,
    shape: &'a Shape,
    /// The mean distance of questions at the pace [`Pace::Open`].
    gap: Duration,
    random: u64,
    question: Vec<u8>,
    answer: Vec<u8>,
    latencies: Vec<Duration>,
}

impl<'a> Client<'a> {
    fn new(connection: TcpStream, shape: &'a Shape, gap: Duration, number: usize) -> Client<'a> {
        Client {
            connection,
            shape,
            gap,
            random: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1),
            question: vec![number as u8; shape.bytes],
            answer: vec![0; shape.bytes],
            latencies: Vec::new(),
        }
    }

    fn run(&mut self, length: Duration) -> io::Result<()> {
        let end = Instant::now() + length;
        let mut due = Instant::now();
        loop {
            match self.shape.pace {
                Pace::Closed => due = Instant::now(),
                Pace::Resting(rest) => {
                    thread::sleep(rest);
                    due = Instant::now();
                }
                Pace::Open(_) => {
                    due += self.gap.mul_f64(self.exponential());
                    let now = Instant::now();
                    // Behind the plan, the wait began when the question should have been asked.
                    // When the thread sleeps too long, that is not the server's fault.
                    if due > now {
                        thread::sleep(due - now);
                        due = Instant::now();
                    }
                }
            }
            if Instant::now() >= end {
                return Ok(());
            }
            self.question[0] = self.question[0].wrapping_add(1);
            self.connection.write_all(&self.question)?;
            self.connection.read_exact(&mut self.answer)?;
            self.latencies.push(due.elapsed());
            if self.answer != self.question {
                return Err(io::Error::other("a wrong answer"));
            }
        }
    }

    /// Of mean 1: what lies between events that know nothing of one another.
    fn exponential(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        -(((self.random >> 11) as f64 + 1.0) / (1_u64 << 53) as f64).ln()
    }
}

/// A process that listens; killed when this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &Path, words: &[&str], procs: usize) -> io::Result<Server> {
        let mut child = Command::new(program)
            .arg("serve")
            .args(words)
            .env("BENCH_PROCS", procs.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take();
        let mut server = Server {
            child,
            address: String::new(),
        };
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match line.trim().strip_prefix("listening on ") {
            Some(address) => server.address = address.into(),
            None => return Err(io::Error::other("the server does not listen")),
        }
        Ok(server)
    }

    /// What its process has taken of the processors since it started.
    fn cpu(&self) -> io::Result<Duration> {
        // As clock_getcpuclockid(3) makes it: all threads of that process, what they did in the
        // kernel too.
        let clock = (!(self.child.id() as libc::clockid_t) << 3) | 2;
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the call writes one `timespec`.
        if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
