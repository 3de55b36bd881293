//! A goroutine that waits while it unwinds takes its panics with it.
//!
//! std counts the panics under way per *thread*. If a goroutine switched away in the middle of its
//! unwinding (in a destructor, in `defer!`, in the panic hook) and left that count behind,
//! `std::thread::panicking()` would be true for all that run on the thread meanwhile, and false for
//! the goroutine itself where it goes on. So a switch away moves the count off the thread
//! ([`set_aside`]), and coming back puts it onto the thread of that moment ([`take_back`]).
//!
//! std has no call for either. But an unwinding that stands still in a destructor *is* one panic on
//! the count of the thread on which it began, and when it goes on and is caught, that takes one off
//! the thread where it ends. A [`Carrier`] is a coroutine that does just this:
//!
//! ```text
//!   empty --- load(): begins to unwind, stops in a destructor: this thread counts one more ---> loaded
//!   empty <-- unload(): the unwinding goes on and is caught: this thread counts one less ------ loaded
//! ```
//!
//! Nothing else is needed: a count moves when a carrier is loaded on one thread and unloaded on
//! another.
//!
//! * **Set aside**: unload loaded carriers on this thread until it counts no panic, and note how
//!   many. (More than one if unwindings are nested: a destructor catches a panic of its own, during
//!   which another destructor waits.)
//! * **Take back**: load as many empty ones on this thread.
//! * **Where loaded ones come from**: the sum over all threads of what is counted is the number of
//!   unwindings there are. What the goroutines that wait do not count, somebody else has to: the
//!   thread `gort-unwind`, which runs no code but this. It loads new carriers when somebody asks
//!   and none is left, and unloads what is kept when nobody has asked for a while.
//!
//! Rules: a carrier is on one of the shelves of the [`Stock`], or belongs to the one who has just
//! taken it from there, and only this one switches to it. The lock of the stock is never held
//! across a switch. Between the switch to a carrier and its return nothing runs but std's
//! unwinding. A carrier never ends. As many empty ones are on the shelf as goroutines that wait
//! have set aside: the thread that loads takes none of these.

use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::fiber::{self, Fiber};
use crate::g::entry::Job;
use crate::g::{G, GRef, pool};

/// The thread unloads what is kept when nobody has needed any of it for as long: while std counts a
/// panic anywhere, every question whether a thread panics takes a little longer.
const LULL: Duration = Duration::from_secs(1);
/// At most this many carriers are loaded beyond those that are asked for.
const AHEAD: usize = 64;
/// A carrier's stack, in bytes: the unwinder, and what the loader does for it at the first time.
const STACK: usize = 64 << 10;

/// Moves the panics that this thread counts, all of them the goroutine's own, off the thread.
///
/// To be followed by a switch away, and that by [`take_back`], on whatever thread. May be called
/// under a lock of a channel: it waits for the thread `gort-unwind` only, which takes none.
#[cold]
#[inline(never)]
pub(crate) fn set_aside(g: &G) {
    while std::thread::panicking() {
        let carrier = STOCK.take_loaded();
        carrier.switch();
        STOCK.put_empty(carrier);
        g.panics_aside.set(g.panics_aside.get() + 1);
    }
}

/// Lets this thread count the panics that `g` has set aside.
#[cold]
#[inline(never)]
pub(crate) fn take_back(g: &G) {
    for _ in 0..g.panics_aside.take() {
        let carrier = STOCK.take_empty();
        carrier.switch();
        STOCK.put_loaded(carrier);
    }
}

/// A coroutine that is one panic, or none.
///
/// It has a control block, so that it can be switched to like a goroutine, but no number: it is in
/// no report.
struct Carrier(GRef);

impl Carrier {
    /// An empty one.
    fn new() -> Carrier {
        let fiber = match Fiber::new(STACK) {
            Ok(fiber) => fiber,
            Err(no_stack) => crate::panics::die(&format_args!(
                "fatal error: cannot allocate a stack of {} bytes for a goroutine that waits while it panics\n",
                no_stack.size
            )),
        };
        let block = pool::take_shared();
        // SAFETY: the block is free, belongs to this function, and never goes back.
        unsafe { store(block, move || carry(block)) };
        // SAFETY: the fiber is new.
        unsafe { fiber.bind(block) };
        block.set_fiber(Some(fiber));
        Carrier(block)
    }

    /// Loads it if it is empty, and unloads it if it is loaded.
    fn switch(&self) {
        // SAFETY: the carrier belongs to the caller, so no other thread resumes it; it is suspended
        // in `carry`, which never ends.
        unsafe { self.0.fiber().resume() };
    }
}

/// Makes `job` what runs on the block's fiber.
///
/// # Safety
/// The block is free and belongs to the caller.
unsafe fn store<F: FnOnce()>(block: GRef, job: F) {
    // SAFETY: by the caller.
    unsafe { Job::<F, ()>::store(&block, job) };
    block.table.set(&Job::<F, ()>::TABLE);
}

/// The life of a carrier.
fn carry(this: GRef) {
    loop {
        let unwound = panic::catch_unwind(AssertUnwindSafe(|| {
            let _stops = StopsWhileUnwinding(this);
            panic::resume_unwind(Box::new(()));
        }));
        drop(unwound);
        stop(this);
    }
}

struct StopsWhileUnwinding(GRef);

impl Drop for StopsWhileUnwinding {
    fn drop(&mut self) {
        stop(self.0);
    }
}

fn stop(carrier: GRef) {
    // SAFETY: called by `carry` only, so this is the carrier's own stack. Whoever switched to it
    // reads no request.
    unsafe { fiber::suspend(&carrier) };
}

static STOCK: Stock = Stock {
    shelves: Mutex::new(Shelves {
        loaded: Vec::new(),
        empty: Vec::new(),
        wanted: 0,
        used: None,
        resting: false,
    }),
    to_load: Condvar::new(),
    loaded: Condvar::new(),
};

/// The carriers that nobody has.
struct Stock {
    shelves: Mutex<Shelves>,
    /// For the thread that loads.
    to_load: Condvar,
    /// For those that wait for it.
    loaded: Condvar,
}

struct Shelves {
    loaded: Vec<Carrier>,
    empty: Vec<Carrier>,
    /// How many wait for a loaded one.
    wanted: usize,
    /// When a loaded one was taken or put back last.
    used: Option<Instant>,
    /// The thread sleeps until somebody wakes it.
    resting: bool,
}

impl Stock {
    /// Takes a loaded carrier; waits, as a thread, for one to be loaded if need be.
    fn take_loaded(&'static self) -> Carrier {
        self.start();
        let mut shelves = self.shelves.lock();
        shelves.used = Some(Instant::now());
        if let Some(carrier) = shelves.loaded.pop() {
            return carrier;
        }
        shelves.wanted += 1;
        self.to_load.notify_one();
        loop {
            self.loaded.wait(&mut shelves);
            if let Some(carrier) = shelves.loaded.pop() {
                shelves.wanted -= 1;
                return carrier;
            }
        }
    }

    fn put_loaded(&self, carrier: Carrier) {
        let mut shelves = self.shelves.lock();
        shelves.used = Some(Instant::now());
        shelves.loaded.push(carrier);
        // So that it comes to unload it some time.
        if shelves.resting {
            self.to_load.notify_one();
        }
    }

    /// There is one: whoever asks has put one there before.
    fn take_empty(&self) -> Carrier {
        match self.shelves.lock().empty.pop() {
            Some(carrier) => carrier,
            None => unreachable!("what was set aside has an empty carrier"),
        }
    }

    fn put_empty(&self, carrier: Carrier) {
        self.shelves.lock().empty.push(carrier);
    }

    /// Starts the thread, once.
    fn start(&'static self) {
        static STARTED: OnceLock<()> = OnceLock::new();
        STARTED.get_or_init(|| {
            crate::sched::runtime().start_thread(String::from("gort-unwind"), || self.work());
        });
    }

    /// The life of the thread. It seems to panic nearly always, so it runs nothing else.
    fn work(&self) -> ! {
        let mut spare: Vec<Carrier> = Vec::new();
        // How many have been made: as many goroutines waited at once as were made, or half as many.
        let mut made = 0;
        let mut shelves = self.shelves.lock();
        loop {
            while shelves.loaded.len() < shelves.wanted {
                let more = shelves.wanted - shelves.loaded.len() + AHEAD.min(made / 2);
                drop(shelves);
                let batch: Vec<Carrier> = (0..more)
                    .map(|_| {
                        spare.pop().unwrap_or_else(|| {
                            made += 1;
                            Carrier::new()
                        })
                    })
                    .inspect(Carrier::switch)
                    .collect();
                shelves = self.shelves.lock();
                shelves.loaded.extend(batch);
                self.loaded.notify_all();
            }
            if shelves.loaded.is_empty() {
                shelves.resting = true;
                self.to_load.wait(&mut shelves);
                shelves.resting = false;
                continue;
            }
            let lull_ends = shelves.used.map_or_else(Instant::now, |used| used + LULL);
            if !self.to_load.wait_until(&mut shelves, lull_ends).timed_out() {
                continue;
            }
            if shelves.used.is_none_or(|used| used.elapsed() >= LULL) {
                let kept = std::mem::take(&mut shelves.loaded);
                drop(shelves);
                kept.iter().for_each(Carrier::switch);
                spare.extend(kept);
                shelves = self.shelves.lock();
            }
        }
    }
}
