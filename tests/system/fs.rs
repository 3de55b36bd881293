//! Files and the standard streams: what they do is what std's do, and what waits in them stops
//! nobody.

use std::collections::BTreeSet;
use std::fs as std_fs;
use std::io::{BufRead, BufReader, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirEntryExt, FileExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gort::fs::{self, File, OpenOptions};
use gort::prelude::*;

use crate::support::child::Child;

fn fifo(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    path
}

/// GS-96: one worker, and a goroutine that waits twice: for somebody to open the other end, and for
/// what it writes.
#[test]
fn a_fifo_stops_nobody() {
    Child::default()
        .env("GOMAXPROCS", 1)
        .run(|| {
            gort::run(|| {
                let dir = tempfile::tempdir().unwrap();
                let path = fifo(dir.path());
                let its = path.clone();
                let reader = go!(move || {
                    let mut read = Vec::new();
                    let mut file = File::open(its).unwrap();
                    file.read_to_end(&mut read).unwrap();
                    read
                });
                // Others take turns while it waits to open, and while it waits to read.
                let turns = Arc::new(AtomicUsize::new(0));
                let others = |target: usize| {
                    let turns = turns.clone();
                    go!(move || {
                        while turns.fetch_add(1, Ordering::SeqCst) < target {
                            gort::runtime::gosched();
                        }
                    })
                    .join()
                    .unwrap();
                };
                others(1000);
                let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
                writer.write_all(b"one ").unwrap();
                others(2000);
                assert!(!reader.is_finished());
                writer.write_all(b"two").unwrap();
                drop(writer);
                assert_eq!(reader.join().unwrap(), b"one two");
            });
        })
        .expect_code(0);
}

/// More FIFOs than workers, all read at once through the pool, none of which gets anything before
/// all are open.
#[gort::test]
fn many_fifos_at_once() {
    let dirs: Vec<_> = (0..32).map(|_| tempfile::tempdir().unwrap()).collect();
    let paths: Vec<_> = dirs.iter().map(|dir| fifo(dir.path())).collect();
    let readers: Vec<_> = paths
        .iter()
        .cloned()
        .map(|path| go!(move || fs::read_to_string(path).unwrap()))
        .collect();
    let writers: Vec<_> = paths
        .iter()
        .map(|path| OpenOptions::new().write(true).open(path).unwrap())
        .collect();
    for (i, mut writer) in writers.into_iter().enumerate() {
        write!(writer, "{i}").unwrap();
    }
    for (i, reader) in readers.into_iter().enumerate() {
        assert_eq!(reader.join().unwrap(), i.to_string());
    }
}

#[gort::test]
fn a_file_does_what_stds_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(&path)
        .unwrap();
    write!(file, "{}-{}", 12, 34).unwrap();
    let parts = [IoSlice::new(b"56"), IoSlice::new(b"78")];
    assert_eq!(file.write_vectored(&parts).unwrap(), 4);
    file.flush().unwrap();
    assert_eq!(file.stream_position().unwrap(), 9);
    assert_eq!(file.seek(SeekFrom::End(-4)).unwrap(), 5);
    let (mut one, mut two) = ([0; 1], [0; 2]);
    let read = file
        .read_vectored(&mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)])
        .unwrap();
    assert_eq!((read, one, two), (3, *b"5", *b"67"));

    // At a place, through a shared handle, without moving it.
    file.write_all_at(b"xy", 1).unwrap();
    let mut at = [0; 3];
    file.read_exact_at(&mut at, 0).unwrap();
    assert_eq!((&at, file.stream_position().unwrap()), (b"1xy", 8));
    assert_eq!(file.read_at(&mut at, 100).unwrap(), 0);

    // Both handles of one open file are at the same place.
    let mut twin = file.try_clone().unwrap();
    twin.rewind().unwrap();
    let mut all = String::new();
    (&file).read_to_string(&mut all).unwrap();
    assert_eq!(all, "1xy345678");

    file.set_len(2).unwrap();
    file.sync_all().unwrap();
    file.sync_data().unwrap();
    assert_eq!(file.metadata().unwrap().len(), 2);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let file = File::from(file.into_std());
    let error = (&file).read_exact(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert_eq!(std_fs::read(&path).unwrap(), b"1x");
}

#[gort::test]
fn errors_are_stds() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = dir.path().join("nothing");
    let same = |ours: std::io::Error, stds: std::io::Error| assert_eq!(ours.to_string(), stds.to_string());
    same(
        fs::read(&nothing).unwrap_err(),
        std_fs::read(&nothing).unwrap_err(),
    );
    same(
        fs::read_dir(&nothing).unwrap_err(),
        std_fs::read_dir(&nothing).unwrap_err(),
    );
    same(
        fs::remove_dir(&nothing).unwrap_err(),
        std_fs::remove_dir(&nothing).unwrap_err(),
    );
    same(
        fs::create_dir(dir.path()).unwrap_err(),
        std_fs::create_dir(dir.path()).unwrap_err(),
    );
    same(
        fs::read_to_string("/dev/null/x").unwrap_err(),
        std_fs::read_to_string("/dev/null/x").unwrap_err(),
    );
    std_fs::write(&nothing, [0xff]).unwrap();
    same(
        fs::read_to_string(&nothing).unwrap_err(),
        std_fs::read_to_string(&nothing).unwrap_err(),
    );
}

/// More entries than are read ahead at a time.
#[gort::test]
fn a_directory_gives_every_entry_once() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..300 {
        let path = dir.path().join(i.to_string());
        match i % 3 {
            0 => fs::write(path, "x").unwrap(),
            1 => fs::create_dir(path).unwrap(),
            _ => fs::symlink("nowhere", path).unwrap(),
        }
    }
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let i: u32 = entry.file_name().to_str().unwrap().parse().unwrap();
        let (kind, about) = (entry.file_type().unwrap(), entry.metadata().unwrap());
        let is = [kind.is_file(), kind.is_dir(), kind.is_symlink()];
        assert!(is[i as usize % 3], "{i} is {kind:?}");
        assert_eq!(about.file_type(), kind);
        assert!(entry.ino() > 0 && entry.path() == dir.path().join(i.to_string()));
        assert!(seen.insert(i));
    }
    assert_eq!(seen, (0..300).collect());
}

/// One worker; who waits for the lock of a file does not keep its holder from giving it back.
#[test]
fn a_lock_stops_nobody() {
    Child::default()
        .env("GOMAXPROCS", 1)
        .run(|| {
            // Nor do all of them together fill the pool, so that he could not.
            let builder = gort::runtime::Builder::new()
                .blocking_threads(2)
                .blocking_patience(Duration::MAX);
            let run = builder.run(|| {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("lock");
                let held = File::create(&path).unwrap();
                held.lock().unwrap();
                let waiters: Vec<_> = (0..8)
                    .map(|_| {
                        let path = path.clone();
                        go!(move || {
                            let mine = File::open(path).unwrap();
                            mine.lock().unwrap();
                            mine.unlock().unwrap();
                        })
                    })
                    .collect();
                gort::time::sleep(Duration::from_millis(5));
                assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
                held.unlock().unwrap();
                waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
            });
            run.unwrap();
        })
        .expect_code(0);
}

/// Runs this test again as a child that calls `program`, with pipes; `Some` in the parent.
fn piped(test: &str, program: fn()) -> Option<std::process::Child> {
    const MARK: &str = "GORT_PIPED";
    if std::env::var_os(MARK).is_some() {
        program();
        std::process::exit(0);
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1", "--quiet"])
        .env(MARK, "1")
        .env("GOMAXPROCS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    Some(child.unwrap())
}

/// One worker: two goroutines share the lines of the input, a third takes its turns while they
/// wait.
#[test]
fn stdin_stops_nobody() {
    fn program() {
        gort::run(|| {
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    go!({
                        for line in gort::io::stdin().lines() {
                            writeln!(gort::io::stdout(), "got {}", line.unwrap()).unwrap();
                        }
                    })
                })
                .collect();
            for _ in 0..1000 {
                gort::runtime::gosched();
            }
            assert!(readers.iter().all(|reader| !reader.is_finished()));
            writeln!(gort::io::stdout(), "got nothing yet").unwrap();
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
    }
    let Some(mut child) = piped("fs::stdin_stops_nobody", program) else {
        return;
    };
    let mut out = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut next = || out.find(|line| line.starts_with("got ")).unwrap();
    // Only then is there input.
    assert_eq!(next(), "got nothing yet");
    let mut input = child.stdin.take().unwrap();
    for i in 0..100 {
        writeln!(input, "{i}").unwrap();
    }
    drop(input);
    let got: BTreeSet<_> = (0..100).map(|_| next()).collect();
    assert_eq!(got, (0..100).map(|i| format!("got {i}")).collect());
    assert!(child.wait().unwrap().success());
}

/// Standard input as a reader, without its lines; the lock is kept across waits.
#[test]
fn stdin_is_a_reader() {
    fn program() {
        gort::run(|| {
            let input = gort::io::stdin();
            let mut field = Vec::new();
            input.lock().read_until(b',', &mut field).unwrap();
            assert_eq!(field, b"first,");
            let mut line = String::new();
            assert_eq!(input.read_line(&mut line).unwrap(), 5);
            let copied = gort::io::copy(&mut &input, &mut gort::io::stdout()).unwrap();
            gort::io::stdout().flush().unwrap();
            assert_eq!(copied, 200_000);
        });
    }
    let Some(mut child) = piped("fs::stdin_is_a_reader", program) else {
        return;
    };
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        input.write_all(b"fir").unwrap();
        input.write_all(b"st,line\n").unwrap();
        input.write_all(&[b'z'; 200_000]).unwrap();
    });
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success());
    assert_eq!(out.stdout.iter().filter(|&&byte| byte == b'z').count(), 200_000);
}

/// A file that several goroutines share has one place, and each line that is written at once stays
/// whole.
#[gort::test]
fn a_shared_file_is_written_by_many() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = Arc::new(File::create(&path).unwrap());
    let writers: Vec<_> = (0..8)
        .map(|i| {
            let log = Arc::clone(&log);
            go!(move || (0..20).for_each(|n| writeln!(&*log, "{i} {n}").unwrap()))
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let mut lines = BTreeSet::new();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().all(|line| lines.insert(line)));
    assert_eq!(lines.len(), 160);
}

#[gort::test]
fn directories_are_made_as_they_are_described() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    assert!(fs::DirBuilder::new().create(&deep).is_err());
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o710)
        .create(&deep)
        .unwrap();
    fs::DirBuilder::new().recursive(true).create(&deep).unwrap();
    assert!(fs::DirBuilder::new().create(&deep).is_err());
    assert_eq!(fs::metadata(&deep).unwrap().permissions().mode() & 0o777, 0o710);
}
