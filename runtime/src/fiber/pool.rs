//! Idle fibers: a few per worker, the rest shared, by size; and when their memory goes back to the
//! kernel.
//!
//! The most recently used one goes out first: its pages are in the cache.
//!
//! The monitor asks for [`trim`] from time to time. What has lain in the shared pool for a whole
//! [`PERIOD`] without being needed, but for a [`RESERVE`], is given back to the backing: the
//! longest unused first, a batch at a time, so that the monitor is not away for long.

use std::collections::{HashMap, VecDeque};
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::fiber::{Body, Fiber, NoStack, backing};

/// A worker keeps up to this many idle fibers of the default size for itself...
const LOCAL_MAX: usize = 128;
/// ...and moves this many at once to or from the shared pool.
const BATCH: usize = LOCAL_MAX / 2;
/// This many idle fibers of the default size keep their memory in the shared pool, however long
/// nobody needs them...
const RESERVE: usize = 64;
/// ...and this many of any other size.
const OTHER_RESERVE: usize = 8;
/// Nanoseconds in which something must not have been needed, so that its memory goes back.
pub(crate) const PERIOD: u64 = 1_000_000_000;
/// Nanoseconds between two batches.
pub(crate) const PAUSE: u64 = 500_000;
/// Fibers in a batch: about half a millisecond of work, or a few if their stacks are unmapped.
const GIVE_BACK: usize = 1024;

// SAFETY: an idle fiber's stack holds only the suspended body, which refers to nothing tied to a
// thread; whoever takes it out of the pool is its only owner.
unsafe impl Send for Fiber {}

/// The shared idle fibers of one size.
#[derive(Default)]
struct Idle {
    /// The longest unused in front.
    warm: VecDeque<Fiber>,
    /// Their memory was given back as far as it goes.
    cold: Vec<Fiber>,
    /// Of these, the ones that are to be offered to the backing once more, in the order of their
    /// addresses: they did not all come in one batch, and more goes back of what lies side by side.
    sweep: Vec<Fiber>,
    /// The fewest that were warm since the period began: so many of them have not been needed.
    least: usize,
    /// How many are to be given back, in batches.
    due: usize,
    /// Those that are cold have been offered once more since the last full batch.
    swept: bool,
}

impl Idle {
    /// Takes out what is to be given back now. At the end of a period, what was not needed becomes
    /// due.
    fn batch(&mut self, reserve: usize, period_ends: bool) -> Vec<Fiber> {
        if period_ends {
            self.due = self.least.saturating_sub(reserve);
            self.least = self.warm.len();
        }
        let count = self.due.min(GIVE_BACK).min(self.least.saturating_sub(reserve));
        self.due -= count;
        self.least -= count;
        if count == 0 {
            let keep = self.sweep.len().saturating_sub(GIVE_BACK);
            return self.sweep.split_off(keep);
        }
        if count == GIVE_BACK {
            self.swept = false;
        }
        let batch = self.warm.drain(..count).collect();
        if self.due == 0 {
            self.warm.shrink_to(2 * self.warm.len());
        }
        batch
    }

    /// What the backing made of a batch. After the last one, if any was full, gives those that are
    /// to be offered once more.
    fn take_back(&mut self, usable: Vec<Fiber>) -> Vec<Fiber> {
        self.cold.extend(usable);
        if self.due == 0 && self.sweep.is_empty() && !std::mem::replace(&mut self.swept, true) {
            return std::mem::take(&mut self.cold);
        }
        Vec::new()
    }
}

#[derive(Default)]
struct Shared {
    default: Idle,
    /// By size asked for.
    other: HashMap<usize, Idle>,
    period_ends: u64,
}

impl Shared {
    fn idle(&mut self, size: usize) -> &mut Idle {
        if size == crate::config::get().stack_size {
            &mut self.default
        } else {
            self.other.entry(size).or_default()
        }
    }

    /// Every size, with how many of it stay warm.
    fn each(&mut self) -> impl Iterator<Item = (usize, &mut Idle, usize)> {
        let default = (crate::config::get().stack_size, &mut self.default, RESERVE);
        let other = self.other.iter_mut();
        std::iter::once(default).chain(other.map(|(&size, idle)| (size, idle, OTHER_RESERVE)))
    }
}

fn shared() -> &'static Mutex<Shared> {
    static SHARED: OnceLock<Mutex<Shared>> = OnceLock::new();
    SHARED.get_or_init(Mutex::default)
}

/// Gives memory of idle fibers back, if it is time. Says when to ask again, on the clock of `now`;
/// `None` if all that is idle stays.
pub(crate) fn trim(now: u64) -> Option<u64> {
    let mut batches = Vec::new();
    let mut next = None;
    {
        let mut shared = shared().lock();
        let period_ends = now >= shared.period_ends;
        if period_ends {
            shared.period_ends = now + PERIOD;
        }
        let end_of_period = shared.period_ends;
        for (size, idle, reserve) in shared.each() {
            let batch = idle.batch(reserve, period_ends);
            if !batch.is_empty() {
                batches.push((size, batch));
            }
            if idle.due > 0 || !idle.sweep.is_empty() {
                next = Some(now + PAUSE);
            } else if idle.warm.len() > reserve && next.is_none() {
                next = Some(end_of_period);
            }
        }
    }
    for (size, batch) in batches {
        let usable = backing::give_back(batch);
        let mut again = shared().lock().idle(size).take_back(usable);
        if !again.is_empty() {
            again.sort_unstable_by_key(Fiber::low);
            shared().lock().idle(size).sweep = again;
            next = Some(now + PAUSE);
        }
    }
    next
}

/// An idle fiber with a stack of `size` bytes, or a new one, for a thread that is no worker.
pub(crate) fn take<B: Body>(size: usize) -> Result<Fiber, NoStack> {
    let found = {
        let mut shared = shared().lock();
        let idle = shared.idle(size);
        let found = idle.warm.pop_back();
        idle.least = idle.least.min(idle.warm.len());
        found.or_else(|| idle.cold.pop()).or_else(|| idle.sweep.pop())
    };
    found.map_or_else(|| Fiber::new::<B>(size), Ok)
}

/// Takes back idle fibers that were made for `size`, and gives their memory back at once.
pub(crate) fn give_back(fibers: Vec<Fiber>, size: usize) {
    let usable = backing::give_back(fibers);
    shared().lock().idle(size).cold.extend(usable);
}

/// One worker's idle fibers of the default size.
#[derive(Default)]
pub(crate) struct LocalPool {
    idle: Vec<Fiber>,
}

impl LocalPool {
    /// An idle fiber with a stack of `size` bytes, or a new one.
    #[inline]
    pub(crate) fn take<B: Body>(&mut self, size: usize, default: usize) -> Result<Fiber, NoStack> {
        if size == default
            && let Some(fiber) = self.idle.pop()
        {
            return Ok(fiber);
        }
        self.take_shared::<B>(size, default)
    }

    #[cold]
    fn take_shared<B: Body>(&mut self, size: usize, default: usize) -> Result<Fiber, NoStack> {
        let mut shared = shared().lock();
        let idle = shared.idle(size);
        let found = if size == default {
            let keep = idle.warm.len().saturating_sub(BATCH);
            self.idle.extend(idle.warm.drain(keep..));
            self.idle.pop()
        } else {
            idle.warm.pop_back()
        };
        idle.least = idle.least.min(idle.warm.len());
        let found = found.or_else(|| idle.cold.pop()).or_else(|| idle.sweep.pop());
        drop(shared);
        found.map_or_else(|| Fiber::new::<B>(size), Ok)
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
            shared().lock().idle(size).warm.push_back(fiber);
        }
    }

    /// Gives everything to the shared pool.
    pub(crate) fn empty(&mut self) {
        shared().lock().default.warm.extend(self.idle.drain(..));
    }

    #[cold]
    fn spill(&mut self) {
        // The oldest go: the youngest are warm.
        shared().lock().default.warm.extend(self.idle.drain(..BATCH));
    }
}
