//! The global queue: what threads that are no workers make runnable, and what a retiring worker
//! leaves behind.

use crossbeam_deque::{Injector, Steal};

use crate::g::GRef;
use crate::queue::local::Local;

/// First in, first out, for all workers.
pub(crate) struct GlobalQueue {
    queue: Injector<GRef>,
}

impl GlobalQueue {
    pub(crate) fn new() -> GlobalQueue {
        GlobalQueue {
            queue: Injector::new(),
        }
    }

    pub(crate) fn push(&self, g: GRef) {
        self.queue.push(g);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The first goroutine; a batch of those behind it moves to `local`.
    pub(crate) fn take_batch(&self, local: &Local) -> Option<GRef> {
        loop {
            match self.queue.steal_batch_and_pop(local.deque()) {
                Steal::Success(g) => return Some(g),
                Steal::Empty => return None,
                Steal::Retry => std::hint::spin_loop(),
            }
        }
    }

    /// The first goroutine alone.
    pub(crate) fn take_one(&self) -> Option<GRef> {
        loop {
            match self.queue.steal() {
                Steal::Success(g) => return Some(g),
                Steal::Empty => return None,
                Steal::Retry => std::hint::spin_loop(),
            }
        }
    }
}
