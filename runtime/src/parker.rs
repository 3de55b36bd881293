//! What blocks a thread that is no worker, and wakes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_utils::sync::{Parker, Unparker};

/// The part of a thread's blocking primitive that others hold: its waker.
pub(crate) struct ThreadParker {
    /// Set by the one `ready` of an episode, taken by the thread. A late `unpark` of an earlier
    /// episode cannot set it.
    permit: AtomicBool,
    unparker: Unparker,
}

impl ThreadParker {
    pub(crate) fn wake_by_ref(&self) {
        // Release pairs with the acquire in `take`: the thread sees what its waker wrote.
        self.permit.store(true, Ordering::Release);
        self.unparker.unpark();
    }

    fn take(&self) -> bool {
        self.permit.swap(false, Ordering::Acquire)
    }
}

/// A thread's blocking primitive.
pub(crate) struct ThreadWaiter {
    parker: Parker,
    shared: Arc<ThreadParker>,
}

impl ThreadWaiter {
    pub(crate) fn new() -> ThreadWaiter {
        let parker = Parker::new();
        let shared = Arc::new(ThreadParker {
            permit: AtomicBool::new(false),
            unparker: parker.unparker().clone(),
        });
        ThreadWaiter { parker, shared }
    }

    pub(crate) fn parker(&self) -> Arc<ThreadParker> {
        Arc::clone(&self.shared)
    }

    pub(crate) fn wait(&self) {
        while !self.shared.take() {
            self.parker.park();
        }
    }

    /// `false` if the deadline came first.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        loop {
            if self.shared.take() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            self.parker.park_deadline(deadline);
        }
    }
}
