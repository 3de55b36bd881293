//! The seam of `sync`: what it takes of the runtime and of std's atomics. Under `cfg(loom)` their twins on loom's threads,
//! so that the model checker runs the real code.
//!
//! A file that is modelled imports its atomics, [`park`], [`Task`], [`Claim`] and [`RawLock`] from here.

#[cfg(not(loom))]
pub(super) use gort_runtime::{Claim, RawLock, Task, gosched, park, park_until};
#[cfg(not(loom))]
pub(super) use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(loom)]
pub(super) use super::rt_loom::{Claim, RawLock, Task, gosched, park, park_until};
#[cfg(loom)]
pub(super) use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

pub(super) use gort_runtime::WaitReason;

/// `std::cell::UnsafeCell` with loom's closures for access.
#[cfg(not(loom))]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(super) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(super) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Exclusive access: the pointer may be read and written while nobody else has it.
    #[inline(always)]
    pub(super) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

/// Declares functions that are `const`, except under loom, whose types have no `const` constructors.
macro_rules! const_unless_loom {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($args:tt)*) -> $ret:ty $body:block)+) => {$(
        #[cfg(not(loom))]
        $(#[$meta])*
        $vis const fn $name($($args)*) -> $ret $body

        #[cfg(loom)]
        $(#[$meta])*
        $vis fn $name($($args)*) -> $ret $body
    )+};
}
pub(super) use const_unless_loom;

/// Whether the owner of a lock may be running while others spin.
#[cfg(not(loom))]
pub(super) fn spinning_helps() -> bool {
    gort_runtime::max_procs() > 1
}

/// Whether more than `limit` has passed since `start`.
#[cfg(not(loom))]
pub(super) fn longer_than(start: std::time::Instant, limit: std::time::Duration) -> bool {
    start.elapsed() > limit
}

#[cfg(loom)]
pub(super) use super::rt_loom::{longer_than, spinning_helps};
