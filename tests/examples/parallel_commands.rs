//! `parallel_commands`: its output in the order of its input, what fails, what takes too long.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::program;

fn commands(options: &[&str], input: &str) -> Output {
    let mut child = Command::new(program("parallel_commands"))
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("parallel_commands");
    let mut to = child.stdin.take().expect("a pipe");
    to.write_all(input.as_bytes()).expect("its input");
    drop(to);
    child.wait_with_output().expect("its end")
}

#[test]
fn output_in_the_order_of_input() {
    let input = "sleep 0.1; echo one\necho two; echo err >&2\nexit 3\necho last\n";
    let expected = "$ sleep 0.1; echo one\none\n\
        $ echo two; echo err >&2\ntwo\nerr\n\
        $ exit 3\n[exit status: 3]\n\
        $ echo last\nlast\n\
        4 commands, 1 failed\n";
    for at_once in ["1", "2", "100"] {
        let output = commands(&["-j", at_once], input);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        assert_eq!((output.status.code(), &*output.stderr), (Some(1), &b""[..]));
    }
}

/// Those that wait for each other can only end if they run at the same time.
#[test]
fn as_many_at_once_as_it_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let wait = |mine: &str, other: &str| {
        let path = dir.path().display();
        format!("touch {path}/{mine}; while [ ! -e {path}/{other} ]; do sleep 0.01; done; echo met\n")
    };
    let output = commands(&["-j", "2"], &(wait("a", "b") + &wait("b", "a")));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        printed.lines().filter(|&line| line == "met").count(),
        2,
        "{printed}"
    );
    assert!(printed.ends_with("2 commands, 0 failed\n"), "{printed}");
}

#[test]
fn what_takes_too_long_is_killed() {
    let output = commands(&["-t", "0.5"], "echo begun; exec sleep 1000\n");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "$ echo begun; exec sleep 1000\nbegun\n[context deadline exceeded (signal: 9 (SIGKILL))]\n1 commands, 1 failed\n"
    );
}
