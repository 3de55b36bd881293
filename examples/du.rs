//! Disk usage of directories, counted concurrently ("The Go Programming Language", 8.8 and 8.9: du4).
//!
//! `cargo run --release --example du -- [-v] DIR…`; Enter cancels.
//!
//! The Go idiom: a goroutine for every directory, a channel as a counting semaphore so that not all of them read at once, and
//! a `done` channel whose closing ends everything. The book counts goroutines to know when to close the channel of
//! sizes; here it closes with its last sender.

use std::fs::DirEntry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, fs, io};

use gort::prelude::*;
use gort::time::tick;

/// What every goroutine of one count shares.
#[derive(Clone)]
struct Count {
    sizes: Sender<u64>,
    /// Holds a token for each directory that is being read.
    reading: Chan<()>,
    done: Receiver<()>,
    failed: Arc<AtomicBool>,
}

#[gort::main]
fn main() -> ExitCode {
    let (options, mut roots): (Vec<_>, Vec<_>) = env::args_os().skip(1).partition(|arg| arg == "-v");
    if roots.is_empty() {
        roots.push(".".into());
    }
    let done = chan!(());
    go!([done = done.tx()] {
        // The end of the input (as under a script) is no wish to cancel; a line is.
        if gort::io::stdin().read_line(&mut String::new()).is_ok_and(|bytes| bytes > 0) {
            done.close();
        }
    });

    let (sizes_tx, sizes) = gort::channel(0);
    let failed = Arc::new(AtomicBool::new(false));
    let count = Count {
        sizes: sizes_tx,
        reading: chan!((), 20),
        done: done.rx(),
        failed: failed.clone(),
    };
    for root in roots {
        go!(walk(root.into(), count.clone()));
    }
    drop(count);

    // `None` is never ready, as a nil channel in Go.
    let progress = (!options.is_empty()).then(|| tick(Duration::from_millis(500)));
    let (mut files, mut bytes) = (0, 0);
    loop {
        select! {
            size = <-sizes => match size {
                Some(size) => {
                    files += 1;
                    bytes += size;
                }
                None => break,
            },
            <-progress => {
                if !report(files, bytes) {
                    return ExitCode::SUCCESS;
                }
            }
            <-done => break,
        }
    }
    // The walkers may all have gone home before this goroutine saw why: their last size is then not the last there is.
    if done.is_closed() {
        eprintln!("du: cancelled");
        return ExitCode::FAILURE;
    }
    report(files, bytes);
    if failed.load(Ordering::Relaxed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// `false` if nobody reads it any more.
fn report(files: u64, bytes: u64) -> bool {
    writeln!(io::stdout(), "{files} files  {bytes} bytes").is_ok()
}

/// Sends the size of everything below `dir` that is no directory.
fn walk(dir: PathBuf, count: Count) {
    for (entry, about) in entries(&dir, &count) {
        if about.is_dir() {
            go!(walk(entry.path(), count.clone()));
        } else {
            select! {
                count.sizes <- about.len() => {}
                <-count.done => return,
            }
        }
    }
}

fn entries(dir: &Path, count: &Count) -> Vec<(DirEntry, fs::Metadata)> {
    select! {
        count.reading <- () => {}
        <-count.done => return Vec::new(),
    }
    defer! {
        chan!(<-count.reading);
    }
    // What vanishes meanwhile does not count.
    let with_size =
        |entry: io::Result<DirEntry>| entry.and_then(|e| e.metadata().map(|about| (e, about))).ok();
    let read = || fs::read_dir(dir).map(|entries| entries.filter_map(with_size).collect());
    let entries: io::Result<Vec<_>> = gort::blocking(read);
    entries.unwrap_or_else(|error| {
        eprintln!("du: {}: {error}", dir.display());
        count.failed.store(true, Ordering::Relaxed);
        Vec::new()
    })
}
