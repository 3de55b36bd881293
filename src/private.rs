//! The only names that the macros' expansions use. Not part of the public interface.

pub use ::core;
pub use gort_channels::macro_support::*;
pub use gort_macros::{chan_impl, go_impl, select_impl};
pub use gort_runtime::testing::{Timeout, test, test_that_panics};
pub use gort_runtime::{JoinHandle, Spawn as SpawnOptions, main};

/// `go!(target => …)`.
pub use crate::Spawner;

/// The options of a `go!` that names none.
#[inline]
pub fn options() -> SpawnOptions {
    SpawnOptions::new()
}

/// `go!(…)`.
#[track_caller]
#[inline]
pub fn go<F, T>(options: SpawnOptions, f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static, // to borrow: `gort::scope(|s| …)` and `go!(s => …)`
    T: Send + 'static,
{
    options.go(f)
}
