//! Locks, counters and shared structures that park the goroutine instead of blocking the thread:
//! what Go has in package `sync`, and in `golang.org/x/sync`.
//!
//! | to | use | Go |
//! |---|---|---|
//! | guard data | [`Mutex`], [`RwLock`] | `sync.Mutex`, `sync.RWMutex` |
//! | wait for a number of goroutines to end | [`WaitGroup`] | `sync.WaitGroup` |
//! | wait for each other | [`Barrier`] | |
//! | wait until guarded data has changed | [`Cond`] | `sync.Cond` |
//! | limit how much happens at a time | [`Semaphore`] | `semaphore.Weighted` |
//! | run something once | [`Once`], [`OnceFunc`] | `sync.Once`, `sync.OnceFunc` |
//! | make a value once | [`OnceCell`], [`OnceValue`] | `sync.OnceValue` |
//! | do once what many want at the same time | [`SingleFlight`] | `singleflight.Group` |
//! | share a hash map | [`Map`] | `sync.Map` |
//! | share a number or a flag | [`atomic`] | `sync/atomic` |
//! | reuse what is expensive to make | [`Pool`] | `sync.Pool` |
//!
//! All of them also work on plain OS threads, which they block. None knows poisoning: when a holder
//! panics its guard unlocks, as `defer mu.Unlock()` does in Go, and the next one finds the data as
//! it was left.

// Not `pub use gort_sync as sync`: the compiler's messages would name `gort::gort_sync`.
pub use gort_sync::*;
