//! Fibers: a stack and the context switch onto it. Which library switches, and whose stacks it switches to, is decided here
//! and nowhere else.
//!
//! Two backings have the same functions: `generator.rs` (the default: the `generator` crate on stacks of its own) and
//! `slab.rs` (cargo feature `slab-stacks`: the `corosensei` crate on stacks cut from large reserves). `README.md`
//! says what each costs. A backing has
//!
//! | | |
//! |---|---|
//! | `Switch` | plain data, two words: what it needs to find a fiber's context. `end()` is where the frames end, in the stack's |
//! | | highest page; `low()` the lowest usable address; `fetch()` asks for the lines that a switch touches |
//! | `make::<Body>(size)` | a new idle fiber |
//! | `bind::<Body>(fiber, occupant)` | the next `resume` runs the body on that |
//! | `resume(fiber)`, `switch_away(fiber)` | onto the stack, and off it |
//! | `saved(fiber, word)` | where a suspended one goes on, read by `word` |
//! | `give_back(idle)` | returns the memory of idle fibers to the kernel, and those that stay usable |
//!
//! Rules: a fiber is resumed by one thread at a time; a suspended fiber is never dropped (that would unwind the goroutine),
//! an idle one is pooled. Nothing but the goroutine's own frames returns after a switch: `switch_away` is inlined into the
//! operation that waits, because a return to a frame from before the switch is always mispredicted.

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::sys::memory;

pub(crate) mod foreign;
#[cfg(not(feature = "slab-stacks"))]
mod generator;
pub(crate) mod pool;
#[cfg(feature = "slab-stacks")]
mod slab;
#[cfg(feature = "slab-stacks")]
mod stacks;
#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(not(feature = "slab-stacks"))]
use self::generator as backing;
#[cfg(feature = "slab-stacks")]
use self::slab as backing;

/// What the functions begin with that switch, and a part of the names of their files: functions that were inlined may have no path.
pub(crate) const SWITCHES: &str = backing::CRATE;
pub(crate) const SWITCH_FILES: &str = backing::FILES;

/// How a debugger finds the registers of a suspended fiber. 1: the words at the context are anything,
/// the stack pointer, the frame pointer; the return address lies at the stack pointer. 2: the stack
/// pointer is the lowest of the context's words that points into the stack; there lie the return
/// address, a register and the frame pointer.
pub(crate) const SAVED_BY: usize = backing::SAVED_BY;
pub(crate) const CONTEXT_IN_SLOT: usize = std::mem::offset_of!(Slot, context);
pub(crate) const REST_IN_SLOT: usize = std::mem::offset_of!(Slot, rest);

/// Bytes between two neighbouring colours: a pair of cache lines.
const COLOUR: usize = 128;
const COLOURS: usize = 16;
/// The smallest stack that has a colour, in bytes.
const COLOURED: usize = 64 << 10;

/// How much lower than usual the frames of the stack at `address` begin.
///
/// Stacks lie a power of two apart. If all began at the same place in their pages, the top frames of all goroutines would fall
/// into the same few sets of the caches: of a thousand that take turns, each would find its own lines gone. Small stacks have none
/// to spare: how deep a goroutine may call shall not depend on where its stack lies.
fn colour(address: usize, size: usize) -> usize {
    if size < COLOURED {
        return 0;
    }
    // Fibonacci hashing: stacks may be any power of two apart, and one page more.
    let hash = address.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> (usize::BITS - COLOURS.ilog2())) * COLOUR
}

/// What fibers run, one occupant after the other.
pub(crate) trait Body {
    /// Runs an occupant to its end. Lets nothing unwind out of it.
    fn run(occupant: NonNull<()>);
}

/// An owned stack. Plain data: it can be copied into the goroutine it is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Fiber {
    switch: backing::Switch,
}

/// Where a goroutine keeps the fiber that it is bound to, if it is. Its owner reads and writes it. Others may look at any time, for a
/// hint: two words that need not belong together.
pub(crate) struct Slot {
    /// Null if there is none.
    context: AtomicPtr<()>,
    rest: AtomicUsize,
}

impl Slot {
    pub(crate) const fn new() -> Slot {
        Slot {
            context: AtomicPtr::new(std::ptr::null_mut()),
            rest: AtomicUsize::new(0),
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<Fiber> {
        let context = NonNull::new(self.context.load(Ordering::Relaxed))?;
        let rest = self.rest.load(Ordering::Relaxed);
        Some(Fiber {
            switch: backing::Switch::from_words(context, rest),
        })
    }

    #[inline]
    pub(crate) fn set(&self, fiber: Option<Fiber>) {
        let (context, rest) = match fiber {
            Some(fiber) => {
                let (context, rest) = fiber.switch.into_words();
                (context.as_ptr(), rest)
            }
            None => (std::ptr::null_mut(), 0),
        };
        self.rest.store(rest, Ordering::Relaxed);
        self.context.store(context, Ordering::Relaxed);
    }

    /// Asks for the lines that a switch to the fiber touches, besides the frame that switched away.
    #[inline(always)]
    pub(crate) fn fetch(&self) {
        if let Some(fiber) = self.get() {
            fiber.switch.fetch();
        }
    }
}

/// Where a suspended fiber goes on: the registers from which its frames can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) ip: usize,
    pub(crate) sp: usize,
    pub(crate) bp: usize,
}

/// Why there is no new stack.
#[derive(Debug, Clone)]
pub(crate) struct NoStack {
    pub(crate) size: usize,
}

impl Fiber {
    /// A new idle fiber with a stack of `size` bytes, rounded up to pages. Not before the fault handler is installed.
    pub(crate) fn new<B: Body>(size: usize) -> Result<Fiber, NoStack> {
        backing::make::<B>(size)
    }

    /// Seats an occupant: the next resume runs the body on it.
    ///
    /// # Safety
    /// The fiber was made for this body, is idle and belongs to the caller; the body knows what to do with the occupant.
    #[inline]
    pub(crate) unsafe fn bind<B: Body>(&self, occupant: NonNull<()>) {
        // SAFETY: by the caller.
        unsafe { backing::bind::<B>(self, occupant) };
    }

    /// Runs the fiber on this thread until it suspends.
    ///
    /// # Safety
    /// The fiber is suspended, has an occupant that has not ended, and no other thread resumes it.
    #[inline]
    pub(crate) unsafe fn resume(&self) {
        // SAFETY: by the caller.
        unsafe { backing::resume(self) };
    }

    /// Leaves the stack that this code runs on. Returns when somebody resumes the fiber.
    ///
    /// # Safety
    /// The caller runs on this fiber, and not on a coroutine nested in it.
    #[inline(always)]
    pub(crate) unsafe fn switch_away(&self) {
        // SAFETY: by the caller.
        unsafe { backing::switch_away(self) };
    }

    /// Where the fiber goes on, if it is suspended. `word` reads a word of the stack, of which it need not be the owner: so
    /// the fiber may be running, or gone, and what is found is to be checked afterwards.
    pub(crate) fn saved(&self, word: impl FnMut(usize) -> Option<usize>) -> Option<Saved> {
        backing::saved(self, word)
    }

    /// The lowest usable address; the guard ends here.
    #[inline(always)]
    pub(crate) fn low(&self) -> usize {
        self.switch.low()
    }

    /// The end of the stack.
    fn top(&self) -> usize {
        (self.switch.end() + 1).next_multiple_of(memory::page_size())
    }

    /// Usable bytes.
    pub(crate) fn size(&self) -> usize {
        self.top() - self.low()
    }

    /// Where this stack's frames are.
    #[inline]
    pub(crate) fn frames(&self) -> Range<usize> {
        self.low()..self.switch.end()
    }

    /// Whether an address lies among them.
    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        self.frames().contains(&address)
    }

    /// The pages below the stack that nobody can touch.
    pub(crate) fn guard(&self) -> Range<usize> {
        self.low() - memory::guard_size()..self.low()
    }
}
