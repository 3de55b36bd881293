//! The workloads that make sense on operating-system threads, with `crossbeam-channel` and
//! `parking_lot`: what a Rust program without a runtime would use.

// For `select!` over 32 channels.
#![recursion_limit = "512"]

mod channels;
mod locks;
mod net;
mod select;
mod waits;

use std::process::ExitCode;

use gort_bench::Workload;

const WORKLOADS: &[Workload] = &[
    Workload::new("pingpong", |n| channels::pingpong(1, n)),
    Workload::new("buffered1x1", channels::buffered1x1),
    Workload::new("buffered8x8", |n| channels::eight_to_eight(128, n)),
    Workload::new("unbuffered8x8", |n| channels::eight_to_eight(0, n)),
    Workload::new("select2", select::select2),
    Workload::new("select4", select::select4),
    Workload::new("select8", select::select8),
    Workload::new("select32", select::select32),
    Workload::new("mutex16", locks::mutex16),
    Workload::new("rwlock16", locks::rwlock16),
    Workload::new("waitgroup16", locks::waitgroup16),
    Workload::new("cond", locks::cond),
    Workload::new("echo", net::echo),
    Workload::once("hogs", 1, |_| waits::hogs()),
    Workload::once("blocking", 64, waits::blocking),
];

fn main() -> ExitCode {
    gort_bench::main(WORKLOADS, &[])
}
