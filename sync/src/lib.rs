//! Locks, counters and shared structures that park the goroutine instead of blocking the thread:
//! `gort::sync`, whose page has the table of them. Programs use the facade crate `gort`.

#![deny(unsafe_code)]

#[cfg(not(loom))]
pub mod atomic;
mod barrier;
mod cond;
mod guard;
mod limit;
#[cfg(all(test, loom))]
mod loom_tests;
mod map;
mod mutex;
mod once;
mod once_cell;
mod once_func;
mod pool;
mod rt;
mod rwlock;
mod sema;
mod semaphore;
mod shared_panic;
mod singleflight;
#[cfg(all(test, not(loom)))]
mod tests;
mod wait_list;
mod waitgroup;
#[cfg(not(loom))]
mod with_context;

pub use barrier::{Barrier, BarrierWaitResult};
pub use cond::Cond;
pub use guard::Relock;
pub use map::Map;
#[cfg(not(loom))]
pub use mutex::OwnedMutexGuard;
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard};
pub use once::Once;
pub use once_cell::OnceCell;
pub use once_func::{OnceFunc, OnceValue};
pub use pool::Pool;
pub use rwlock::{MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
#[cfg(not(loom))]
pub use rwlock::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use semaphore::{Semaphore, SemaphorePermit};
pub use singleflight::SingleFlight;
pub use waitgroup::WaitGroup;
#[cfg(not(loom))]
pub use with_context::Cancellation;
