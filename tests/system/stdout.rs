//! Standard output: a line is one write, made where the goroutine runs if there is room, and by a
//! helper if there is none.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};

use gort::prelude::*;

const MARK: &str = "GORT_STDOUT_CHILD";

/// Runs this test again as a child that calls `program`, on one worker, with this standard output;
/// `Some` in the parent.
fn child(test: &str, stdout: impl Into<Stdio>, program: fn()) -> Option<Child> {
    if std::env::var_os(MARK).is_some() {
        gort::run(program);
        std::process::exit(0);
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1", "--quiet"])
        .env(MARK, "1")
        .env("GOMAXPROCS", "1")
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn();
    Some(child.unwrap())
}

/// The helper threads of this process.
fn helpers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with("gort-helper"))
        .count()
}

/// A datagram for each write that the system sees.
#[test]
fn a_line_is_one_write() {
    let (near, far) = UnixDatagram::pair().unwrap();
    let program = || {
        for i in 0..5 {
            writeln!(gort::io::stdout(), "line {i} of {}", 5).unwrap();
        }
        assert_eq!(helpers(), 0, "what has room needs no helper");
    };
    let Some(mut child) = child("stdout::a_line_is_one_write", OwnedFd::from(far), program) else {
        return;
    };
    let mut lines = Vec::new();
    let mut buffer = [0; 256];
    while lines.len() < 5 {
        let length = near.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.starts_with("line") {
            lines.push(text);
        }
    }
    assert_eq!(lines, [0, 1, 2, 3, 4].map(|i| format!("line {i} of 5\n")));
    assert!(child.wait().unwrap().success());
}

/// One worker: nobody reads, and the other goroutine goes on.
#[test]
fn a_full_pipe_stops_nobody() {
    const LINES: usize = 20_000;
    let program = || {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                go!({
                    for i in 0..LINES / 4 {
                        writeln!(gort::io::stdout(), "line {writer} {i}").unwrap();
                    }
                })
            })
            .collect();
        while helpers() == 0 {
            gort::runtime::gosched();
        }
        // Only then does the parent read.
        writeln!(gort::io::stderr(), "waits").unwrap();
        assert!(writers.iter().any(|writer| !writer.is_finished()));
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    };
    let (mut from, to) = std::io::pipe().unwrap();
    let Some(mut child) = child("stdout::a_full_pipe_stops_nobody", to, program) else {
        return;
    };
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        errors.any(|line| line.unwrap() == "waits"),
        "the child ended before the pipe was full"
    );
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    let mut next = [0; 4];
    for line in text.lines().filter(|line| line.starts_with("line")) {
        let words: Vec<usize> = line
            .split(' ')
            .skip(1)
            .map(|word| word.parse().unwrap())
            .collect();
        assert_eq!(words[1], next[words[0]], "each writer's lines in order: {line:?}");
        next[words[0]] += 1;
    }
    assert_eq!(next, [LINES / 4; 4]);
}
