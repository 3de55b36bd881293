//! What tests of concurrent programs need: the same test under many schedules.
//!
//! * [`explore`] runs a closure under many schedules, and shows the one that fails as a table.
//! * `#[gort::test(schedules = 1000)]` does it for a test; see [`gort::test`](macro@crate::test).
//!
//! [The guide](https://docs.rs/crate/gort/latest/source/docs/TESTING_PROGRAMS.md) finds four bugs step by step.

mod explore;

pub use explore::{Failure, FailureKind, Options, Report, Strategy, explore};
