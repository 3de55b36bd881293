//! The workloads on tokio: tasks, `tokio::sync` and, where several receive, `async-channel`.
//!
//! Stand-ins: tokio has no unbuffered channel, so a capacity of 1 (the smallest it takes) stands in
//! for it; nor one with several receivers, where `async-channel` does. The body of a workload is
//! itself a task, because the thread that calls `block_on` is not a worker.

mod channels;
mod locks;
mod net;
mod quicksort;
mod select;
mod served;
mod tasks;
mod trees;
mod waits;

use std::future::Future;
use std::process::ExitCode;
use std::sync::LazyLock;

use gort_bench::{LEAVES, Lateness, Served, Workload};
use tokio::runtime::Runtime;

const WORKLOADS: &[Workload] = &[
    Workload::sized("spawn", 1000, |batch, n| on_a_worker(tasks::spawn(batch, n))),
    Workload::new("yield", |n| on_a_worker(tasks::yields(4, n))),
    Workload::new("yield-alone", |n| on_a_worker(tasks::yields(1, n))),
    Workload::new("pingpong", |n| on_a_worker(channels::pingpong(1, n))),
    Workload::sized("pairs", 16, |pairs, n| on_a_worker(channels::pingpong(pairs, n))),
    Workload::new("buffered1x1", |n| on_a_worker(channels::buffered1x1(n))),
    Workload::new("buffered8x8", |n| on_a_worker(channels::eight_to_eight(128, n))),
    Workload::new("unbuffered8x8", |n| on_a_worker(channels::eight_to_eight(1, n))),
    Workload::new("select2", |n| on_a_worker(select::select2(n))),
    Workload::new("select4", |n| on_a_worker(select::select4(n))),
    Workload::new("select8", |n| on_a_worker(select::select8(n))),
    Workload::new("select32", |n| on_a_worker(select::select32(n))),
    Workload::sized("ring", 1000, |nodes, n| on_a_worker(channels::ring(nodes, n))),
    Workload::new("sieve", |_| on_a_worker(trees::sieve())),
    Workload::sized("skynet", LEAVES, |leaves, _| on_a_worker(trees::skynet(leaves))),
    Workload::new("mutex16", |n| on_a_worker(locks::mutex16(n))),
    Workload::new("rwlock16", |n| on_a_worker(locks::rwlock16(n))),
    Workload::once("parked", 1000, |n| on_a_worker(tasks::parked(n))),
    Workload::once("parked-1e4", 10_000, |n| on_a_worker(tasks::parked(n))),
    Workload::once("parked-1e5", 100_000, |n| on_a_worker(tasks::parked(n))),
    Workload::once("parked-1e6", 1_000_000, |n| on_a_worker(tasks::parked(n))),
    Workload::once("sleeping-1e4", 10_000, |n| on_a_worker(waits::sleeping(n))),
    Workload::once("sleeping-1e5", 100_000, |n| on_a_worker(waits::sleeping(n))),
    Workload::cold("skynet-1e4", 10_000, |leaves| on_a_worker(trees::skynet(leaves))),
    Workload::cold("skynet-1e6", LEAVES, |leaves| on_a_worker(trees::skynet(leaves))),
    Workload::once("sleepers", 100_000, |n| {
        on_a_worker(waits::sleepers(Lateness::new(n)))
    }),
    Workload::once("sleepers-staggered", 100_000, |n| {
        on_a_worker(waits::sleepers(Lateness::staggered(n)))
    }),
    Workload::new("echo", |n| on_a_worker(net::echo(n))),
    Workload::once("hogs", 1, |_| on_a_worker(waits::hogs())),
    Workload::once("blocking", 64, |n| on_a_worker(waits::announced(n))),
    Workload::once("blocking-unannounced", 64, |n| on_a_worker(waits::unannounced(n))),
    Workload::sized("quicksort", 5_000_000, |values, _| {
        on_a_worker(quicksort::quicksort(values))
    }),
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(gort_bench::workers())
        .enable_all()
        .build()
        .expect("a tokio runtime")
});

fn on_a_worker<T: Send + 'static>(body: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.block_on(RUNTIME.spawn(body)).expect("the workload")
}

fn main() -> ExitCode {
    if let Some(what) = Served::asked() {
        on_a_worker(served::serve(what)).expect("a server");
    }
    gort_bench::main(WORKLOADS, &["serve"])
}
