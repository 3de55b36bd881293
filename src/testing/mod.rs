//! What tests of concurrent programs need: the same test under many schedules.
//!
//! * [`explore`] runs a closure under many schedules, and shows the one that fails as a table.

mod explore;

pub use explore::{Failure, FailureKind, Options, Report, Strategy, explore};
