//! The workloads on gort.

mod blocking;
mod channels;
mod goroutines;
mod locks;
mod net;
mod parked;
mod quicksort;
mod select;
mod served;
mod sleepers;
mod trees;

use std::process::ExitCode;

use gort_bench::{LEAVES, Lateness, Served, Workload};

const WORKLOADS: &[Workload] = &[
    Workload::sized("spawn", 1000, goroutines::spawn),
    Workload::new("yield", |n| goroutines::yields(4, n)),
    Workload::new("yield-alone", |n| goroutines::yields(1, n)),
    Workload::new("pingpong", |n| channels::pingpong(1, n)),
    Workload::sized("pairs", 16, channels::pingpong),
    Workload::new("buffered1x1", channels::buffered1x1),
    Workload::new("buffered8x8", |n| channels::eight_to_eight(128, n)),
    Workload::new("unbuffered8x8", |n| channels::eight_to_eight(0, n)),
    Workload::new("select2", select::select2),
    Workload::new("select4", select::select4),
    Workload::new("select8", select::select8),
    Workload::new("select32", select::select32),
    Workload::sized("ring", 1000, channels::ring),
    Workload::new("sieve", |_| trees::sieve()),
    Workload::sized("skynet", LEAVES, |leaves, _| trees::skynet(leaves)),
    Workload::new("mutex16", locks::mutex16),
    Workload::new("rwlock16", locks::rwlock16),
    Workload::new("waitgroup16", locks::waitgroup16),
    Workload::new("cond", locks::cond),
    Workload::once("parked", 1000, parked::parked),
    Workload::once("parked-1e4", 10_000, parked::parked),
    Workload::once("parked-1e5", 100_000, parked::parked),
    Workload::once("parked-1e6", 1_000_000, parked::parked),
    Workload::once("sleeping-1e4", 10_000, sleepers::sleeping),
    Workload::once("sleeping-1e5", 100_000, sleepers::sleeping),
    Workload::cold("skynet-1e4", 10_000, trees::skynet),
    Workload::cold("skynet-1e6", LEAVES, trees::skynet),
    Workload::once("sleepers", 100_000, |n| sleepers::sleepers(Lateness::new(n))),
    Workload::once("sleepers-staggered", 100_000, |n| {
        sleepers::sleepers(Lateness::staggered(n))
    }),
    Workload::new("echo", net::echo),
    Workload::once("hogs", 1, |_| sleepers::hogs()),
    Workload::once("blocking", 64, blocking::announced),
    Workload::once("blocking-unannounced", 64, blocking::unannounced),
    Workload::sized("quicksort", 5_000_000, |values, _| quicksort::quicksort(values)),
];

#[gort::main]
fn main() -> ExitCode {
    gort::runtime::set_max_procs(gort_bench::workers());
    if let Some(what) = Served::asked() {
        served::serve(what).expect("a server");
    }
    gort_bench::main(WORKLOADS, &["serve"])
}
