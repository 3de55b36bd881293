//! The goroutines: one walker, N digesters, and channels between them that are bounded, so that a slow stage slows the
//! stages before it down. Each stage ends when the one before it has ended (its channel closes with its last sender) or
//! when `done` closes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gort::prelude::*;

use crate::digest::{self, Digested, Source};
use crate::walk::{self, Problem, Walk};

pub(crate) type Outcome = Result<Digested, Problem>;

/// How many files the walker has come upon; a digester may be far behind it.
#[derive(Clone, Default)]
pub(crate) struct Found(Arc<AtomicU64>);

impl Found {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Starts the pipeline. What comes out is numbered from 0 in the order of the walk, but comes as it is ready. Dropping the
/// sender, which never sends anything, closes `done`.
pub(crate) fn start(root: PathBuf, digesters: usize) -> (Found, Receiver<(u64, Outcome)>, Sender<()>) {
    let (done_tx, done) = gort::channel::<()>(0);
    let (paths_tx, paths) = gort::channel(4 * digesters);
    let (outcomes_tx, outcomes) = gort::channel(4 * digesters);
    let found = Found::default();
    for _ in 0..digesters {
        go!(digester(paths.clone(), outcomes_tx.clone(), done.clone()));
    }
    go!(walker(root, found.clone(), paths_tx, outcomes_tx, done));
    (found, outcomes, done_tx)
}

fn walker(
    root: PathBuf,
    found: Found,
    paths: Sender<(u64, PathBuf)>,
    outcomes: Sender<(u64, Outcome)>,
    done: Receiver<()>,
) {
    let walk = Walk::new(root, |path| gort::blocking(|| walk::list(path)));
    for (number, file) in (0..).zip(walk) {
        found.0.store(number + 1, Ordering::Relaxed);
        match file {
            Ok(path) => select! {
                paths <- (number, path) => {}
                <-done => return,
            },
            Err(problem) => select! {
                outcomes <- (number, Err(problem)) => {}
                <-done => return,
            },
        }
    }
}

fn digester(paths: Receiver<(u64, PathBuf)>, outcomes: Sender<(u64, Outcome)>, done: Receiver<()>) {
    let mut buffer = digest::buffer();
    let fill = |source: &mut Source<'_>, buffer: &mut [u8]| gort::blocking(|| source.fill(buffer));
    for (number, path) in paths {
        let outcome = digest::digest(path, &mut buffer, fill);
        select! {
            outcomes <- (number, outcome) => {}
            <-done => return,
        }
    }
}

/// Puts numbered values back in order.
#[derive(Default)]
pub(crate) struct InOrder {
    next: u64,
    early: HashMap<u64, Outcome>,
}

impl InOrder {
    /// Takes one and gives all whose turn has come.
    pub(crate) fn put(&mut self, number: u64, outcome: Outcome) -> impl Iterator<Item = Outcome> {
        self.early.insert(number, outcome);
        std::iter::from_fn(|| {
            let outcome = self.early.remove(&self.next)?;
            self.next += 1;
            Some(outcome)
        })
    }
}
