//! `grep`: what it finds, in which order, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{program, run};

/// 200 files in 10 directories; the line of number 7 has the text in every third.
fn tree() -> (tempfile::TempDir, String) {
    let tree = tempfile::tempdir().expect("a directory");
    let mut expected = String::new();
    for i in 0..200 {
        // Named so that they come in this order.
        let name = format!("{:02}/{i:03}", i / 20);
        let path = tree.path().join(&name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        let has = i % 3 == 0;
        let text: String = (1..=20)
            .map(|n| format!("line {n}{}\n", if has && n == 7 { ": here it is" } else { "" }))
            .collect();
        fs::write(path, text).expect("a file");
        if has {
            expected += &format!("./{name}:7:line 7: here it is\n");
        }
    }
    // No text, no file.
    fs::write(tree.path().join("binary"), b"here\n\xff\xfe\nhere\n").expect("a file");
    std::os::unix::fs::symlink("00", tree.path().join("link")).expect("a link");
    (tree, expected)
}

fn grep(text: &str, tree: &Path) -> Command {
    let mut command = Command::new(program("grep"));
    command.args([text, "."]).current_dir(tree);
    command
}

#[test]
fn finds_in_the_order_of_paths() {
    let (tree, expected) = tree();
    assert_eq!(run(&mut grep("here it is", tree.path())).clean(), expected);
}

#[test]
fn nothing_found_is_a_failure() {
    let (tree, _) = tree();
    let outcome = run(&mut grep("nowhere", tree.path()));
    assert_eq!((outcome.status, &*outcome.stdout), (Some(1), &b""[..]));
    let outcome = run(grep("here", tree.path()).arg("./missing"));
    assert_eq!(outcome.status, Some(2));
    assert!(
        outcome.stderr.starts_with("grep: ./missing: "),
        "{}",
        outcome.stderr
    );
}

/// As under `head -1`: more is found than a pipe holds.
#[test]
fn ends_when_nobody_reads() {
    let tree = tempfile::tempdir().expect("a directory");
    for i in 0..50 {
        fs::write(tree.path().join(i.to_string()), "here\n".repeat(10_000)).expect("a file");
    }
    let mut child = grep("here", tree.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("grep");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    out.read_line(&mut line).expect("a line");
    assert_eq!(line, "./0:1:here\n");
    drop(out);
    let end = child.wait_with_output().expect("its end");
    assert_eq!(
        end.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&end.stderr)
    );
}
