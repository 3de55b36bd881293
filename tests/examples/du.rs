//! `du`: its sums, its progress and how it is cancelled.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::iter;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{program, run};

const FILES: u64 = 1000;
/// Of `FILES` files of 0, 1, 2, … bytes.
const BYTES: u64 = FILES * (FILES - 1) / 2;

fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a directory");
    for i in 0..FILES {
        let dir = tree.path().join((i % 10).to_string());
        fs::create_dir_all(&dir).expect("a directory");
        fs::write(dir.join(i.to_string()), vec![0; i as usize]).expect("a file");
    }
    tree
}

/// `du -v` of a tree, named `times` times.
fn du(tree: &Path, times: usize) -> Child {
    Command::new(program("du"))
        .arg("-v")
        .args(iter::repeat_n(".", times))
        .current_dir(tree)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("du")
}

/// What a line of output says: files and bytes.
fn sums(line: &str) -> (u64, u64) {
    let numbers = line
        .strip_suffix(" bytes")
        .and_then(|rest| rest.split_once(" files  "));
    let (files, bytes) = numbers.unwrap_or_else(|| panic!("not a line of sums: {line:?}"));
    (files.parse().expect("a number"), bytes.parse().expect("a number"))
}

#[test]
fn tells_how_far_it_is() {
    let tree = tree();
    // As often as it takes to be at work for longer than the half second between two reports.
    for times in iter::successors(Some(100), |times| Some(2 * times)) {
        let outcome = du(tree.path(), times).wait_with_output().expect("du's end");
        assert_eq!((outcome.status.code(), &*outcome.stderr), (Some(0), &b""[..]));
        let printed = String::from_utf8(outcome.stdout).expect("UTF-8");
        let lines: Vec<_> = printed.lines().map(sums).collect();
        assert_eq!(lines.last(), Some(&(times as u64 * FILES, times as u64 * BYTES)));
        assert!(lines.is_sorted(), "{printed}");
        if lines.len() > 2 {
            assert!(lines[0] < lines[lines.len() - 1], "{printed}");
            return;
        }
        assert!(times < 100_000, "never at work for a second");
    }
}

#[test]
fn stops_at_enter() {
    let tree = tree();
    const TIMES: usize = 20_000; // would be at it for a minute
    let mut child = du(tree.path(), TIMES);
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut progress = String::new();
    stdout.read_line(&mut progress).expect("a line");
    sums(progress.trim_end());

    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"\n").expect("a pipe that is read");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("the rest");
    let outcome = child.wait_with_output().expect("du's end");
    assert_eq!(String::from_utf8_lossy(&outcome.stderr), "du: cancelled\n");
    assert_eq!(outcome.status.code(), Some(1));
    for line in rest.lines() {
        assert!(sums(line).0 < TIMES as u64 * FILES, "it went on to the end");
    }
}

#[test]
fn ends_quietly_when_nobody_reads_on() {
    let tree = tree();
    let mut child = du(tree.path(), 20_000);
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut String::new()).expect("a line");
    drop(stdout);
    // An input that stays open is no reason to stay.
    let stdin = child.stdin.take();
    let outcome = child.wait_with_output().expect("du's end");
    assert_eq!((outcome.status.code(), &*outcome.stderr), (Some(0), &b""[..]));
    drop(stdin);
}

#[test]
fn counts_files_and_bytes() {
    let tree = tempfile::tempdir().expect("a directory");
    let root = tree.path();
    let mut bytes = 0;
    for i in 0..200_usize {
        let dir = root.join(format!("{}/{}", i % 5, i % 3));
        fs::create_dir_all(&dir).expect("a directory");
        fs::write(dir.join(format!("file {i}")), vec![0; i]).expect("a file");
        bytes += i;
    }
    let printed = run(Command::new(program("du")).arg(root)).clean();
    assert_eq!(printed, format!("200 files  {bytes} bytes\n"));

    let missing = root.join("missing");
    let outcome = run(Command::new(program("du")).args([root, &missing]));
    assert_eq!(outcome.status, Some(1));
    assert_eq!(outcome.stdout, printed.as_bytes());
    assert_eq!(
        outcome.stderr,
        format!(
            "du: {}: No such file or directory (os error 2)\n",
            missing.display()
        )
    );
}
