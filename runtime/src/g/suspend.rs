//! Leaving a goroutine's stack, and what is left of it.

use crate::g::{G, current};

/// How many bytes are left on the stack of the goroutine that runs this. `None` if it is no
/// goroutine's.
pub(crate) fn room() -> Option<usize> {
    let fiber = current()?.fiber_if_bound()?;
    let here = 0_u8;
    let here = (&raw const here).addr();
    fiber.holds(here).then(|| here - fiber.low())
}

/// Suspends the goroutine `g`, which is the one that runs this code. Returns when a worker resumes
/// it.
///
/// # Safety
/// `g` is the current goroutine, and its request to the worker is in place.
#[inline(always)]
pub(crate) unsafe fn suspend(g: &G) {
    let fiber = g.fiber();
    // The worker writes here when the goroutine has left: see `G::note_wait`.
    let mut since = 0_u64;
    let here = &raw mut since;
    if !fiber.holds(here.addr()) {
        nested_generator(g);
    }
    g.hints().set_stands(here.cast());
    // SAFETY: the fiber is bound to the goroutine that runs this code, and the check above says
    // that this is its stack.
    unsafe { fiber.switch_away() };
}

/// Fatal, not a panic: the caller may have published its frame (a waiter in a queue, a borrow of a
/// scope) and relies on not coming back before it was readied.
#[cold]
fn nested_generator(g: &G) -> ! {
    crate::fatal::die(&format_args!(
        "fatal error: a goroutine cannot wait inside a coroutine of the `generator` crate: \
         receive, send or lock outside of its body\n\ngoroutine {} [running]:\n\tspawned at {}\n",
        g.id(),
        g.spawn_site()
    ))
}
