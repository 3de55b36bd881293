//! Channels, selects and goroutines beyond what Go's own tests show: their ends, their values,
//! their futures.

mod ends;
mod fairness;
mod futures;
mod go_semantics;
mod goroutine_local;
mod join_select;
mod polling;
mod sync_unwinding;
mod unwinding;

#[path = "../support/mod.rs"]
mod support;
