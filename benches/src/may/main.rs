//! The workloads on `may`: stackful coroutines.
//!
//! Stand-ins: may's channels are unbounded, so `spsc`, its fastest, stands in for unbuffered and
//! for bounded ones (`mpsc` and `mpmc` where several send or receive); the producers never wait for
//! anybody, which is to may's advantage. Its sieve therefore generates just the numbers that are
//! needed. It has no `select` over channels that loses nothing, so `cqueue` with an arm for each
//! channel stands in for it.

mod channels;
mod coroutines;
mod locks;
mod net;
mod quicksort;
mod trees;
mod waits;

use std::process::ExitCode;

use gort_bench::{LEAVES, Lateness, Workload};
use may::go;

const WORKLOADS: &[Workload] = &[
    Workload::sized("spawn", 1000, coroutines::spawn),
    Workload::new("yield", |n| coroutines::yields(4, n)),
    Workload::new("yield-alone", |n| coroutines::yields(1, n)),
    Workload::new("pingpong", |n| channels::pingpong(1, n)),
    Workload::sized("pairs", 16, channels::pingpong),
    Workload::new("buffered1x1", channels::buffered1x1),
    Workload::new("buffered8x8", channels::eight_to_eight),
    Workload::new("unbuffered8x8", channels::eight_to_eight),
    Workload::new("select2", channels::select::<2>),
    Workload::new("select4", channels::select::<4>),
    Workload::new("select8", channels::select::<8>),
    Workload::new("select32", channels::select::<32>),
    Workload::sized("ring", 1000, channels::ring),
    Workload::new("sieve", |_| trees::sieve()),
    Workload::sized("skynet", LEAVES, |leaves, _| trees::skynet(leaves)),
    Workload::new("mutex16", locks::mutex16),
    Workload::new("rwlock16", locks::rwlock16),
    Workload::new("cond", locks::cond),
    Workload::once("parked", 1000, coroutines::parked),
    Workload::once("parked-1e4", 10_000, coroutines::parked),
    Workload::once("parked-1e5", 100_000, coroutines::parked),
    Workload::once("parked-1e6", 1_000_000, coroutines::parked),
    Workload::once("sleeping-1e4", 10_000, waits::sleeping),
    Workload::once("sleeping-1e5", 100_000, waits::sleeping),
    Workload::cold("skynet-1e4", 10_000, trees::skynet),
    Workload::cold("skynet-1e6", LEAVES, trees::skynet),
    Workload::once("sleepers", 100_000, |n| waits::sleepers(Lateness::new(n))),
    Workload::once("sleepers-staggered", 100_000, |n| {
        waits::sleepers(Lateness::staggered(n))
    }),
    Workload::new("echo", net::echo),
    Workload::once("hogs", 1, |_| waits::hogs()),
    Workload::once("blocking-unannounced", 64, waits::unannounced),
    Workload::sized("quicksort", 5_000_000, |values, _| quicksort::quicksort(values)),
];

fn main() -> ExitCode {
    // The pool of idle coroutines holds a whole batch of `spawn` (its default is 100).
    may::config()
        .set_workers(gort_bench::workers())
        .set_pool_capacity(2000);
    go!(|| gort_bench::main(WORKLOADS, &[]))
        .join()
        .expect("the workload")
}
