//! A worker: one OS thread that runs goroutines, with its queue, its timers and its caches.
//!
//! `Worker` is the owner's half, touched by its own thread only. [`Post`] is what other threads see of it.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_utils::sync::{Parker, Unparker};
use parking_lot::Mutex;

use crate::fiber;
use crate::g::{self, G, GRef};
use crate::queue::bound::{Bound, Inbox};
use crate::queue::local::{self, Local, Visible};
use crate::sched::Runtime;
use crate::timer::Shard;

mod find;
mod run;
mod sleep;
mod slice;
mod steal;

use slice::Slice;

/// Goroutine numbers that a worker takes at once.
const ID_BATCH: u64 = 16;
/// A loop that polls without success yields once in this many rounds.
const VAIN_POLLS: u32 = 64;
/// A queue this long is worth robbing whatever its owner does.
pub(crate) const LONG_QUEUE: usize = 32;

/// The owner's half.
pub(crate) struct Worker {
    index: usize,
    rt: &'static Runtime,
    post: &'static Post,
    queue: Local,
    parker: Parker,
    current: Cell<*const G>,
    random: Cell<u64>,
    slice: Slice,
    bound: Bound,
    /// Whose turn it was last: the bound goroutines', or the deque's.
    bound_first: Cell<bool>,
    pushes: Cell<u32>,
    vain_polls: Cell<u32>,
    /// When the timers were looked at last, in cycles.
    timers_checked: Cell<u64>,
    next_id: Cell<u64>,
    last_id: Cell<u64>,
    blocks: UnsafeCell<g::pool::LocalPool>,
    fibers: UnsafeCell<fiber::pool::LocalPool>,
}

/// The half that everybody sees.
pub(crate) struct Post {
    pub(crate) queue: Visible,
    pub(crate) timers: Shard,
    pub(crate) inbox: Inbox,
    unparker: Unparker,
    napping: AtomicBool,
    /// Goroutines started and ended here; their sums over all workers differ by the number that live.
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    /// What the thread takes with it when it starts.
    unstarted: Mutex<Option<(Local, Parker)>>,
}

impl Post {
    pub(crate) fn new() -> Post {
        let (local, visible) = local::new();
        let parker = Parker::new();
        Post {
            queue: visible,
            timers: Shard::new(),
            inbox: Inbox::new(),
            unparker: parker.unparker().clone(),
            napping: AtomicBool::new(false),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            unstarted: Mutex::new(Some((local, parker))),
        }
    }

    /// Wakes the worker's thread, or says that there is none yet: the caller then has to start it with [`start`].
    pub(crate) fn unpark(&self) -> Result<(), (Local, Parker)> {
        match self.unstarted.lock().take() {
            Some(parts) => Err(parts),
            None => {
                self.unparker.unpark();
                Ok(())
            }
        }
    }

    /// Ends the worker's nap, if it takes one. `true` if it did.
    pub(crate) fn end_nap(&self) -> bool {
        let napped = self.napping.load(Ordering::Relaxed) && self.napping.swap(false, Ordering::AcqRel);
        if napped {
            self.unparker.unpark();
        }
        napped
    }

    /// Adds one to a counter that only one thread writes.
    #[inline]
    fn bump(counter: &AtomicU64) {
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// Starts the thread of worker `index`, which counts as searching.
pub(crate) fn start(
    rt: &'static Runtime,
    index: usize,
    post: &'static Post,
    (queue, parker): (Local, Parker),
) {
    rt.threads.fetch_add(1, Ordering::SeqCst);
    let body = move || {
        crate::sys::thread::precise_sleeps();
        let worker: &'static Worker = Box::leak(Box::new(Worker {
            index,
            rt,
            post,
            queue,
            parker,
            current: Cell::new(std::ptr::null()),
            random: Cell::new(crate::random::fresh_seed()),
            slice: Slice::default(),
            bound: Bound::default(),
            bound_first: Cell::new(false),
            pushes: Cell::new(0),
            vain_polls: Cell::new(0),
            timers_checked: Cell::new(0),
            next_id: Cell::new(0),
            last_id: Cell::new(0),
            blocks: UnsafeCell::default(),
            fibers: UnsafeCell::default(),
        }));
        crate::tls::set_worker(worker);
        worker.work();
    };
    if let Err(error) = crate::sys::thread::spawn(format!("gort-worker-{index}"), body) {
        crate::panics::die(&format_args!(
            "runtime: failed to create new OS thread: {error}\nfatal error: newosproc\n"
        ));
    }
}

impl Worker {
    /// The goroutine that runs now, or null.
    #[inline(always)]
    pub(crate) fn current(&self) -> *const G {
        self.current.get()
    }

    #[inline(always)]
    pub(crate) fn runtime(&self) -> &'static Runtime {
        self.rt
    }

    #[inline]
    pub(crate) fn timers(&self) -> &'static Shard {
        &self.post.timers
    }

    /// Its number.
    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// A pseudo-random number.
    #[inline]
    pub(crate) fn random(&self) -> u64 {
        let next = crate::random::step(self.random.get());
        self.random.set(next);
        crate::random::output(next)
    }

    /// Counts a poll that found nothing. `true` if it is time to yield.
    #[inline]
    pub(crate) fn count_vain_poll(&self) -> bool {
        let polls = self.vain_polls.get().wrapping_add(1);
        self.vain_polls.set(polls);
        polls.is_multiple_of(VAIN_POLLS)
    }

    /// Queues a goroutine that has become runnable: in run-next if that is free, else at the end of the deque.
    #[inline]
    pub(crate) fn push_ready(&self, g: GRef) {
        if !self.post.queue.offer_next(g) {
            self.push(g);
        }
    }

    /// Like `push_ready`, for a goroutine that may run on this worker only.
    #[inline]
    pub(crate) fn push_ready_bound(&self, g: GRef) {
        self.bound.offer(g);
    }

    /// Queues a goroutine that may run on this worker only, behind the others.
    pub(crate) fn push_bound(&self, g: GRef) {
        self.bound.push(g);
    }

    #[inline]
    pub(crate) fn push(&self, g: GRef) {
        self.queue.push(g);
        let pushes = self.pushes.get().wrapping_add(1);
        self.pushes.set(pushes);
        if pushes.is_multiple_of(LONG_QUEUE as u32) {
            self.call_nappers();
        }
    }

    /// A searcher may be napping because this queue was short: it no longer is.
    #[cold]
    fn call_nappers(&self) {
        if self.queue.len() >= LONG_QUEUE {
            self.rt.end_one_nap();
        }
    }

    /// Runs `f` with this worker's free control blocks.
    #[inline]
    pub(crate) fn with_blocks<R>(&self, f: impl FnOnce(&mut g::pool::LocalPool) -> R) -> R {
        // SAFETY: only this thread touches the cell, and `f` is code of the pool, which does not come back here.
        f(unsafe { &mut *self.blocks.get() })
    }

    #[inline]
    fn with_fibers<R>(&self, f: impl FnOnce(&mut fiber::pool::LocalPool) -> R) -> R {
        // SAFETY: as above.
        f(unsafe { &mut *self.fibers.get() })
    }

    /// A new goroutine's number.
    #[inline]
    pub(crate) fn next_id(&self) -> u64 {
        let id = self.next_id.get();
        if id == self.last_id.get() {
            let first = self.rt.take_ids(ID_BATCH);
            self.last_id.set(first + ID_BATCH);
            self.next_id.set(first + 1);
            return first;
        }
        self.next_id.set(id + 1);
        id
    }

    /// Counts a goroutine that was started by this thread.
    #[inline]
    pub(crate) fn count_started(&self) {
        Post::bump(&self.post.started);
    }
}
