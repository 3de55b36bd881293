//! `Sema`: a counting semaphore, first come first served, on which `Mutex` and `WaitGroup` wait.
//!
//! A release passes its permit straight to the first waiter, so a permit is never free while somebody waits.

use super::limit::Limit;
#[cfg(not(loom))]
use super::rt::Label;
use super::rt::{WaitReason, const_unless_loom};
use super::wait_list::{Place, WaitList};

/// A counting semaphore; its state is the number of free permits.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Sema {
    free: WaitList<usize>,
}

impl Sema {
    const_unless_loom! {
        /// Without a permit.
        pub(super) fn new() -> Sema {
            Sema { free: WaitList::new(0) }
        }
    }

    #[cfg(not(loom))]
    pub(super) fn label(&self) -> &Label {
        self.free.label()
    }

    /// Takes a permit if one is free.
    pub(super) fn try_acquire(&self) -> bool {
        self.free.lock().with(|_, free| take(free))
    }

    /// Takes a permit, waiting in line for one. `false` if `limit` ended that.
    #[track_caller]
    pub(super) fn acquire(&self, reason: WaitReason, place: Place, limit: &Limit<'_>) -> bool {
        let mut held = self.free.lock();
        held.with(|_, free| take(free)) || held.wait(place, 0, reason, limit).is_ok()
    }

    /// Gives `permits`: to the first waiters, the rest to whoever comes.
    pub(super) fn release(&self, permits: usize) {
        self.free.lock().finish(|queue, free, wake| {
            let granted = (0..permits).take_while(|_| queue.grant_first(wake)).count();
            *free += permits - granted;
        });
    }
}

fn take(free: &mut usize) -> bool {
    match free.checked_sub(1) {
        Some(rest) => {
            *free = rest;
            true
        }
        None => false,
    }
}
