//! Models: loom runs the runtime's protocols in every order of their atomic steps that matters.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p gort-runtime --release --lib loom`, with a target
//! directory of its own.
//!
//! What runs is the code of the crate itself; only what stands around it (queues, threads, the
//! stack of a goroutine) is a model. A lost wake-up shows as loom's "deadlock", a race on a cell as
//! a causality violation. Each file says which breaches of its protocol were tried, by mutation,
//! and are caught. Where a model has a preemption bound, it says so: bound `n` explores all
//! executions in which threads are preempted at most `n` times (waiting does not count).

mod bias;
mod future;
mod helpers;
mod idle;
mod join;
mod poll;
mod sema;
mod turn;
mod unwinding;
mod watch;

/// Runs a model with at most that many preemptions; `None`: all executions.
fn model(preemptions: Option<usize>, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(body);
}
