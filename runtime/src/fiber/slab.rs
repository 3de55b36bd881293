//! The second backing (feature `slab-stacks`): the `corosensei` crate, on our own stacks. The only file that names it.
//!
//! ```text
//!   high   +----------------------------+ <- `top`, page aligned
//!          | nothing: `colour`          |
//!          | `Head`                     | <- `Switch::head`
//!          | corosensei's parent link   |
//!          | `first_frame`              |
//!          |   Body::run(occupant)      |
//!          |     the goroutine's frames |
//!          |       park(): suspend()    | <- where it stands while another goroutine runs
//!          | ... untouched pages ...    | <- `low`
//!          +----------------------------+
//!          | guard: 64 KiB              |    touching it is `fatal error: stack overflow`
//!   low    +----------------------------+
//! ```
//!
//! A context is written anew for every goroutine (a dozen stores), so there is nothing on an idle stack: the kernel may have
//! all of its pages back at any time. A parked goroutine that needs little touches one page.
//!
//! Unwinding never crosses the switch: `Body::run` catches what a goroutine throws, and without its feature `unwind`
//! corosensei ends the process rather than pass anything on. Nor is a context ever dropped: dropping one that is suspended
//! would unwind it.

use std::cell::{Cell, UnsafeCell};
use std::convert::Infallible;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::ptr::NonNull;

use corosensei::stack::{Stack, StackPointer};
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::fiber::{Body, Fiber, NoStack, Saved, stacks};

type Context = Coroutine<(), (), Infallible, Extent>;

/// How to reach a fiber's context.
#[derive(Clone, Copy)]
pub(super) struct Switch {
    head: NonNull<Head>,
    low: usize,
}

impl Switch {
    #[inline]
    pub(super) fn end(self) -> usize {
        self.head.addr().get()
    }

    #[inline(always)]
    pub(super) fn low(self) -> usize {
        self.low
    }

    #[inline(always)]
    pub(super) fn into_words(self) -> (NonNull<()>, usize) {
        (self.head.cast(), self.low)
    }

    #[inline(always)]
    pub(super) fn from_words(context: NonNull<()>, rest: usize) -> Switch {
        Switch {
            head: context.cast(),
            low: rest,
        }
    }

    #[inline(always)]
    pub(super) fn fetch(self) {
        crate::shim::prefetch(self.head.as_ptr());
    }
}

/// See [`fiber::SWITCHES`](crate::fiber::SWITCHES).
pub(super) const CRATE: &str = "corosensei::";
pub(super) const FILES: &str = "/corosensei-0.";

/// See [`fiber::SAVED_BY`](crate::fiber::SAVED_BY).
pub(super) const SAVED_BY: usize = 2;

/// What lies at the top of a stack. Valid from `bind` on.
///
/// With corosensei's parent link right below it, it fills one cache line: a switch touches both.
#[repr(C, align(16))]
struct Head {
    context: UnsafeCell<MaybeUninit<Context>>,
    /// Written by `first_frame`, of which it is an argument.
    yielder: Cell<*const Yielder<(), ()>>,
}

/// corosensei's own at the base of a stack: the parent link and its return address.
const LINK: usize = 16;
const _: () = assert!(size_of::<Head>() + LINK <= 64);

/// What corosensei is to know of a stack: the part below the head.
struct Extent {
    base: StackPointer,
    limit: StackPointer,
}

// SAFETY: between the two lie a guard and, above it, at least `config::MIN_STACK` bytes less the head, which belong to
// the fiber (a stack that small has no colour); `base` is a multiple of 16.
unsafe impl Stack for Extent {
    #[inline]
    fn base(&self) -> StackPointer {
        self.base
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        self.limit
    }
}

/// Takes a stack of `size` bytes, which may be one that was given back.
pub(super) fn make<B: Body>(size: usize) -> Result<Fiber, NoStack> {
    let stack = stacks::take(size).ok_or(NoStack { size })?;
    let end = stack.end - super::colour(stack.start, stack.len());
    let head = std::ptr::with_exposed_provenance_mut::<Head>(end - size_of::<Head>());
    let Some(head) = NonNull::new(head) else {
        unreachable!("a stack does not end at address 0")
    };
    Ok(Fiber {
        switch: Switch {
            head,
            low: stack.start,
        },
    })
}

/// See [`Fiber::bind`].
pub(super) unsafe fn bind<B: Body>(fiber: &Fiber, occupant: NonNull<()>) {
    let head = fiber.switch.head;
    let (Some(base), Some(limit)) = (NonZero::new(head.addr().get()), NonZero::new(fiber.guard().start))
    else {
        unreachable!("no stack lies at address 0")
    };
    let context = Context::with_stack(Extent { base, limit }, move |yielder, ()| {
        first_frame::<B>(yielder, head, occupant)
    });
    // SAFETY: the fiber is idle and the caller's, so nothing refers to its stack, of which the head is a part. The context that
    // stood there has no destructor to be run: it never returned from `first_frame`, and nothing was left in that frame.
    unsafe { (*head.as_ref().context.get()).write(context) };
}

/// See [`Fiber::resume`].
#[inline]
pub(super) unsafe fn resume(fiber: &Fiber) {
    // SAFETY: `bind` wrote the context, and only the one thread that resumes it refers to it. The code that runs on the stack
    // touches the head's other field only.
    let context = unsafe { (*fiber.switch.head.as_ref().context.get()).assume_init_mut() };
    match context.resume(()) {
        CoroutineResult::Yield(()) => {}
        CoroutineResult::Return(never) => match never {},
    }
}

/// Leaves the stack that this code runs on.
///
/// # Safety
/// The caller runs on this fiber, and not on a coroutine nested in it.
#[inline(always)]
pub(super) unsafe fn switch_away(fiber: &Fiber) {
    // SAFETY: the code runs on this stack, so the head is valid and `first_frame` has stored its yielder, which is alive as
    // long as that frame: until the stack is bound anew.
    unsafe { (*fiber.switch.head.as_ref().yielder.get()).suspend(()) };
}

/// See [`Fiber::saved`]. corosensei keeps the stack pointer in the context, beside where the stack began, which is higher; below it
/// lie the address where it goes on, `rbx` and `rbp`.
pub(super) fn saved(fiber: &Fiber, mut word: impl FnMut(usize) -> Option<usize>) -> Option<Saved> {
    const WORD: usize = size_of::<usize>();
    let head = fiber.switch.head.addr().get();
    let words = (head..head + size_of::<Context>()).step_by(WORD);
    let kept: Vec<usize> = words.filter_map(&mut word).collect();
    let sp = kept.into_iter().filter(|sp| fiber.holds(*sp)).min()?;
    let (ip, bp) = (word(sp)?, word(sp + 2 * WORD)?);
    let sp = sp + 3 * WORD;
    Some(Saved { ip, sp, bp })
}

/// Gives the stacks back. None of the fibers stays.
pub(super) fn give_back(idle: Vec<Fiber>) -> Vec<Fiber> {
    let ranges = idle.iter().map(|fiber| fiber.low()..fiber.top()).collect();
    // SAFETY: the fibers are idle and the caller's; nothing on the stack of an idle one is used again.
    unsafe { stacks::give_back(ranges) };
    Vec::new()
}

/// The outermost function of a fiber. The body lets nothing unwind into it.
fn first_frame<B: Body>(yielder: &Yielder<(), ()>, head: NonNull<Head>, occupant: NonNull<()>) -> Infallible {
    // SAFETY: the head of the stack that this runs on.
    unsafe { head.as_ref() }.yielder.set(yielder);
    B::run(occupant);
    // The goroutine has asked for its end. The stack is idle from here on, and nobody resumes it before it is bound anew.
    loop {
        yielder.suspend(());
    }
}
