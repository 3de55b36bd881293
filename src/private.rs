//! The only names that the macros' expansions use. Not part of the public interface.

pub use ::core;
pub use gort_channels::macro_support::*;
pub use gort_macros::{chan_impl, go_impl, select_impl};
pub use gort_runtime::testing::{Timeout, test, test_that_panics};
pub use gort_runtime::{JoinHandle, Spawn as SpawnOptions, main};

/// `go!(target => …)`.
pub use crate::Spawner;

/// `#[gort::test(schedules = …)]`: what the test returns is as if it had been run once and passed.
///
/// # Panics
/// If it failed under one of them.
#[cfg(not(loom))]
#[track_caller]
pub fn explored<T: Default + PartialEq>(schedules: u64, test: impl Fn() -> T + Send + Sync + 'static) -> T {
    let options = crate::testing::Options::default().schedules(schedules);
    let report = crate::testing::explore(options, move || {
        assert!(test() == T::default(), "the test returned an error");
    });
    report.assert_passed();
    T::default()
}

/// `#[gort::test(leaks = "deny")]`.
///
/// # Panics
/// If goroutines are left that the test has started, and with the panic of the test.
#[cfg(not(loom))]
#[track_caller]
pub fn leak_free<T>(test: impl FnOnce() -> T) -> T {
    gort_runtime::explore::deny_leaks(test)
}

/// `#[gort::test(bubble)]`: what the test returns leaves the bubble as whether it passed.
///
/// # Panics
/// If an error was returned, and as [`bubble`](crate::testing::bubble).
#[cfg(not(loom))]
#[track_caller]
pub fn bubbled<T: Default + PartialEq>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let passed = crate::testing::bubble(move || test() == T::default());
    assert!(passed, "the test returned an error");
    T::default()
}

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
