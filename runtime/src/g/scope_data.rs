//! What a scope shares with its goroutines: their number, and who waits for it.

use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::g::task::Task;

/// What a scope shares with its members. It lies in the frame of [`scope`](crate::scope()): the
/// last thing that a member does with it is to count itself out.
pub(crate) struct ScopeData {
    /// Members that have not ended, and one for the scope itself until it waits.
    running: AtomicUsize,
    /// What the first member said that panicked and that nobody will join.
    panicked: Mutex<Option<String>>,
    /// Written by the scope before it counts itself out, taken by whoever brings the count to zero.
    waiter: UnsafeCell<Option<Task>>,
}

impl ScopeData {
    pub(crate) fn new() -> ScopeData {
        ScopeData {
            running: AtomicUsize::new(1),
            panicked: Mutex::new(None),
            waiter: UnsafeCell::new(None),
        }
    }

    /// A member panicked and nobody will join it.
    pub(crate) fn member_panicked(&self, message: &str) {
        self.panicked.lock().get_or_insert_with(|| String::from(message));
    }

    /// A member begins.
    pub(crate) fn count_in(&self) {
        // Relaxed: the scope itself is counted, so this cannot be the step away from zero.
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// A member has ended, or the scope has begun to wait. Gives the scope's task if that was the
    /// last one: the caller has to ready it.
    ///
    /// # Safety
    /// `scope` is alive, and the caller is counted and does not use it afterwards.
    #[must_use]
    pub(crate) unsafe fn count_out(scope: NonNull<ScopeData>) -> Option<Task> {
        // SAFETY: alive until the count is zero.
        let data = unsafe { scope.as_ref() };
        // AcqRel: the last one sees the waiter and everything that the others did.
        if data.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: the count is zero: the scope has stored its task, and nobody else looks.
            unsafe { (*data.waiter.get()).take() }
        } else {
            None
        }
    }

    /// Members that have not ended.
    pub(crate) fn members(&self) -> usize {
        // Acquire: whoever sees that there is none sees what they did. Before the scope waits, it
        // is counted itself.
        self.running.load(Ordering::Acquire).saturating_sub(1)
    }

    /// The scope's own task, before it counts itself out.
    ///
    /// # Safety
    /// By the scope, which is counted.
    pub(crate) unsafe fn set_waiter(&self, task: Task) {
        // SAFETY: nobody reads it before the count is zero.
        unsafe { *self.waiter.get() = Some(task) };
    }

    /// What the first member said that panicked and that nobody has joined.
    pub(crate) fn take_panic(&self) -> Option<String> {
        self.panicked.lock().take()
    }
}
