//! The seam: everything this crate takes from the runtime, and the only file that names it.
//!
//! Under `cfg(loom)` the names come from the runtime's twin on loom's threads.

#[cfg(loom)]
pub(crate) use gort_runtime::WaitReason;
#[cfg(not(loom))]
pub(crate) use gort_runtime::debug::tag::{About, CHANNEL_ABOUT, Label};
#[cfg(all(test, loom))]
pub(crate) use gort_runtime::twin::commit_apart;
#[cfg(loom)]
pub(crate) use gort_runtime::twin::{
    Claim, Here, end_goroutine, explore, lock_rank, now, park, park_holding, park_on, park_until,
    polled_in_vain,
};
#[cfg(loom)]
pub use gort_runtime::twin::{RawLock, Task};
#[cfg(not(loom))]
pub(crate) use gort_runtime::{CallTimer, JoinError, JoinHandle, Outlet, ScopedJoinHandle};
#[cfg(not(loom))]
pub(crate) use gort_runtime::{
    Claim, Here, WaitReason, end_goroutine, explore, now, park, park_holding, park_on, park_until,
    polled_in_vain,
};
#[cfg(not(loom))]
pub use gort_runtime::{RawLock, Task};

/// The order in which locks are taken: by address.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn lock_rank(lock: *const RawLock) -> usize {
    lock.addr()
}

/// Whether the current goroutine, or thread, is unwinding: it must not begin to unwind again.
///
/// std counts panics per thread; a goroutine that waits while it unwinds takes its own along, so they are nobody else's.
#[cold]
pub(crate) fn unwinding() -> bool {
    std::thread::panicking()
}
