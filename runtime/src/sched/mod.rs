//! The scheduler: the one place that makes goroutines runnable and decides whom to wake for them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

use crossbeam_utils::CachePadded;

use crate::bias::bias;
use crate::config::{self, BiasMode, Config, MAX_WORKERS, Migration};
use crate::fatal;
use crate::g::{GRef, NO_HOME};
use crate::here::Here;
use crate::idle::{Idle, Surroundings};
use crate::queue::injector::GlobalQueue;
use crate::sys::clock::{self, NEVER};

pub(crate) mod bell;
pub(crate) mod entry;
pub(crate) mod expire;
pub(crate) mod park;
pub(crate) mod procs;
pub(crate) mod ready;
pub(crate) mod shake;
pub(crate) mod sleep;
pub(crate) mod spawn;
pub(crate) mod timekeeper;
pub(crate) mod turn;
pub(crate) mod unwinding;
pub(crate) mod worker;

use bell::Bell;
use timekeeper::Timekeeper;
use worker::{Post, Worker};

/// Everything the workers share.
pub(crate) struct Runtime {
    pub(crate) config: &'static Config,
    pub(crate) idle: Idle,
    pub(crate) global: GlobalQueue,
    pub(crate) timekeeper: Timekeeper,
    /// Searchers that take a nap.
    pub(crate) nappers: AtomicUsize,
    /// GOMAXPROCS.
    procs: AtomicUsize,
    /// Workers with an index below it run anything: GOMAXPROCS of them, and those that are stuck.
    limit: AtomicUsize,
    pub(crate) bell: Bell,
    services: OnceLock<Services>,
    /// Posts that exist; never falls.
    known: AtomicUsize,
    posts: Box<[OnceLock<Box<Post>>]>,
    /// Goroutines that are bound to a thread, outside of the migration mode that binds all. Read at
    /// every `ready`, written rarely: on a line of its own.
    pub(crate) homes: CachePadded<AtomicUsize>,
    /// Held by whoever changes which workers run.
    balancing: parking_lot::Mutex<()>,
    /// OS threads of ours that never act on their own: workers and helpers.
    pub(crate) threads: AtomicUsize,
    next_id: AtomicU64,
    /// Goroutines started from threads that are no workers.
    started_outside: AtomicU64,
    /// A copy of the settings' own, for `ready`.
    migration: Migration,
    /// Threads that are no workers and wait for a descriptor.
    io_waits_outside: AtomicUsize,
}

/// What the floor above does when a worker asks for it. Handed over by `boot`.
pub(crate) struct Services {
    /// Whether nothing can run again, as far as can be seen; see [`deadlock`](crate::deadlock).
    pub(crate) check_deadlock: fn(&Runtime) -> bool,
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static STARTED: OnceLock<()> = OnceLock::new();

/// The scheduler, if it was made.
pub(crate) fn if_started() -> Option<&'static Runtime> {
    STARTED.get().and_then(|()| RUNTIME.get())
}

/// The scheduler; the first call makes it. Whatever starts goroutines asks `boot` instead, which
/// starts the services too.
#[inline]
pub(crate) fn runtime() -> &'static Runtime {
    let rt = RUNTIME.get_or_init(Runtime::new);
    if STARTED.get().is_none() {
        start(rt, &STARTED);
    }
    rt
}

#[cold]
fn start(rt: &'static Runtime, started: &OnceLock<()>) {
    crate::g::overflow::install_once();
    started.get_or_init(|| {
        // Now it takes no time. In a process of several threads the monitor does it.
        if rt.config.bias_mode != BiasMode::Off && crate::sys::thread::count() == Some(1) {
            crate::bias::prepare();
        }
        rt.rebalance();
    });
}

/// The worker that runs this code.
#[inline]
fn this_worker() -> Option<&'static Worker> {
    // SAFETY: not used after a switch: the functions of this file that call this one do not park.
    unsafe { Here::ask() }.worker()
}

/// There is a poller from now on: the timekeeper, if it sleeps on its parker, has to go to sleep
/// there.
pub(crate) fn poller_started() {
    let rt = runtime();
    // Pairs with the fence in `keep_time`, after which the timekeeper looks whether there is a
    // poller.
    fence(Ordering::SeqCst);
    if let Some(post) = rt.timekeeper.sleeps_past(0).and_then(|keeper| rt.post(keeper)) {
        post.nudge();
    }
}

/// This goroutine or thread is about to wait for a descriptor. A goroutine's worker looks for
/// events itself when it finds nothing else to do; for a thread somebody has to be in the poller.
#[inline]
pub(crate) fn io_wait_begins() {
    match this_worker() {
        Some(worker) => worker.count_io_wait_begun(),
        None => {
            let rt = runtime();
            rt.io_waits_outside.fetch_add(1, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            if rt.timekeeper.is_vacant() {
                rt.notify();
            }
        }
    }
}

/// Something was written to a descriptor.
#[inline]
pub(crate) fn io_written() {
    if let Some(worker) = this_worker() {
        worker.note_write();
    }
}

/// The wait is over; for a goroutine, maybe on another worker than the one where it began.
#[inline]
pub(crate) fn io_wait_ends() {
    match this_worker() {
        Some(worker) => worker.count_io_wait_ended(),
        None => {
            runtime().io_waits_outside.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn no_thread(error: &std::io::Error) -> ! {
    fatal::die(&format_args!(
        "runtime: failed to create new OS thread: {error}\nfatal error: newosproc\n{}",
        fatal::EVERYBODY
    ))
}

impl Runtime {
    fn new() -> Runtime {
        let config = config::get();
        Runtime {
            config,
            idle: Idle::new(),
            global: GlobalQueue::new(),
            timekeeper: Timekeeper::new(),
            nappers: AtomicUsize::new(0),
            procs: AtomicUsize::new(config.procs),
            limit: AtomicUsize::new(config.procs),
            bell: Bell::new(),
            services: OnceLock::new(),
            known: AtomicUsize::new(0),
            posts: (0..MAX_WORKERS).map(|_| OnceLock::new()).collect(),
            homes: CachePadded::new(AtomicUsize::new(0)),
            balancing: parking_lot::Mutex::new(()),
            threads: AtomicUsize::new(0),
            next_id: AtomicU64::new(1),
            started_outside: AtomicU64::new(0),
            migration: config.migration,
            io_waits_outside: AtomicUsize::new(0),
        }
    }

    /// By `boot`, once, before any goroutine exists.
    pub(crate) fn set_services(&self, services: Services) {
        let _ = self.services.set(services);
    }

    /// To be asked by a worker that has lain down. Ends the process if nothing can run again.
    /// `true` if that is so as far as can be seen, but a thread that is not ours might still do
    /// something: to be asked again later.
    pub(crate) fn check_deadlock(&self) -> bool {
        self.services
            .get()
            .is_some_and(|services| (services.check_deadlock)(self))
    }

    #[inline]
    pub(crate) fn procs(&self) -> usize {
        self.procs.load(Ordering::Relaxed)
    }

    /// How many workers run anything, counting those that are stuck in a long run.
    #[inline]
    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn known(&self) -> usize {
        self.known.load(Ordering::Acquire)
    }

    pub(crate) fn post(&self, index: usize) -> Option<&Post> {
        self.posts.get(index)?.get().map(|post| &**post)
    }

    /// Every worker's visible half, with its index.
    pub(crate) fn posts(&self) -> impl Iterator<Item = (usize, &Post)> {
        self.posts[..self.known()]
            .iter()
            .enumerate()
            .filter_map(|(index, post)| Some((index, &**post.get()?)))
    }

    /// Work was queued where any worker can take it: wakes one unless somebody searches already.
    #[inline]
    pub(crate) fn notify(&self) {
        self.idle.notify(self);
    }

    /// The same, for `worker`, which runs this code: while it owns the bias, it need not pay for
    /// the fence.
    #[inline]
    pub(crate) fn notify_from(&self, worker: &Worker) {
        bias().publish_fence(worker.seat());
        self.idle.notify_behind_fence(self);
    }

    /// Like [`Runtime::notify`], for the global queue, to which nobody is close: a searcher's nap
    /// ends.
    pub(crate) fn notify_global(&self) {
        fence(Ordering::SeqCst);
        if self.nappers.load(Ordering::Relaxed) == 0 || !self.end_one_nap() {
            self.notify();
        }
    }

    /// Ends the nap of one searcher. `false` if none was napping.
    pub(crate) fn end_one_nap(&self) -> bool {
        self.nappers.load(Ordering::SeqCst) > 0 && self.posts().any(|(_, post)| post.end_nap())
    }

    /// Something ended that could have made goroutines runnable. If every worker sleeps, one is
    /// woken to ask once more whether any goroutine can ever run again.
    pub(crate) fn ask_again(&self) {
        if self.idle.nobody_is_awake() {
            self.notify();
        }
    }

    /// The worker that a goroutine must run on, if it must: its home, or, in the migration mode for
    /// tests, another one than its last.
    #[inline]
    pub(crate) fn bound_to(&self, g: GRef) -> Option<usize> {
        // Without a look at the goroutine, whose control block may be far away. A goroutine that is
        // bound has raised the count itself, before it was published as waiting: whoever readies it
        // sees that.
        if self.migration == Migration::Stealing && self.homes.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let home = g.home();
        if home != NO_HOME {
            Some(home as usize)
        } else if self.migration == Migration::Always {
            self.another_than(g.last_worker())
        } else {
            None
        }
    }

    /// Another worker that runs anything, if there is one that comes back soon.
    #[cold]
    fn another_than(&self, last: u16) -> Option<usize> {
        // The limit, not GOMAXPROCS: that may have been raised a moment ago, and its workers may
        // not exist yet.
        let limit = self.limit();
        let last = last as usize;
        (1..=limit)
            .map(|step| (last + step) % limit)
            .find(|&index| index != last && self.post(index).is_some_and(|post| !post.is_absent()))
    }

    /// Queues a goroutine in the inbox of worker `index`, which it must run on, or is to run on in
    /// the migration mode for tests.
    #[cold]
    pub(crate) fn send_bound(&self, g: GRef, index: usize) {
        let Some(post) = self.post(index) else {
            unreachable!("a home is a worker that exists")
        };
        post.inbox.send(g, g.home() != NO_HOME);
        if !self.idle.notify_this(index, self) {
            post.end_nap();
        }
    }

    /// Sends goroutines elsewhere that only the migration mode had sent to that worker, which does
    /// not come back soon. `true` if there were any.
    pub(crate) fn send_elsewhere(&self, post: &Post) -> bool {
        let stranded = post.inbox.take_free();
        let any = !stranded.is_empty();
        for g in stranded {
            match self.bound_to(g) {
                Some(index) => self.send_bound(g, index),
                None => {
                    self.global.push(g);
                    self.notify_global();
                }
            }
        }
        any
    }

    /// Starts a thread of ours without which nothing works. Ends the process if there is none to be
    /// had.
    pub(crate) fn start_thread(&self, name: String, body: impl FnOnce() + Send + 'static) {
        self.count_thread();
        if let Err(error) = crate::sys::thread::spawn(name, body) {
            no_thread(&error);
        }
    }

    /// From now on threads are started from one that no goroutine has ever run on.
    pub(crate) fn start_template(&self) {
        if crate::sys::thread::has_template() {
            return;
        }
        self.count_thread();
        match crate::sys::thread::start_template() {
            Ok(true) => {}
            // Another one was quicker.
            Ok(false) => drop(self.threads.fetch_sub(1, Ordering::SeqCst)),
            Err(error) => no_thread(&error),
        }
    }

    /// One thread of ours more. Ends the process, as Go does, if that is more than there may be.
    pub(crate) fn count_thread(&self) {
        let limit = self.config.max_threads;
        if self.threads.fetch_add(1, Ordering::SeqCst) >= limit {
            fatal::die(&format_args!(
                "runtime: program exceeds {limit}-thread limit\nfatal error: thread exhaustion\n{}",
                fatal::EVERYBODY
            ));
        }
    }

    /// Ends the promise of worker `index` to keep watch, which it does not keep, and wakes another
    /// one if somebody has to.
    pub(crate) fn break_promise(&self, index: usize) {
        self.timekeeper.end_promise(index);
        // Orders the end before the look at the timers. Pairs with the fence in
        // `Timekeeper::armed`.
        fence(Ordering::SeqCst);
        if self.watch_is_vacant() {
            self.notify();
        }
    }

    /// Goroutines that have been started and have not ended.
    pub(crate) fn goroutines(&self) -> u64 {
        // Ends are read first: a goroutine that starts and ends in between is counted as alive
        // rather than below zero.
        let ended = self.sum(|post| &post.ended);
        let started = self.sum(|post| &post.started);
        (self.started_outside.load(Ordering::Acquire) + started).saturating_sub(ended)
    }

    /// What all workers have counted together.
    fn sum(&self, counter: impl Fn(&Post) -> &AtomicU64) -> u64 {
        self.posts()
            .map(|(_, post)| counter(post).load(Ordering::Acquire))
            .sum()
    }

    /// Whether anybody waits for a descriptor. Exact while no worker runs anything.
    pub(crate) fn anybody_waits_for_io(&self) -> bool {
        // Ends first, as in `goroutines`.
        let ended = self.sum(|post| &post.io_waits_ended);
        let begun = self.sum(|post| &post.io_waits_begun);
        begun != ended || self.io_waits_outside.load(Ordering::SeqCst) > 0
    }

    /// Takes `count` goroutine numbers; returns the first.
    pub(crate) fn take_ids(&self, count: u64) -> u64 {
        self.next_id.fetch_add(count, Ordering::Relaxed)
    }

    /// The earliest deadline of all timers.
    pub(crate) fn earliest_timer(&self) -> u64 {
        self.posts()
            .map(|(_, post)| post.timers.next())
            .min()
            .unwrap_or(NEVER)
    }

    /// For the timekeeper, before it parks: until when it may sleep. It is nudged if an earlier
    /// timer is armed.
    pub(crate) fn keep_time(&self) -> u64 {
        self.timekeeper.keep(|| self.earliest_timer())
    }
}

impl Surroundings for Runtime {
    /// Whether a worker that searches now would find something.
    fn any_visible_work(&self) -> bool {
        !self.global.is_empty() || self.posts().any(|(_, post)| post.queue.has_work())
    }

    fn has_bound_work(&self, index: usize) -> bool {
        self.post(index).is_some_and(|post| !post.inbox.is_empty())
    }

    /// Whether there are timers, or somebody who waits for a descriptor, and sleeping workers, but
    /// none that keeps watch, and nobody who has promised to be back in time.
    fn watch_is_vacant(&self) -> bool {
        if !self.timekeeper.is_vacant() || !self.idle.any_asleep() {
            return false;
        }
        let earliest = self.earliest_timer();
        (earliest != NEVER || crate::poll::is_of_use()) && !self.timekeeper.is_promised(earliest, clock::now)
    }

    /// Unparks a worker's thread, starting it if it never ran.
    #[cold]
    fn unpark(&self, index: usize) {
        let Some(post) = runtime().post(index) else { return };
        self.bell.worker_woken();
        if let Err(parts) = post.unpark(|| self.idle.is_asleep(index)) {
            worker::start(runtime(), index, post, parts);
        }
    }
}
