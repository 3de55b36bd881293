//! Child processes: many at once, both pipes at once, ended by a context, politely or not; one
//! worker goes on meanwhile.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gort::context::{self, Error};
use gort::prelude::*;
use gort::process::{Command, Stdio, WaitError};

use crate::support::child::Child;

const SIGTERM: i32 = 15;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Zombies among the children of this process.
fn uncollected() -> usize {
    let me = std::process::id().to_string();
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let mut fields = stat
                .rsplit_once(") ")
                .map_or("", |(_, rest)| rest)
                .split_ascii_whitespace();
            fields.next() == Some("Z") && fields.next() == Some(&me)
        })
        .count()
}

/// In a process of its own, because it counts what is left behind.
#[test]
fn sixty_four_at_once() {
    Child::default()
        .run(|| {
            gort::run(|| {
                // What the library opens once, it has open.
                assert!(Command::new("true").output().unwrap().status.success());
                let before = open_descriptors();
                // Each waits until all of them run: none may be kept from starting by another.
                let dir = tempfile::tempdir().unwrap();
                let gate = dir.path().join("gate");
                let children: Vec<_> = (0..64)
                    .map(|i| {
                        let script = format!(
                            "echo {i}; while [ ! -e {} ]; do sleep 0.05; done; exit {i}",
                            gate.display()
                        );
                        let mut command = shell(&script);
                        command.stdout(Stdio::piped());
                        let mut child = command.spawn().unwrap();
                        let mut out = BufReader::new(child.stdout.take().unwrap());
                        go!(move || {
                            let mut line = String::new();
                            out.read_line(&mut line).unwrap();
                            assert_eq!(line, format!("{i}\n"));
                            let status = child.wait().unwrap();
                            assert_eq!(child.wait().unwrap(), status, "it stays so");
                            assert_eq!(child.try_wait().unwrap(), Some(status));
                            status.code().unwrap()
                        })
                    })
                    .collect();
                gort::fs::write(&gate, "").unwrap();
                for (i, child) in (0..).zip(children) {
                    assert_eq!(child.join().unwrap(), i);
                }
                assert_eq!((open_descriptors(), uncollected()), (before, 0));
            });
        })
        .expect_code(0);
}

#[gort::test]
fn much_in_both_pipes_and_through_stdin() {
    // More than a pipe holds, on both, alternating.
    let script =
        "i=0; while [ $i -lt 40 ]; do head -c 10000 /dev/zero; head -c 10000 /dev/zero >&2; i=$((i+1)); done";
    let output = shell(script).output().unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (400_000, 400_000));

    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let sent: Vec<u8> = (0..1_000_000_u32).map(|i| i as u8).collect();
    let bytes = sent.clone();
    let writer = go!(move || to.write_all(&bytes).unwrap());
    let mut back = Vec::new();
    from.read_to_end(&mut back).unwrap();
    writer.join().unwrap();
    assert!(back == sent);
    assert!(child.wait().unwrap().success());
}

/// GS-96: one worker, and children that end only because the other goroutines go on.
#[test]
fn waiting_stops_nobody() {
    Child::default()
        .env("GOMAXPROCS", 1)
        .run(|| {
            gort::run(|| {
                let mut child = Command::new("cat")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let to = child.stdin.take().unwrap();
                let waiter = go!(move || child.wait_with_output().unwrap());
                for _ in 0..100 {
                    gort::runtime::gosched();
                }
                assert!(!waiter.is_finished());
                (&to).write_all(b"text").unwrap();
                drop(to);
                assert_eq!(waiter.join().unwrap().stdout, b"text");
            });
        })
        .expect_code(0);
}

/// However many are waited for, the pool for other calls has room.
#[test]
fn waiting_takes_no_room() {
    Child::default()
        .run(|| {
            let builder = gort::runtime::Builder::new()
                .blocking_threads(1)
                .blocking_patience(Duration::MAX);
            let run = builder.run(|| {
                let (inputs, waiters): (Vec<_>, Vec<_>) = (0..16)
                    .map(|i| {
                        let mut child = Command::new("cat")
                            .stdin(Stdio::piped())
                            .stdout(Stdio::piped())
                            .spawn()
                            .unwrap();
                        let input = child.stdin.take().unwrap();
                        let waiter = go!(move || match i % 2 {
                            0 => child.wait().unwrap(),
                            _ => child.wait_with_output().unwrap().status,
                        });
                        (input, waiter)
                    })
                    .unzip();
                for _ in 0..100 {
                    gort::runtime::gosched();
                }
                assert!(!gort::fs::read("/proc/version").unwrap().is_empty());
                assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
                drop(inputs);
                for waiter in waiters {
                    assert!(waiter.join().unwrap().success());
                }
            });
            run.unwrap();
        })
        .expect_code(0);
}

#[gort::test]
fn a_context_kills() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut child = Command::new("sleep").arg("1000").context(&ctx).spawn().unwrap();
            go!(move || child.wait().unwrap_err())
        })
        .collect();
    cancel();
    for child in children {
        let ended = child.join().unwrap().downcast::<WaitError>().unwrap();
        assert_eq!(ended.context_error(), Some(Error::Canceled));
        assert_eq!(ended.status().signal(), Some(9));
    }
    // It is too late to start another one.
    let error = Command::new("true").context(&ctx).spawn().unwrap_err();
    assert_eq!(error.downcast::<Error>().unwrap(), Error::Canceled);
}

#[gort::test]
fn a_context_that_comes_too_late_changes_nothing() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let mut child = Command::new("true").context(&ctx).spawn().unwrap();
    while !has_ended(child.id()) {
        gort::time::sleep(Duration::from_millis(1));
    }
    // It has ended, but nobody has waited for it yet.
    cancel();
    gort::time::sleep(Duration::from_millis(5));
    assert!(child.wait().unwrap().success());
}

/// Whether the child is a zombie.
fn has_ended(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with('Z')
}

#[gort::test]
fn what_was_written_before_the_end_is_given() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("mark");
    let script = format!(
        "echo begun; echo oh >&2; touch {}; exec sleep 1000",
        mark.display()
    );
    let running = go!([ctx] { shell(&script).context(&ctx).output() });
    while !gort::fs::exists(&mark).unwrap() {
        gort::time::sleep(Duration::from_millis(1));
    }
    cancel();
    let error = running.join().unwrap().unwrap_err();
    let output = error.downcast::<WaitError>().unwrap().into_output();
    assert_eq!(
        (&*output.stdout, &*output.stderr),
        (&b"begun\n"[..], &b"oh\n"[..])
    );
}

/// Asked politely it cleans up; one that does not listen is killed after the wait delay.
#[gort::test]
fn on_cancel_and_the_wait_delay() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        ("trap 'echo bye; exit 3' TERM", Some(3), "bye\n", 60_000),
        ("trap '' TERM", None, "", 50),
    ];
    for (i, (trap, code, said, delay)) in cases.into_iter().enumerate() {
        let mark = dir.path().join(i.to_string());
        let (ctx, cancel) = context::with_cancel(context::background());
        let script = format!("{trap}; touch {}; while :; do sleep 0.01; done", mark.display());
        let asked = Arc::new(AtomicBool::new(false));
        let running = go!([ctx, asked] {
            shell(&script)
                .context(&ctx)
                .on_cancel(move |process| {
                    asked.store(true, Ordering::SeqCst);
                    process.signal(SIGTERM).unwrap();
                })
                .wait_delay(Duration::from_millis(delay))
                .output()
        });
        while !gort::fs::exists(&mark).unwrap() {
            gort::time::sleep(Duration::from_millis(1));
        }
        cancel();
        let ended = running
            .join()
            .unwrap()
            .unwrap_err()
            .downcast::<WaitError>()
            .unwrap();
        assert!(asked.load(Ordering::SeqCst));
        assert_eq!(ended.context_error(), Some(Error::Canceled));
        assert_eq!(ended.status().code(), code);
        assert_eq!(ended.output().stdout, said.as_bytes());
    }
}

/// What a killed child leaves behind keeps the pipe open, for longer than anybody wants to wait.
#[gort::test]
fn the_wait_delay_ends_the_output() {
    let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(50));
    let start = Instant::now();
    let error = shell("sleep 90 & wait")
        .context(&ctx)
        .wait_delay(Duration::from_millis(20))
        .output()
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let ended = error.downcast::<WaitError>().unwrap();
    assert_eq!(ended.context_error(), Some(Error::DeadlineExceeded));
    assert!(start.elapsed() < Duration::from_secs(90));
}

#[gort::test]
fn streams_are_chosen_once_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let mut command = shell("echo out; echo err >&2");
    command.stdout(gort::fs::File::create(&path).unwrap());
    let output = command.output().unwrap();
    assert_eq!((&*output.stdout, &*output.stderr), (&b""[..], &b"err\n"[..]));
    assert_eq!(gort::fs::read(&path).unwrap(), b"out\n");
    // What `output` chose for itself it has put back.
    let mut child = shell("exit 0").spawn().unwrap();
    child.wait().unwrap();
    assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
    let mut command = shell("cat");
    command.output().unwrap();
    command.stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    assert!(child.stdout.is_none());
    child.wait().unwrap();
}

/// Its context ends also a child that nobody has kept.
#[gort::test]
fn a_context_kills_who_was_dropped() {
    let (ctx, cancel) = context::with_cancel(context::background());
    let id = Command::new("sleep")
        .arg("1000")
        .context(&ctx)
        .spawn()
        .unwrap()
        .id();
    cancel();
    while !has_ended(id) {
        gort::time::sleep(Duration::from_millis(1));
    }
}

/// The number of a process that was collected may be another one's: it is left alone.
#[gort::test]
fn what_was_collected_is_not_signalled() {
    let mut child = Command::new("true").spawn().unwrap();
    let process = child.process();
    child.wait().unwrap();
    process.kill().unwrap();
    assert_eq!(
        process.signal(SIGTERM).unwrap_err().kind(),
        std::io::ErrorKind::InvalidInput
    );
}

#[gort::test]
fn one_child_feeds_another() {
    let mut first = shell("echo b; echo a").stdout(Stdio::piped()).spawn().unwrap();
    let second = Command::new("sort")
        .stdin(first.stdout.take().unwrap())
        .output()
        .unwrap();
    assert_eq!(second.stdout, b"a\nb\n");
    assert!(first.wait().unwrap().success());
}
