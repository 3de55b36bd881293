//! What every goroutine of the program is at, and its stack: why is it stuck?
//!
//! On stable Rust, in a release build, in a program that was not started in a special way. A snapshot stops nobody, and works while
//! all workers are stuck.
//!
//! ```
//! use gort::debug;
//! use gort::prelude::*;
//!
//! # gort::run(|| {
//! let results = chan!(u32);
//! let tx = results.tx();
//! let worker = go!(name = "worker"; move || chan!(tx <- 1));
//! # while !debug::goroutines().to_string().contains("[chan send]") { gort::runtime::gosched() }
//! // goroutine 7 "worker" [chan send]:
//! // my_program::main::{{closure}}(...)
//! //         ./src/main.rs:9:50
//! // created by go! in goroutine 1
//! //         src/main.rs:9:14
//! eprint!("{}", debug::goroutines());
//! # chan!(<-results);
//! # worker.join().unwrap();
//! # });
//! ```
//!
//! `docs/DEBUG.md` in the repository walks through programs that are stuck.

pub use gort_runtime::debug::{
    Certainty, Frame, Goroutine, Grouped, Object, ObjectKind, Snapshot, Status, Stuck, StuckGoroutine,
    WaitGraph, goroutines, goroutines_without_frames, stuck, wait_graph,
};
