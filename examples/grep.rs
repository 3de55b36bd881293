//! Searches a tree for a text, as `grep -rnF` does, all files at once.
//!
//! `cargo run --release --example grep -- TEXT PATH…`
//!
//! The Go idiom: a goroutine walks the tree and sends paths, a fixed number of workers search, and an `errgroup` collects the first
//! error. Its context stops everybody. Output is in the order of the paths, whoever is done first: the walker numbers them, and
//! the printer keeps what comes early.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gort::context::{self, Context};
use gort::errgroup::Group;
use gort::fs;
use gort::prelude::*;

/// More than there are CPUs: most of their time they wait for the disk.
const WORKERS: usize = 16;

/// A file, and its place in the output.
type Job = (usize, PathBuf);
/// What is to be printed of the file with that place.
type Found = (usize, String);

#[gort::main]
fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let Some(text) = args.next().and_then(|text| text.into_string().ok()) else {
        eprintln!("usage: grep TEXT PATH...");
        return ExitCode::from(2);
    };
    let roots: Vec<PathBuf> = args.map(PathBuf::from).collect();
    match search(text, roots) {
        Ok(0) => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("grep: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the lines; gives their number.
fn search(text: String, roots: Vec<PathBuf>) -> io::Result<usize> {
    let (group, ctx) = Group::<io::Error>::with_context(context::background());
    let (jobs_tx, jobs) = gort::channel::<Job>(WORKERS);
    let (found_tx, found) = gort::channel::<Found>(WORKERS);

    go!(group => [ctx] {
        let mut next = 0;
        roots
            .iter()
            .try_for_each(|root| walk(root, &mut next, &jobs_tx, &ctx))
    });
    for _ in 0..WORKERS {
        go!(group => [text, jobs, found = found_tx.clone(), ctx] {
            for (number, path) in jobs {
                let lines = look(&text, &path)?;
                select! {
                    found <- (number, lines) => {}
                    <-ctx.done() => break,
                }
            }
            Ok(())
        });
    }
    drop((jobs, found_tx));

    let lines = Arc::new(AtomicUsize::new(0));
    // One of them too: if nobody reads what is printed, there is no use in going on.
    go!(group => [lines] { print(found, &lines) });
    group.wait()?;
    Ok(lines.load(Ordering::Relaxed))
}

/// Sends every file below `path`, in the order of their names.
fn walk(path: &Path, next: &mut usize, jobs: &Sender<Job>, ctx: &Context) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let about = fs::symlink_metadata(path).map_err(named)?;
    if about.is_file() {
        select! {
            jobs <- (*next, path.to_owned()) => *next += 1,
            <-ctx.done() => {}
        }
    }
    if about.is_dir() && ctx.err().is_none() {
        let mut entries = fs::read_dir(path)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(named)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            walk(&entry.path(), next, jobs, ctx)?;
        }
    }
    Ok(())
}

/// The lines of the file that have the text, as `path:number:line`.
fn look(text: &str, path: &Path) -> io::Result<String> {
    let mut found = String::new();
    let lines = BufReader::with_capacity(64 << 10, fs::File::open(path)?).lines();
    for (number, line) in (1..).zip(lines) {
        match line {
            Ok(line) if line.contains(text) => {
                found += &format!("{}:{number}:{line}\n", path.display());
            }
            Ok(_) => {}
            // Not a text.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => break,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn print(found: Receiver<Found>, lines: &AtomicUsize) -> io::Result<()> {
    let mut out = BufWriter::new(gort::io::stdout());
    let (mut early, mut next) = (BTreeMap::new(), 0);
    for (number, text) in found {
        early.insert(number, text);
        while let Some(text) = early.remove(&next) {
            out.write_all(text.as_bytes())?;
            lines.fetch_add(text.lines().count(), Ordering::Relaxed);
            next += 1;
        }
    }
    out.flush()
}
