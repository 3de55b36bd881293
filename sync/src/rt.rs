//! The seam: what this crate takes of the runtime, of the channels and of std's atomics. Under `cfg(loom)` twins on loom's threads
//! stand in for what is modelled, so that the model checker runs the real code.
//!
//! A file that is modelled imports its atomics, [`park`], [`Task`], [`Claim`] and [`RawLock`] from here.

#[cfg(not(loom))]
pub(crate) use gort_runtime::{Claim, Here, RawLock, Task, explore, gosched, now, park_holding, park_until};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

#[cfg(loom)]
pub(crate) use gort_runtime::twin::{
    Claim, Here, RawLock, Task, explore, gosched, now, park_holding, park_until,
};
#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

pub(crate) use gort_channels::{Receiver, Sender, channel};
#[cfg(not(loom))]
pub(crate) use gort_channels::{
    macro_support::{recv_arm, select},
    source::RecvFrom,
};
#[cfg(not(loom))]
pub(crate) use gort_runtime::debug::tag::Label;
pub(crate) use gort_runtime::{
    Panic, Spawn, WaitReason, catch_loudly, go, goexit, num_cpu, random_u32, unheard, worker_index,
};

/// `std::cell::UnsafeCell` with loom's closures for access.
#[cfg(not(loom))]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Exclusive access: the pointer may be read and written while nobody else has it.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
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
pub(crate) use const_unless_loom;

/// Whether the owner of a lock may be running while others spin.
#[cfg(not(loom))]
pub(crate) fn spinning_helps() -> bool {
    // Nobody else runs while one of those whose schedules are explored does.
    gort_runtime::max_procs() > 1 && !explore::is_under_way()
}

/// Whether more than `limit` has passed since `start`. Never where schedules are explored: what happens there must not depend on the time.
#[cfg(not(loom))]
pub(crate) fn longer_than(start: std::time::Instant, limit: std::time::Duration) -> bool {
    start.elapsed() > limit && !explore::is_explored()
}

/// Never: a spin is many executions of the same.
#[cfg(loom)]
pub(crate) fn spinning_helps() -> bool {
    false
}

#[cfg(loom)]
thread_local! {
    /// What [`longer_than`] says in this test's models: the real clock would make runs that do not repeat.
    pub(crate) static LONG: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// As [`LONG`] says.
#[cfg(loom)]
pub(crate) fn longer_than(_start: std::time::Instant, _limit: std::time::Duration) -> bool {
    LONG.get()
}
