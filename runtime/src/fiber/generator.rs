//! The default backing: the `generator` crate, on stacks that it maps itself. The only file that names it.
//!
//! A fiber's body loops: take the goroutine that was bound to it, run that goroutine's job, suspend. So a finished
//! goroutine leaves a fiber that can run the next one without being armed again.
//!
//! ```text
//!   high   +----------------------------+ <- `top`, page aligned
//!          | generator's own header     |    `raw` points into this page
//!          | generator's first frame    |
//!          | body(): the `Seat`         | <- `Switch::seat`
//!          |   nothing: `colour`        |
//!          |   enter(g)                 |
//!          |     the goroutine's frames |
//!          |       park(): suspend()    | <- where it stands while another goroutine runs
//!          | ... untouched pages ...    |
//!          | sentinel words             | <- `low`
//!          +----------------------------+
//!          | guard page                 |    touching it is `fatal error: stack overflow`
//!   low    +----------------------------+
//! ```
//!
//! An idle fiber needs its first page (header, suspended body) and its last one (sentinel). Everything between can go back to
//! the kernel. Of those that lie side by side in great number, all of it goes back: they end.

use std::cell::{Cell, UnsafeCell};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use generator::{Generator, Gn, Scope};
use parking_lot::Mutex;

use crate::fiber::{Fiber, NoStack};
use crate::g::GRef;
use crate::shim::prefetch;
use crate::sys::memory;

/// More than the frames take that a suspended body has called (`yield_with` and what it calls), also unoptimised.
const BELOW_SEAT: usize = 2048;

type Coroutine = Generator<'static, (), ()>;

/// How to reach a fiber's context.
#[derive(Clone, Copy)]
pub(super) struct Switch {
    raw: NonNull<usize>,
    /// The stack's lowest usable address. In its low bits, which are zero as it is the start of a page: how far below `raw` the
    /// [`Seat`] is, in units of its alignment.
    low_and_seat: usize,
}

/// The bits that the start of a page does not have, whatever a page is.
const SEAT: usize = (4 << 10) - 1;

impl Switch {
    /// The address of generator's header.
    #[inline]
    pub(super) fn end(self) -> usize {
        self.raw.addr().get()
    }

    #[inline(always)]
    pub(super) fn low(self) -> usize {
        self.low_and_seat & !SEAT
    }

    #[inline(always)]
    fn seat(self) -> *const Seat {
        let below = (self.low_and_seat & SEAT) * align_of::<Seat>();
        std::ptr::with_exposed_provenance(self.raw.addr().get() - below)
    }

    #[inline(always)]
    pub(super) fn into_words(self) -> (NonNull<()>, usize) {
        (self.raw.cast(), self.low_and_seat)
    }

    #[inline(always)]
    pub(super) fn from_words(context: NonNull<()>, rest: usize) -> Switch {
        Switch {
            raw: context.cast(),
            low_and_seat: rest,
        }
    }

    /// The header is a saved set of registers, what links it to its parent, an error, and (further up) input and output.
    #[inline(always)]
    pub(super) fn fetch(self) {
        let header = self.raw.as_ptr().cast::<u8>();
        for at in [0, 64, 128, 256] {
            prefetch(header.wrapping_add(at));
        }
        prefetch(self.seat());
    }
}

/// The part of a fiber that lies in its body's frame.
#[repr(align(16))]
struct Seat {
    scope: UnsafeCell<Scope<'static, 'static, (), ()>>,
    /// The goroutine that the body runs next, or runs now.
    occupant: Cell<Option<GRef>>,
}

/// Maps a stack of `size` bytes and brings its body to the point where it waits for a goroutine.
pub(super) fn make(size: usize) -> Result<Fiber, NoStack> {
    let page = memory::page_size();
    // In words, and even: an odd number would make `generator` fill the whole stack with a pattern.
    let words = size.checked_next_multiple_of(page).ok_or(NoStack { size })? / size_of::<usize>();
    let published: Cell<Option<NonNull<Seat>>> = Cell::new(None);
    let out = Publish(&raw const published);
    // One at a time: a stack whose neighbour is not merged yet when its first page is touched gets an `anon_vma` of its
    // own, and can then never be merged. Two workers at once have been seen to reach 37,000 mappings for 100,000 stacks.
    static MAPPING: Mutex<()> = Mutex::new(());
    let mapping = MAPPING.lock();
    // `generator` panics when the kernel refuses the memory; the payload says no more than that.
    let made = crate::panics::quietly(|| {
        Gn::<()>::new_scoped_opt(words, move |scope: Scope<'_, 'static, (), ()>| {
            body(scope, out, size)
        })
    });
    let Ok(mut coroutine) = made else {
        return Err(NoStack { size });
    };
    coroutine.resume();
    let Some(seat) = published.get() else {
        unreachable!("the body publishes its seat before it suspends")
    };
    let used = coroutine.stack_usage().0 * size_of::<usize>();
    let Some(raw) = NonNull::new(coroutine.into_raw()) else {
        unreachable!("a generator is never at address 0")
    };
    // The header lies in the stack's top page.
    let top = (raw.addr().get() & !(page - 1)) + page;
    let low = top - used;
    let guard = std::ptr::with_exposed_provenance_mut(low - page);
    // SAFETY: `generator` placed its guard page right below the usable part, which is `used` bytes long and ends at
    // `top`; nothing reads or writes it.
    unsafe { memory::merge_guard(guard, page) };
    drop(mapping);
    let below = raw.addr().get() - seat.expose_provenance().get();
    assert!(
        below <= SEAT * align_of::<Seat>(),
        "generator's first frames are small"
    );
    let low_and_seat = low | (below / align_of::<Seat>());
    let switch = Switch { raw, low_and_seat };
    Ok(Fiber { switch })
}

/// See [`Fiber::bind`].
pub(super) unsafe fn bind(fiber: &Fiber, g: GRef) {
    // SAFETY: the body is suspended and its frame, where the seat lies, lives as long as the fiber.
    unsafe { (*fiber.switch.seat()).occupant.set(Some(g)) };
}

/// See [`Fiber::resume`].
#[inline]
pub(super) unsafe fn resume(fiber: &Fiber) {
    // SAFETY: `raw` came from `into_raw` of this very type; `ManuallyDrop` keeps this view from ending the generator.
    let mut coroutine = ManuallyDrop::new(unsafe { Coroutine::from_raw(fiber.switch.raw.as_ptr()) });
    coroutine.resume();
}

/// Leaves the stack that this code runs on.
///
/// # Safety
/// The caller runs on this fiber, and not on a generator nested in it.
#[inline(always)]
pub(super) unsafe fn switch_away(fiber: &Fiber) {
    // SAFETY: by the caller.
    unsafe { leave(fiber.switch.seat()) };
}

#[inline(always)]
unsafe fn leave(seat: *const Seat) {
    // SAFETY: the seat lies in the frame at the bottom of this very stack; only the fiber's own code uses the scope.
    unsafe { (*(*seat).scope.get()).yield_with(()) };
}

/// As many stacks side by side are unmapped, and after [`HOLES`] times, twice as many and more. Taken out one here and one there, they would split
/// the mapping that they share with their neighbours, of which a process may have 65,530.
const RUN: usize = 8;
const LATER_RUN: usize = 64;
/// Of a million stacks, this many holes and those of the longer runs are 24,000 at worst.
const HOLES: usize = 8192;

/// Ends those that lie side by side, and gives back what lies between the two pages that each of the others needs: they stay usable.
pub(super) fn give_back(mut idle: Vec<Fiber>) -> Vec<Fiber> {
    let page = memory::page_size();
    idle.sort_unstable_by_key(Fiber::low);
    let mut usable = Vec::new();
    // How many holes there can be: those that have closed again are counted too.
    static MADE: AtomicUsize = AtomicUsize::new(0);
    for run in idle.chunk_by(|one, next| one.top() == next.low() - page) {
        let holes = MADE.load(Ordering::Relaxed);
        if run.len() >= if holes < HOLES { RUN } else { LATER_RUN } {
            MADE.store(holes + 1, Ordering::Relaxed);
            // SAFETY: idle, and the caller's, who does not get them back.
            run.iter().for_each(|fiber| unsafe { end(fiber) });
        } else {
            usable.extend_from_slice(run);
        }
    }
    let middles: Vec<_> = usable
        .iter()
        .map(|fiber| {
            let frames = fiber.switch.seat().addr() - BELOW_SEAT;
            fiber.low() + page..frames & !(page - 1)
        })
        .collect();
    // SAFETY: the fibers are idle and the caller's: each stands in `leave`, called from the frame of its body, where the seat
    // is. What is in use is `BELOW_SEAT` bytes below the seat, everything above it, and the sentinel in the lowest page.
    // The rest was left by goroutines that have ended.
    unsafe { memory::discard(&middles) };
    usable
}

/// Ends a fiber, and unmaps its stack.
///
/// # Safety
/// It is idle and nobody uses it any more.
unsafe fn end(fiber: &Fiber) {
    // SAFETY: by the caller; `raw` came from `into_raw` of this very type.
    let mut coroutine = unsafe { Coroutine::from_raw(fiber.switch.raw.as_ptr()) };
    // Nobody is bound to it, so its body comes to its end; dropped before that, `generator` would unwind it. It panics, after it has
    // unmapped the stack, if a goroutine has used that to the last word: that is nothing to us.
    let _ = crate::panics::quietly(move || {
        coroutine.resume();
        debug_assert!(coroutine.is_done());
        drop(coroutine);
    });
}

/// Runs an empty generator, which makes the crate install its fault handler and its panic hook now, below ours.
pub(super) fn prime() {
    let mut first = Gn::<()>::new_scoped_opt(2048, |_| {});
    first.resume();
}

/// Where the body says where its seat is.
struct Publish(*const Cell<Option<NonNull<Seat>>>);

// SAFETY: the pointer is used once, by the body's first resume, on the thread that made it.
unsafe impl Send for Publish {}

/// The body of every fiber.
fn body(scope: Scope<'_, 'static, (), ()>, out: Publish, size: usize) {
    // SAFETY: only the lifetime of the borrow changes. The scope refers to the generator's own slots, which live as long as
    // the generator, and the seat that holds it never leaves this frame.
    let scope =
        unsafe { std::mem::transmute::<Scope<'_, 'static, (), ()>, Scope<'static, 'static, (), ()>>(scope) };
    let seat = Seat {
        scope: UnsafeCell::new(scope),
        occupant: Cell::new(None),
    };
    let at = NonNull::from(&seat);
    // SAFETY: `make` waits in the first resume for exactly this.
    unsafe { (*out.0).set(Some(at)) };
    let enter = ENTER[super::colour(at.addr().get(), size) / super::COLOUR];
    loop {
        // SAFETY: this is the fiber's own body.
        unsafe { leave(at.as_ptr()) };
        // Nobody: the fiber is to end.
        let Some(g) = seat.occupant.take() else { return };
        enter(g);
    }
}

/// `enter`, further down by as many bytes as the stack's colour says.
#[inline(never)]
fn enter_below<const BYTES: usize>(g: GRef) {
    let nothing = MaybeUninit::<[u8; BYTES]>::uninit();
    // Keeps the compiler from leaving it out, before and after.
    std::hint::black_box(&nothing);
    crate::g::entry::enter(g);
    std::hint::black_box(&nothing);
}

/// By colour.
const ENTER: [fn(GRef); super::COLOURS] = [
    enter_below::<0>,
    enter_below::<{ super::COLOUR }>,
    enter_below::<{ 2 * super::COLOUR }>,
    enter_below::<{ 3 * super::COLOUR }>,
    enter_below::<{ 4 * super::COLOUR }>,
    enter_below::<{ 5 * super::COLOUR }>,
    enter_below::<{ 6 * super::COLOUR }>,
    enter_below::<{ 7 * super::COLOUR }>,
    enter_below::<{ 8 * super::COLOUR }>,
    enter_below::<{ 9 * super::COLOUR }>,
    enter_below::<{ 10 * super::COLOUR }>,
    enter_below::<{ 11 * super::COLOUR }>,
    enter_below::<{ 12 * super::COLOUR }>,
    enter_below::<{ 13 * super::COLOUR }>,
    enter_below::<{ 14 * super::COLOUR }>,
    enter_below::<{ 15 * super::COLOUR }>,
];
