//! Idle fibers: a few per worker, the rest shared, by size.
//!
//! The most recently used one goes out first: its pages are in the cache.

use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::fiber::{Fiber, NoStack};

/// A worker keeps up to this many idle fibers of the default size for itself...
const LOCAL_MAX: usize = 128;
/// ...and moves this many at once to or from the shared pool.
const BATCH: usize = LOCAL_MAX / 2;

// SAFETY: an idle fiber's stack holds only the suspended body, which refers to nothing tied to a thread; whoever takes it
// out of the pool is its only owner.
unsafe impl Send for Fiber {}

#[derive(Default)]
struct Shared {
    default: Vec<Fiber>,
    /// Fibers of other sizes, by size asked for.
    other: HashMap<usize, Vec<Fiber>>,
}

fn shared() -> &'static Mutex<Shared> {
    static SHARED: OnceLock<Mutex<Shared>> = OnceLock::new();
    SHARED.get_or_init(Mutex::default)
}

/// One worker's idle fibers of the default size.
#[derive(Default)]
pub(crate) struct LocalPool {
    idle: Vec<Fiber>,
}

impl LocalPool {
    /// An idle fiber with a stack of `size` bytes, or a new one.
    #[inline]
    pub(crate) fn take(&mut self, size: usize, default: usize) -> Result<Fiber, NoStack> {
        if size == default
            && let Some(fiber) = self.idle.pop()
        {
            return Ok(fiber);
        }
        self.take_shared(size, default)
    }

    #[cold]
    fn take_shared(&mut self, size: usize, default: usize) -> Result<Fiber, NoStack> {
        let mut shared = shared().lock();
        let found = if size == default {
            let keep = shared.default.len().saturating_sub(BATCH);
            self.idle.extend(shared.default.drain(keep..));
            self.idle.pop()
        } else {
            shared.other.get_mut(&size).and_then(Vec::pop)
        };
        drop(shared);
        found.map_or_else(|| Fiber::new(size), Ok)
    }

    /// Takes back an idle fiber that was made for `size`.
    #[inline]
    pub(crate) fn give(&mut self, fiber: Fiber, size: usize, default: usize) {
        if size == default {
            self.idle.push(fiber);
            if self.idle.len() > LOCAL_MAX {
                self.spill();
            }
        } else {
            shared().lock().other.entry(size).or_default().push(fiber);
        }
    }

    /// Gives everything to the shared pool.
    pub(crate) fn empty(&mut self) {
        shared().lock().default.append(&mut self.idle);
    }

    #[cold]
    fn spill(&mut self) {
        // The oldest go: the youngest are warm.
        shared().lock().default.extend(self.idle.drain(..BATCH));
    }
}
