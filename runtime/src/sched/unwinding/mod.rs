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
//! unwinding. Only the thread that loads makes them, and ends those that nobody has needed for a
//! while. As many empty ones are on the shelf as goroutines that wait have set aside: the thread
//! that loads takes none of these.

use std::panic::{self, AssertUnwindSafe};
use std::sync::LazyLock;

use crate::fiber;
use crate::g::job::Job;
use crate::g::join::Whose;
use crate::g::{G, GRef, Request, pool};
use crate::sched::entry::Entry;

pub(crate) mod stock;

use stock::{Carries, Loader, Stock};

/// A carrier's stack, in bytes: the unwinder, and what the loader does for it at the first time.
const STACK: usize = 64 << 10;

/// Whether this thread counts panics that [`set_aside`] can move.
///
/// With `panic = "abort"` a thread counts one only while the hook runs, after which the process
/// ends: there is no unwinding that could carry it.
#[inline(always)]
pub(crate) fn is_under_way() -> bool {
    cfg!(panic = "unwind") && std::thread::panicking()
}

/// Moves the panics that this thread counts, all of them the goroutine's own, off the thread.
///
/// To be followed by a switch away, and that by [`take_back`], on whatever thread. May be called
/// under a lock of a channel: it waits for the thread `gort-unwind` only, which takes none.
#[cold]
#[inline(never)]
pub(crate) fn set_aside(g: &G) {
    while is_under_way() {
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

impl Carries for Carrier {
    fn new() -> Carrier {
        let fiber = match fiber::pool::take::<Entry>(STACK) {
            Ok(fiber) => fiber,
            Err(no_stack) => crate::fatal::die(&format_args!(
                "fatal error: cannot allocate a stack of {} bytes for a goroutine that waits while it panics\n",
                no_stack.size
            )),
        };
        let block = pool::take_shared();
        // SAFETY: the block is free and belongs to this function.
        unsafe { store(block, move || carry(block)) };
        // SAFETY: the fiber is idle, and for goroutines.
        unsafe { fiber.bind::<Entry>(block.occupant()) };
        block.set_fiber(Some(fiber));
        block.set_request(Request::Yield);
        // Nobody looks at its end.
        block.life.reset();
        let (Whose::Mine | Whose::Theirs) = block.life.detach();
        Carrier(block)
    }

    fn switch(&self) {
        // SAFETY: the carrier belongs to the caller, so no other thread resumes it; it is suspended
        // in `carry`, which never ends.
        unsafe { self.0.fiber().resume() };
    }

    fn end(all: Vec<Carrier>) {
        let ended = all.into_iter().map(|Carrier(block)| {
            block.set_request(Request::Finish);
            let fiber = block.fiber();
            // SAFETY: as above; it is empty, so what it does is to return from `carry`, after which
            // its fiber is idle.
            unsafe { fiber.resume() };
            block.set_fiber(None);
            pool::give_shared(block);
            fiber
        });
        fiber::pool::give_back(ended.collect(), STACK);
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

/// The life of a carrier: until whoever switches to it asks for its end.
fn carry(this: GRef) {
    while !matches!(this.request(), Request::Finish) {
        stop_while_unwinding(this);
        stop(this);
    }
}

/// Begins to unwind on one thread, and ends it on another.
///
/// Where std's functions are inlined (link-time optimisation), the compiler would take the address
/// of std's count for one and the same in all of a function: so that it is asked for only once in
/// any, this is apart from the loop, and the beginning from this.
#[inline(never)]
fn stop_while_unwinding(this: GRef) {
    let unwound = panic::catch_unwind(AssertUnwindSafe(|| {
        let _stops = StopsWhileUnwinding(this);
        begin();
    }));
    drop(unwound);
}

#[inline(never)]
fn begin() -> ! {
    panic::resume_unwind(Box::new(()))
}

struct StopsWhileUnwinding(GRef);

impl Drop for StopsWhileUnwinding {
    #[inline(never)]
    fn drop(&mut self) {
        stop(self.0);
    }
}

fn stop(carrier: GRef) {
    // SAFETY: called by `carry` only, so this is the carrier's own stack. Whoever switched to it
    // reads no request; the one that is there is for the carrier.
    unsafe { crate::g::suspend(&carrier) };
}

static STOCK: LazyLock<Stock<Carrier>> = LazyLock::new(|| {
    crate::sched::runtime().start_thread(String::from("gort-unwind"), load);
    Stock::new()
});

/// The life of the thread `gort-unwind`. It seems to panic nearly always, so it runs nothing else.
fn load() {
    let mut loader = Loader::new();
    loop {
        STOCK.serve(&mut loader);
    }
}
