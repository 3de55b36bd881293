//! A worker: one OS thread that runs goroutines, with its queue, its timers and its caches.
//!
//! `Worker` is the owner's half, touched by its own thread only. [`Post`] is what other threads see of it.

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
};

use crossbeam_utils::CachePadded;
use crossbeam_utils::sync::{Parker, Unparker};
use parking_lot::Mutex;

use crate::bias::{Seat, bias};
use crate::fiber;
use crate::g::{self, GRef};
use crate::head::Head;
use crate::here::Here;
use crate::queue::bound::{Bound, Inbox};
use crate::queue::local::{self, Local, Visible};
use crate::sched::Runtime;
use crate::timer::Shard;

mod alone;
mod facts;
mod find;
mod locked;
mod orphans;
mod prefetcher;
pub(crate) mod promise;
mod reuse_distance;
mod run;
mod sleep;
mod slice;
mod steal;

use alone::Alone;
use prefetcher::Prefetcher;
use promise::Promise;
use reuse_distance::ReuseDistance;
use slice::Slice;

/// Goroutine numbers that a worker takes at once.
const ID_BATCH: u64 = 16;
/// A loop that polls without success yields once in this many rounds.
const VAIN_POLLS: u32 = 64;
/// The monitor found that a worker does not come back from a run. Cleared by the owner when it does.
const STUCK: u8 = 1;
/// A worker's thread belongs to one goroutine. Written by the owner.
const LOCKED: u8 = 2;
/// A queue this long is worth robbing whatever its owner does.
pub(crate) const LONG_QUEUE: usize = 32;

/// The owner's half.
#[repr(C)]
pub(crate) struct Worker {
    /// First: the thread-locals point to it.
    head: Head,
    index: usize,
    rt: &'static Runtime,
    post: &'static Post,
    queue: Local,
    parker: Parker,
    prefetcher: Prefetcher,
    slice: Slice,
    alone: Alone,
    bound: Bound,
    /// Whose turn it was last: the bound goroutines', or the deque's.
    bound_first: Cell<bool>,
    /// How many goroutines have locked the thread: one, but for the migration mode `pinned`.
    lockers: Cell<u32>,
    /// A goroutine has ended that had the thread locked: the thread must end too.
    spoiled: Cell<bool>,
    pushes: Cell<u32>,
    vain_polls: Cell<u32>,
    promise: Promise,
    /// Something was written to a descriptor since this worker looked into the poller.
    wrote: Cell<bool>,
    /// When the timers were looked at last, in cycles.
    timers_checked: Cell<u64>,
    /// How many runs had begun then.
    timers_tick: Cell<u64>,
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
    reuse_distance: CachePadded<ReuseDistance>,
    unparker: Unparker,
    napping: AtomicBool,
    /// The owner sleeps in the poller, or is about to: its parker's bell would not be heard.
    polling: AtomicBool,
    /// The owner, once its thread runs.
    owner: AtomicPtr<Worker>,
    thread_id: AtomicI32,
    /// Why the owner does not count to GOMAXPROCS: [`STUCK`], [`LOCKED`]. One word, since the owner looks at it after every
    /// run.
    absent: AtomicU8,
    /// Goroutines that are bound to the owner's thread. Written by the owner.
    homes: AtomicUsize,
    /// Goroutines started and ended here; their sums over all workers differ by the number that live.
    pub(crate) started: AtomicU64,
    pub(crate) ended: AtomicU64,
    /// The same for waits for a descriptor.
    pub(crate) io_waits_begun: AtomicU64,
    pub(crate) io_waits_ended: AtomicU64,
    /// What the thread takes with it when it starts, if it does not run.
    unstarted: Mutex<Option<Unstarted>>,
}

/// A worker without a thread.
pub(crate) enum Unstarted {
    Never(Local, Parker),
    /// Its thread left because there was nothing to do for long.
    Left(&'static Worker),
}

// SAFETY: a worker that was left is touched by nobody until the thread that takes it out starts.
unsafe impl Send for Unstarted {}

impl Post {
    pub(crate) fn new() -> Post {
        let (local, visible) = local::new();
        let parker = Parker::new();
        Post {
            queue: visible,
            timers: Shard::new(),
            inbox: Inbox::new(),
            reuse_distance: CachePadded::new(ReuseDistance::new()),
            unparker: parker.unparker().clone(),
            napping: AtomicBool::new(false),
            polling: AtomicBool::new(false),
            owner: AtomicPtr::new(std::ptr::null_mut()),
            thread_id: AtomicI32::new(0),
            absent: AtomicU8::new(0),
            homes: AtomicUsize::new(0),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            io_waits_begun: AtomicU64::new(0),
            io_waits_ended: AtomicU64::new(0),
            unstarted: Mutex::new(Some(Unstarted::Never(local, parker))),
        }
    }

    /// Wakes the worker's thread, or says that there is none yet: the caller then has to start it with [`start`].
    ///
    /// `is_asleep`: whether the worker is on the list again, from which the caller has taken it. Then it has seen that
    /// itself, has gone back to sleep and left its thread: a new one would run a worker that sleeps.
    pub(crate) fn unpark(&self, is_asleep: impl FnOnce() -> bool) -> Result<(), Unstarted> {
        let mut unstarted = self.unstarted.lock();
        if unstarted.is_none() {
            self.nudge();
            return Ok(());
        }
        if is_asleep() {
            return Ok(());
        }
        unstarted.take().map_or(Ok(()), Err)
    }

    /// Ends the worker's nap, if it takes one. `true` if it did.
    pub(crate) fn end_nap(&self) -> bool {
        let napped = self.napping.load(Ordering::Relaxed) && self.napping.swap(false, Ordering::AcqRel);
        if napped {
            self.unparker.unpark();
        }
        napped
    }

    pub(crate) fn thread_id(&self) -> i32 {
        self.thread_id.load(Ordering::Relaxed)
    }

    /// Whether the owner does not count to GOMAXPROCS: it is in a long run, or its thread belongs to one goroutine.
    #[inline(always)]
    pub(crate) fn is_absent(&self) -> bool {
        self.absent.load(Ordering::Relaxed) != 0
    }

    /// Whether the owner's thread belongs to one goroutine.
    pub(crate) fn is_locked(&self) -> bool {
        self.absent.load(Ordering::Relaxed) & LOCKED != 0
    }

    /// Goroutines that are bound to the owner's thread.
    pub(crate) fn homes(&self) -> usize {
        self.homes.load(Ordering::Relaxed)
    }

    /// Lets the worker look again at what it sleeps for, if it does. Starts no thread.
    ///
    /// To be called after what it has to see was written: either this sees that it polls, or it sees what was written when
    /// it looks once more, after it has said that it polls ([`Post::set_polling`]).
    pub(crate) fn nudge(&self) {
        if self.polling.swap(false, Ordering::SeqCst)
            && let Some(driver) = crate::poll::driver()
        {
            driver.wake();
        } else {
            self.unparker.unpark();
        }
    }

    /// The owner says where it will sleep. A swap, so that it sees what the one wrote who has taken the mark away.
    fn set_polling(&self, polling: bool) {
        self.polling.swap(polling, Ordering::SeqCst);
    }

    /// Monitor: the owner has not come back from the run that began with `tick`, unless it just did. A rebalance has to follow
    /// in either case: another one may have seen the mark before it was taken back.
    pub(crate) fn mark_stuck(&self, tick: u64) {
        self.absent.fetch_or(STUCK, Ordering::SeqCst);
        // The owner looks at the mark after the run. If it missed it, it may do another run before it looks again: that is
        // a moment with a worker too many, unless it is seen here.
        fence(Ordering::SeqCst);
        if self.queue.ticks() != tick {
            self.absent.fetch_and(!STUCK, Ordering::SeqCst);
        }
    }

    /// Adds one to a counter that only one thread writes.
    #[inline]
    fn bump(counter: &AtomicU64) {
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

const _: () = assert!(std::mem::offset_of!(Worker, head) == 0);

impl Here {
    /// The worker that runs this code, if one does.
    #[inline(always)]
    pub(crate) fn worker(self) -> Option<&'static Worker> {
        // SAFETY: null or a pointer to a worker, whose head comes first and which lives as long as the process.
        unsafe { self.as_ptr().cast::<Worker>().as_ref() }
    }
}

/// Starts the thread of worker `index`, which is off the list already.
pub(crate) fn start(rt: &'static Runtime, index: usize, post: &'static Post, unstarted: Unstarted) {
    let body = move || {
        crate::sys::thread::precise_sleeps();
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        crate::sys::capture::admit();
        let worker = match unstarted {
            Unstarted::Never(queue, parker) => Worker::new(index, rt, post, queue, parker),
            Unstarted::Left(worker) => worker,
        };
        post.thread_id
            .store(crate::sys::thread::own_id(), Ordering::Relaxed);
        // SAFETY: workers are never freed.
        unsafe { crate::tls::set_worker((&raw const *worker).cast()) };
        worker.work();
        crate::tls::leave_worker();
        rt.threads.fetch_sub(1, Ordering::SeqCst);
    };
    rt.start_thread(format!("gort-worker-{index}"), body);
}

impl Worker {
    /// Never freed: the monitor may look at it at any time.
    fn new(
        index: usize,
        rt: &'static Runtime,
        post: &'static Post,
        queue: Local,
        parker: Parker,
    ) -> &'static Worker {
        let worker: &'static Worker = Box::leak(Box::new(Worker {
            head: Head::new(),
            index,
            rt,
            post,
            queue,
            parker,
            prefetcher: Prefetcher::new(),
            slice: Slice::default(),
            alone: Alone::default(),
            bound: Bound::default(),
            bound_first: Cell::new(false),
            lockers: Cell::new(0),
            spoiled: Cell::new(false),
            pushes: Cell::new(0),
            vain_polls: Cell::new(0),
            promise: Promise::default(),
            wrote: Cell::new(false),
            timers_checked: Cell::new(0),
            timers_tick: Cell::new(0),
            next_id: Cell::new(0),
            last_id: Cell::new(0),
            blocks: UnsafeCell::default(),
            fibers: UnsafeCell::default(),
        }));
        post.owner
            .store((&raw const *worker).cast_mut(), Ordering::Release);
        worker
    }

    /// Ends the thread of a worker that has been retired for long, or whose thread is spoiled, unless it was woken at this
    /// moment. `true`: it is over, and the worker may belong to a new thread already, so that nothing of it may be touched any
    /// more. If it was locked, it is not any more, and a rebalance has to follow.
    fn try_leave(&'static self) -> bool {
        if self.post.homes() > 0 {
            return false;
        }
        // What it kept for itself, others can use.
        self.with_blocks(g::pool::LocalPool::empty);
        self.with_fibers(fiber::pool::LocalPool::empty);
        let mut unstarted = self.post.unstarted.lock();
        // Whoever wakes it takes it off the list first and then looks here. So either it is off the list by now, or the other
        // one waits for this lock and then starts a thread.
        if !self.rt.idle.is_retired(self.index) {
            return false;
        }
        if self.spoiled.take() {
            // The next thread is nobody's. It cannot start before the lock is free.
            self.post.absent.store(0, Ordering::SeqCst);
            self.rt.idle.set_locked(self.index, false);
        }
        *unstarted = Some(Unstarted::Left(self));
        true
    }

    /// Goroutines that are bound to this worker's thread.
    pub(crate) fn homes(&self) -> usize {
        self.post.homes()
    }

    /// Before it lies down: what only it may have.
    fn rest(&self) {
        bias().release(self.seat());
    }

    /// Counts a goroutine that this worker has bound to its thread.
    pub(crate) fn count_bound(&self) {
        self.post.homes.store(self.post.homes() + 1, Ordering::Relaxed);
    }

    /// Counts one that is not bound any more.
    pub(crate) fn count_unbound(&self) {
        self.post.homes.store(self.post.homes() - 1, Ordering::Relaxed);
    }

    /// Whether it may run only what is bound to it: it is above GOMAXPROCS, or its thread belongs to one goroutine.
    #[inline]
    fn is_retired(&self) -> bool {
        self.index >= self.rt.limit() || self.post.is_locked()
    }

    /// Its place in the bias.
    #[inline(always)]
    pub(crate) fn seat(&self) -> &Seat {
        &self.head.seat
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
        self.head.random()
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

    /// How many are in the deque.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Puts the first `count` of the deque behind the others.
    pub(crate) fn rotate(&self, count: usize) {
        for g in (0..count).map_while(|_| self.queue.pop()) {
            self.queue.push(g);
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

    /// Counts a wait for a descriptor.
    #[inline]
    pub(crate) fn count_io_wait_begun(&self) {
        Post::bump(&self.post.io_waits_begun);
    }

    /// Counts the end of one.
    #[inline]
    pub(crate) fn count_io_wait_ended(&self) {
        Post::bump(&self.post.io_waits_ended);
    }

    /// Notes a write to a descriptor: it may have woken somebody in this process.
    #[inline]
    pub(crate) fn note_write(&self) {
        self.wrote.set(true);
    }

    /// Counts a goroutine that was started by this thread.
    #[inline]
    pub(crate) fn count_started(&self) {
        Post::bump(&self.post.started);
    }
}
