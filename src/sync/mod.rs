//! Locks and counters that park the goroutine instead of blocking the thread: what Go has in package `sync`.
//!
//! | to | use |
//! |---|---|
//! | guard data | [`Mutex`] |
//! | wait for a number of goroutines | [`WaitGroup`] |
//! | run something once | [`Once`] |
//!
//! All of them also work on plain OS threads, which they block.

mod mutex;
mod once;
mod waitgroup;

pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use waitgroup::WaitGroup;
