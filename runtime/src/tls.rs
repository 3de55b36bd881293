//! Every `thread_local!` of the library, and the only functions that read them.
//!
//! A goroutine may suspend on one OS thread and resume on another, and LLVM takes the address of a
//! thread-local for constant within a function. So nothing here ever returns an address of a
//! thread-local: a reader is `#[inline(never)]`, returns the *loaded value*, and passes it through
//! an `asm!` block that the optimiser must assume to have side effects; without that, LLVM infers
//! that the reader is pure and merges two calls across a switch. `runtime/tests/migration.rs`
//! checks it: with `GORT_MIGRATION=always` a stale read is seen at once.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::head::Head;
use crate::parker::{ThreadParker, ThreadWaiter};

thread_local! {
    /// The head of the worker that this thread is; null on every other thread.
    static WORKER: Cell<*const Head> = const { Cell::new(std::ptr::null()) };
    /// What blocks this thread when code outside a goroutine waits; null until the first wait. A
    /// plain pointer needs no destructor, so it can be read as long as the thread runs any code at
    /// all.
    static WAITER: Cell<*const ThreadWaiter> = const { Cell::new(std::ptr::null()) };
    /// Frees the thread's waiter when the thread ends.
    static REAPER: Reaper = const { Reaper };
    /// A goroutine of the crew whose timers this thread expires at the moment.
    static ACTS_FOR: Cell<*const ()> = const { Cell::new(std::ptr::null()) };
    /// Whether the panic hook keeps silent on this thread for a moment.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// Whether others rely on this thread, which is no worker, to come back at once.
    static SERVES: Cell<bool> = const { Cell::new(false) };
    /// What the hook noted of a panic while it kept silent.
    static NOTED: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
    /// What `goroutine_local!` keeps for a thread that is no goroutine.
    static LOCALS: RefCell<crate::locals::Locals> = RefCell::default();
    /// State of `random_u32` on threads that are no workers; 0 means not seeded yet.
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

/// Makes a value opaque to the optimiser, and the calling function impure in its eyes.
#[inline(always)]
fn opaque<T>(mut value: *const T) -> *const T {
    // SAFETY: the template is empty: the value leaves in the register it came in. Leaving out
    // `pure` and `nomem` is the point: the compiler must assume that it reads and writes memory.
    unsafe { std::arch::asm!("/* {0} */", inout(reg) value, options(nostack, preserves_flags)) };
    value
}

/// The head of the worker that this thread is, or null.
#[inline(never)]
pub(crate) fn head() -> *const Head {
    opaque(WORKER.get())
}

/// The goroutine that runs on this thread now, or null outside goroutines.
#[inline(never)]
pub(crate) fn goroutine() -> *const () {
    let head = WORKER.get();
    if head.is_null() {
        return opaque(std::ptr::null());
    }
    // SAFETY: `WORKER` is set once by the worker's own thread to a head that lives as long as the
    // process.
    opaque(unsafe { (*head).current() })
}

/// A goroutine of the crew for which this thread acts, or null; see `g::crew`.
#[inline(never)]
pub(crate) fn acts_for() -> *const () {
    opaque(ACTS_FOR.get())
}

/// Sets it.
#[inline(never)]
pub(crate) fn set_acts_for(goroutine: *const ()) {
    ACTS_FOR.set(goroutine);
}

/// Declares this thread to be the worker that begins with `head`.
///
/// # Safety
/// It is never freed.
#[inline(never)]
pub(crate) unsafe fn set_worker(head: *const Head) {
    WORKER.set(head);
}

/// Ends the thread's waiter. If a later destructor of the thread waits, it gets a new one, which is
/// never freed.
struct Reaper;

impl Drop for Reaper {
    fn drop(&mut self) {
        let waiter = WAITER.replace(std::ptr::null());
        if !waiter.is_null() {
            // SAFETY: made by `Box::into_raw` in `with_waiter`, and nothing on this thread uses it:
            // it is running this.
            drop(unsafe { Box::from_raw(waiter.cast_mut()) });
        }
    }
}

/// This thread is no worker any more.
#[inline(never)]
pub(crate) fn leave_worker() {
    WORKER.set(std::ptr::null());
}

/// Runs `f` with this thread's own blocking primitive, which is the same one until the wait is
/// over. Never call it on a goroutine.
#[inline(never)]
pub(crate) fn with_waiter<R>(f: impl FnOnce(&ThreadWaiter) -> R) -> R {
    let mut waiter = WAITER.get();
    if waiter.is_null() {
        waiter = Box::into_raw(Box::new(ThreadWaiter::new()));
        WAITER.set(waiter);
        let _ = REAPER.try_with(|_| ());
    }
    // SAFETY: only the reaper frees it, on this thread, when no wait is going on.
    f(unsafe { &*waiter })
}

/// The handle by which others wake this thread.
#[inline(never)]
pub(crate) fn thread_parker() -> Arc<ThreadParker> {
    with_waiter(|waiter| waiter.parker())
}

/// Sets whether the panic hook keeps silent on this thread; returns what it was.
#[inline(never)]
pub(crate) fn set_quiet(quiet: bool) -> bool {
    QUIET.try_with(|cell| cell.replace(quiet)).unwrap_or(false)
}

/// Whether the panic hook keeps silent on this thread.
#[inline(never)]
pub(crate) fn is_quiet() -> bool {
    QUIET.try_with(Cell::get).unwrap_or(false)
}

/// Declares this thread to be one that must not run what is not ours: nobody takes its place if
/// that waits.
#[inline(never)]
pub(crate) fn set_serves() {
    SERVES.set(true);
}

/// Whether this thread is such a one.
#[inline(never)]
pub(crate) fn serves() -> bool {
    SERVES.try_with(Cell::get).unwrap_or(false)
}

/// Keeps what the panic hook has to say later; returns what was kept before.
#[inline(never)]
pub(crate) fn note_panic(seen: Option<Box<dyn Any>>) -> Option<Box<dyn Any>> {
    NOTED.try_with(|slot| slot.replace(seen)).ok().flatten()
}

/// Runs `f` with the goroutine-local values of a thread that is no goroutine.
#[inline(never)]
pub(crate) fn with_locals<R>(f: impl FnOnce(&mut crate::locals::Locals) -> R) -> R {
    LOCALS.with_borrow_mut(f)
}

/// The next number of this thread's own generator (xorshift64*).
#[inline(never)]
pub(crate) fn thread_random() -> u64 {
    RANDOM
        .try_with(|state| {
            let seed = state.get();
            let next = crate::random::step(if seed == 0 {
                crate::random::fresh_seed()
            } else {
                seed
            });
            state.set(next);
            crate::random::output(next)
        })
        .unwrap_or_else(|_| crate::random::output(crate::random::fresh_seed()))
}
