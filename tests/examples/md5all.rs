//! `md5all` against `find | sort | xargs md5sum`, over a tree with everything that can go wrong.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Outcome, program, run};

/// A tree with all kinds of names, among them those that order or quoting get wrong, and things that are no files.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().expect("a directory");
    let root = tree.path();
    let names: &[&[u8]] = &[
        b"a/x",
        b"a-b",
        b"a.txt",
        b"ab/c",
        b"a/deeper/still/file",
        b"with space",
        b"back\\slash",
        b"new\nline",
        b"cr\rr",
        b"not utf-8 \xff\xfe",
        b"B",
        b"\xc3\xa4",
        b".hidden/file",
        b"-n",
        b"'quote\"",
    ];
    for (i, name) in names.iter().enumerate() {
        let path = root.join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, vec![b'x'; i * i * 1000]).expect("a file");
    }
    fs::write(root.join("empty"), "").expect("a file");
    // As long as what md5all reads at a time, and one byte to either side of it.
    for size in [(256 << 10) - 1, 256 << 10, (256 << 10) + 1] {
        fs::write(root.join(format!("of {size}")), vec![7; size]).expect("a file");
    }
    for i in 0..300 {
        fs::create_dir_all(root.join(format!("many/{}", i % 7))).expect("a directory");
        fs::write(root.join(format!("many/{}/{i}", i % 7)), i.to_string()).expect("a file");
    }
    fs::create_dir(root.join("nothing in it")).expect("a directory");
    symlink("a.txt", root.join("link to a file")).expect("a link");
    symlink("a", root.join("link to a directory")).expect("a link");
    symlink("nowhere", root.join("dangling link")).expect("a link");
    tree
}

/// What the commands print that md5all stands for (with NUL between names, for those with line breaks).
fn find_sort_md5sum(dir: &OsStr, current: &Path) -> Vec<u8> {
    const SCRIPT: &str = r#"find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum --"#;
    let mut command = Command::new("sh");
    let outcome = run(command.args(["-c", SCRIPT, "sh"]).arg(dir).current_dir(current));
    assert_eq!(outcome.status, Some(0), "{outcome:#?}");
    outcome.stdout
}

fn md5all<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Outcome {
    run(Command::new(program("md5all")).args(args))
}

#[test]
fn prints_what_find_sort_md5sum_print() {
    let tree = tree();
    let root = tree.path().as_os_str().to_owned();
    let mut with_slash = root.clone();
    with_slash.push("/");
    for dir in [
        root,
        with_slash,
        ".".into(),
        "a".into(),
        "./a.txt".into(),
        "link to a directory/".into(),
    ] {
        let expected = find_sort_md5sum(&dir, tree.path());
        assert!(!expected.is_empty());
        for options in [
            &["--digesters", "1"][..],
            &["--digesters", "7"],
            &[],
            &["--sequential"],
        ] {
            let mut command = Command::new(program("md5all"));
            let outcome = run(command.args(options).arg("--").arg(&dir).current_dir(tree.path()));
            assert_eq!(
                (outcome.status, outcome.stderr.as_str()),
                (Some(0), ""),
                "{dir:?} {options:?}"
            );
            let [printed, expected] =
                [&outcome.stdout, &expected].map(|bytes| String::from_utf8_lossy(bytes));
            assert_eq!(printed, expected, "{dir:?} {options:?}");
        }
    }
}

#[test]
fn follows_no_link() {
    let tree = tree();
    for link in ["link to a file", "link to a directory", "dangling link"] {
        let printed = md5all([tree.path().join(link)]).clean();
        assert_eq!(printed, "", "{link}");
    }
}

#[test]
fn names_a_missing_directory() {
    let tree = tree();
    let missing = tree.path().join("missing");
    for options in [&[][..], &["--sequential"]] {
        let args = options
            .iter()
            .map(OsString::from)
            .chain([missing.clone().into_os_string()]);
        let outcome = md5all(args);
        let message = format!(
            "md5all: {}: No such file or directory (os error 2)\n",
            missing.display()
        );
        assert_eq!((outcome.status, outcome.stderr), (Some(1), message));
        assert!(outcome.stdout.is_empty());
    }
}

#[test]
fn digests_the_rest_when_something_cannot_be_read() {
    let tree = tempfile::tempdir().expect("a directory");
    let root = tree.path();
    fs::create_dir_all(root.join("closed")).expect("a directory");
    for name in ["a", "b", "c", "closed/d"] {
        fs::write(root.join(name), name).expect("a file");
    }
    // Nothing is unreadable to root: then the program runs as somebody else, from where anybody can run it.
    let copy = tempfile::tempdir().expect("a directory");
    let program_copy = copy.path().join("md5all");
    fs::copy(program("md5all"), &program_copy).expect("a copy of md5all");
    for (path, mode) in [
        (copy.path(), 0o755),
        (root, 0o755),
        (&root.join("b"), 0o000),
        (&root.join("closed"), 0o000),
    ] {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
    }
    let root_user = File::open(root.join("b")).is_ok();

    for options in [&[][..], &["--sequential"]] {
        let mut command = Command::new(&program_copy);
        command.args(options).arg(".").current_dir(root);
        if root_user {
            command.uid(65_534).gid(65_534);
        }
        let outcome = run(&mut command);
        assert_eq!(
            String::from_utf8_lossy(&outcome.stdout),
            "0cc175b9c0f1b6a831c399e269772661  ./a\n4a8a08f09d37b73795649038408b5f33  ./c\n",
            "{outcome:#?}"
        );
        let denied = |name| format!("md5all: ./{name}: Permission denied (os error 13)\n");
        assert_eq!(outcome.stderr, denied("b") + &denied("closed"));
        assert_eq!(outcome.status, Some(1));
    }
    let mode = Permissions::from_mode(0o755);
    fs::set_permissions(root.join("closed"), mode).expect("permissions, so that the tree can be removed");
}

#[test]
fn says_how_it_is_called() {
    let help = md5all(["--help"]).clean();
    assert!(
        help.starts_with("usage: md5all ") && help.contains("--digesters N"),
        "{help}"
    );
    let wrong: &[(&[&str], &str)] = &[
        (&[], "md5all: which directory?"),
        (&["--fast", "."], "md5all: unknown option --fast"),
        (&["--digesters"], "md5all: --digesters needs a number"),
        (
            &["--digesters", "0", "."],
            "md5all: --digesters takes a number from 1 to 10000, not 0",
        ),
        (
            &["--digesters", "many", "."],
            "md5all: --digesters takes a number from 1 to 10000, not many",
        ),
        (
            &["one", "two"],
            "md5all: one directory only, but there is also two",
        ),
    ];
    for (args, message) in wrong {
        let outcome = md5all(*args);
        assert_eq!(outcome.status, Some(2), "{args:?}");
        assert_eq!(outcome.stderr, format!("{message}\n{help}"), "{args:?}");
        assert!(outcome.stdout.is_empty());
    }
}

#[test]
fn ends_quietly_when_nobody_reads_on() {
    let tree = tempfile::tempdir().expect("a directory");
    for i in 0..3000 {
        fs::write(tree.path().join(format!("a file with a long name {i}")), "").expect("a file");
    }
    for options in [&["--digesters", "4"][..], &["--sequential"]] {
        let mut command = Command::new(program("md5all"));
        command.args(options).arg(tree.path());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("md5all");
        let mut first = [0; 32];
        child
            .stdout
            .take()
            .expect("a pipe")
            .read_exact(&mut first)
            .expect("a line"); // and then the pipe is closed
        let outcome = child.wait_with_output().expect("md5all's end");
        assert_eq!(&first, b"d41d8cd98f00b204e9800998ecf8427e", "{options:?}");
        assert_eq!(
            (outcome.status.code(), &*outcome.stderr),
            (Some(0), &b""[..]),
            "{options:?}"
        );
    }
}
