//! What tests of concurrent programs need: a clock that jumps, and the same test under many
//! schedules.
//!
//! * [`bubble`] runs a closure, and the goroutines that it starts, on a clock that jumps: hours
//!   pass in no time.
//! * [`explore`] runs a closure under many schedules, and shows the one that fails as a table.
//! * `#[gort::test(schedules = 1000)]` does it for a test; see [`gort::test`](macro@crate::test).
//!
//! [The guide](https://docs.rs/crate/gort/latest/source/docs/TESTING_PROGRAMS.md) finds four bugs
//! step by step.

mod bubble;
mod explore;

pub use bubble::{bubble, now, sleep, wait};
pub use explore::{Failure, FailureKind, Options, Report, Strategy, explore};
