//! Models: loom runs the real channel and select code in every order of its atomic steps that
//! matters.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p gort-channels --release --lib loom`, with a target
//! directory of its own.
//!
//! A lost wake-up shows as loom's "deadlock", a race on a slot, a node or a buffer as a causality
//! violation of loom's cells, a value lost or doubled as a failed count. Where a model has a
//! preemption bound, it says so: bound `n` explores all executions in which threads are preempted
//! at most `n` times (waiting does not count), which is where such bugs are found.

mod futures;
mod plain;
mod select;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// Runs a model with at most that many preemptions; `None`: all executions.
fn model(preemptions: Option<usize>, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(body);
}

/// Polls with a waker that does nothing.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Values that count their drops. (Not loom's atomics: these are no part of the protocol.)
#[derive(Clone, Default)]
struct Ledger(StdArc<StdAtomicUsize>);

#[derive(Debug)]
struct Token(StdArc<StdAtomicUsize>);

impl Ledger {
    fn token(&self) -> Token {
        Token(StdArc::clone(&self.0))
    }

    fn dropped(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
