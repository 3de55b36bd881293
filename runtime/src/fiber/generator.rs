//! The default backing: the `generator` crate, on stacks that it maps itself. The only file that names it.
//!
//! A fiber's outermost function loops: take the occupant that was bound to it, run the body on that, suspend. So a finished
//! goroutine leaves a fiber that can run the next one without being armed again.
//!
//! ```text
//!   high   +----------------------------+ <- `top`, page aligned
//!          | generator's own header     |    `raw` points into this page
//!          | generator's first frame    |
//!          | outermost(): the `Seat`    | <- `Switch::seat`
//!          |   nothing: `colour`        |
//!          |   Body::run(occupant)      |
//!          |     the goroutine's frames |
//!          |       park(): suspend()    | <- where it stands while another goroutine runs
//!          | ... untouched pages ...    | <- `low`
//!          +----------------------------+
//!          | guard: 64 KiB              |    touching it is `fatal error: stack overflow`
//!          +----------------------------+
//!          | generator's sentinel       |    one page
//!          | generator's guard          |    one page, which is nothing any more
//!   low    +----------------------------+
//! ```
//!
//! `generator` has a guard of one page only. So it is asked for a larger stack, and ours lies above its own. In between it has
//! put a sentinel, which it reads when a stack ends. Its page goes back to the kernel until then.
//!
//! An idle fiber needs its first page (header, suspended outermost function). Everything else can go back to the kernel. Of those that
//! lie side by side in great number, all of it goes back: they end.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use generator::{Generator, Gn, Scope};
use parking_lot::Mutex;

use crate::fiber::{Body, Fiber, NoStack, Saved};
use crate::shim::prefetch;
use crate::sys::memory;

/// More than the frames take that `outermost` has called while it is suspended (`yield_with` and what it calls), also unoptimised.
const BELOW_SEAT: usize = 2048;

/// See [`fiber::SWITCHES`](crate::fiber::SWITCHES).
pub(super) const CRATE: &str = "generator::";
pub(super) const FILES: &str = "/generator-0.";

/// See [`fiber::SAVED_BY`](crate::fiber::SAVED_BY).
pub(super) const SAVED_BY: usize = 1;

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

/// The part of a fiber that lies in the frame of its outermost function.
#[repr(align(16))]
struct Seat {
    scope: UnsafeCell<Scope<'static, 'static, (), ()>>,
    /// What the body runs on next.
    occupant: Cell<Option<NonNull<()>>>,
}

/// Maps a stack of `size` bytes and brings its body to the point where it waits for a goroutine.
pub(super) fn make<B: Body>(size: usize) -> Result<Fiber, NoStack> {
    let page = memory::page_size();
    // With the sentinel; its own guard page `generator` adds itself.
    let mapped = size
        .checked_next_multiple_of(page)
        .and_then(|usable| usable.checked_add(memory::guard_size() + page))
        .ok_or(NoStack { size })?;
    // In words, and even: an odd number would make `generator` fill the whole stack with a pattern.
    let words = mapped / size_of::<usize>();
    let published: Cell<Option<NonNull<Seat>>> = Cell::new(None);
    let out = Publish(&raw const published);
    // One at a time: a stack whose neighbour is not merged yet when its first page is touched gets an `anon_vma` of its
    // own, and can then never be merged. Two workers at once have been seen to reach 37,000 mappings for 100,000 stacks.
    let mut unused = MAPPING.lock();
    // `generator` panics when the kernel refuses the memory; the payload says no more than that.
    let made = crate::quiet::quietly(|| {
        Gn::<()>::new_scoped_opt(words, move |scope: Scope<'_, 'static, (), ()>| {
            outermost::<B>(scope, out, size)
        })
    });
    let Ok(mut coroutine) = made else {
        return Err(NoStack { size });
    };
    coroutine.resume();
    let Some(seat) = published.get() else {
        unreachable!("the body publishes its seat before it suspends")
    };
    let len = coroutine.stack_usage().0 * size_of::<usize>();
    let Some(raw) = NonNull::new(coroutine.into_raw()) else {
        unreachable!("a generator is never at address 0")
    };
    // The header lies in the stack's top page.
    let top = (raw.addr().get() & !(page - 1)) + page;
    let bottom = top - len;
    let below = bottom - page..bottom + page;
    let guard = below.end..below.end + memory::guard_size();
    // SAFETY: the stack's lowest word, which `generator` has written. Nobody else knows of the stack.
    let sentinel = unsafe { std::ptr::with_exposed_provenance::<usize>(bottom).read() };
    SENTINEL.store(sentinel, Ordering::Relaxed);
    // SAFETY: `generator` placed its guard page right below the usable part, which is `len` bytes long and ends at `top`. The
    // lowest part of that it was asked for to be this guard, and the body does not reach down there. Nothing reads the
    // sentinel before `end`.
    let guarded = unsafe {
        memory::refuse_huge_pages(below.start..top);
        memory::install_guard(below, guard.clone())
    };
    if guarded == Some(true) {
        unused.push(bottom..bottom + page);
        if unused.len() == UNUSED {
            give_back_sentinels(&mut unused);
        }
    }
    drop(unused);
    let below = raw.addr().get() - seat.expose_provenance().get();
    assert!(
        below <= SEAT * align_of::<Seat>(),
        "generator's first frames are small"
    );
    let low_and_seat = guard.end | (below / align_of::<Seat>());
    let switch = Switch { raw, low_and_seat };
    let fiber = Fiber { switch };
    if guarded.is_none() {
        // SAFETY: it was made just now, and has no goroutine.
        unsafe { end(&fiber) };
        return Err(NoStack { size });
    }
    Ok(fiber)
}

/// See [`Fiber::bind`].
pub(super) unsafe fn bind<B: Body>(fiber: &Fiber, occupant: NonNull<()>) {
    // SAFETY: the body is suspended and its frame, where the seat lies, lives as long as the fiber.
    unsafe { (*fiber.switch.seat()).occupant.set(Some(occupant)) };
}

/// See [`Fiber::resume`].
#[inline]
pub(super) unsafe fn resume(fiber: &Fiber) {
    // SAFETY: `raw` came from `into_raw` of this very type; `ManuallyDrop` keeps this view from ending the generator.
    let mut coroutine = ManuallyDrop::new(unsafe { Coroutine::from_raw(fiber.switch.raw.as_ptr()) });
    coroutine.resume();
}

/// See [`Fiber::saved`]. The header begins with the saved registers, of which `swap_registers` stores the stack pointer second and the frame
/// pointer third; it was called, so its return address lies at the stack pointer.
pub(super) fn saved(fiber: &Fiber, mut word: impl FnMut(usize) -> Option<usize>) -> Option<Saved> {
    const WORD: usize = size_of::<usize>();
    let registers = fiber.switch.end();
    let sp = word(registers + WORD)?;
    let bp = word(registers + 2 * WORD)?;
    // The call, not what comes after it: that may belong to the next function.
    let ip = fiber.holds(sp).then(|| word(sp))??.checked_sub(1)?;
    let sp = sp + WORD;
    Some(Saved { ip, sp, bp })
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

/// Runs of at least so many adjacent stacks are unmapped; once [`HOLES`] holes exist, runs of at least [`LATER_RUN`]. Taken out one here and one there, they would split
/// the mapping that they share with their neighbours, of which a process may have 65,530.
const RUN: usize = 8;
const LATER_RUN: usize = 64;
/// Of a million stacks, this many holes and those of the longer runs are 24,000 at worst.
const HOLES: usize = 8192;

/// Held while a stack is mapped. The pages of sentinels that have memory still, of stacks that exist.
static MAPPING: Mutex<Vec<Range<usize>>> = Mutex::new(Vec::new());
/// As many are given back at once: for each call the other processors have to be told.
const UNUSED: usize = 64;

/// Gives the memory of these pages back.
fn give_back_sentinels(unused: &mut Vec<Range<usize>>) {
    // SAFETY: the stacks exist, as `give_back` sees to; the sentinels are written anew before they are read.
    unsafe { memory::discard(unused) };
    unused.clear();
}

/// What `generator` has written to the lowest words of each of its stacks.
static SENTINEL: AtomicUsize = AtomicUsize::new(0);

/// Ends those that lie side by side, and gives back all but the one page that each of the others needs: they stay usable.
pub(super) fn give_back(mut idle: Vec<Fiber>) -> Vec<Fiber> {
    let page = memory::page_size();
    // Of none that ends below may the sentinel's page be given back afterwards: it may be somebody else's by then.
    give_back_sentinels(&mut MAPPING.lock());
    idle.sort_unstable_by_key(Fiber::low);
    let mut usable = Vec::new();
    // How many holes there can be: those that have closed again are counted too.
    static MADE: AtomicUsize = AtomicUsize::new(0);
    for run in idle.chunk_by(|one, next| one.top() == next.guard().start - 2 * page) {
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
            fiber.low()..frames & !(page - 1)
        })
        .collect();
    // SAFETY: the fibers are idle and the caller's: each stands in `leave`, called from the frame of `outermost`, where the seat
    // is. What is in use is `BELOW_SEAT` bytes below the seat, and everything above it. The rest was left by goroutines that have ended.
    unsafe { memory::discard(&middles) };
    usable
}

/// Ends a fiber, and unmaps its stack.
///
/// # Safety
/// It is idle and nobody uses it any more.
unsafe fn end(fiber: &Fiber) {
    let guard = fiber.guard();
    let page = memory::page_size();
    let bottom = guard.start - page;
    // With generator's own guard, which is one mapping with the rest: none has to be split.
    // SAFETY: the fiber's own.
    if !unsafe { memory::allow(bottom - page..guard.end) } {
        // `generator` would read the sentinel. What the kernel refuses to open can only be left to lie.
        return;
    }
    let sentinel = std::ptr::with_exposed_provenance_mut::<usize>(bottom);
    // SAFETY: readable and writable, whatever `install_guard` had to do, and nobody's but `generator`'s, which expects this word.
    unsafe { sentinel.write(SENTINEL.load(Ordering::Relaxed)) };
    // SAFETY: by the caller; `raw` came from `into_raw` of this very type.
    let mut coroutine = unsafe { Coroutine::from_raw(fiber.switch.raw.as_ptr()) };
    // Nobody is bound to it, so `outermost` comes to its end; dropped before that, `generator` would unwind it.
    let _ = crate::quiet::quietly(move || {
        coroutine.resume();
        debug_assert!(coroutine.is_done());
        drop(coroutine);
    });
}

/// Where the body says where its seat is.
struct Publish(*const Cell<Option<NonNull<Seat>>>);

// SAFETY: the pointer is used once, by the body's first resume, on the thread that made it.
unsafe impl Send for Publish {}

/// The outermost function of every fiber.
fn outermost<B: Body>(scope: Scope<'_, 'static, (), ()>, out: Publish, size: usize) {
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
    let run = Below::<B>::RUN[super::colour(at.addr().get(), size) / super::COLOUR];
    loop {
        // SAFETY: this is the fiber's own body.
        unsafe { leave(at.as_ptr()) };
        // Nobody: the fiber is to end.
        let Some(occupant) = seat.occupant.take() else {
            return;
        };
        run(occupant);
    }
}

/// The body, further down by as many bytes as the stack's colour says.
#[inline(never)]
fn run_below<B: Body, const BYTES: usize>(occupant: NonNull<()>) {
    let nothing = MaybeUninit::<[u8; BYTES]>::uninit();
    // Keeps the compiler from leaving it out, before and after.
    std::hint::black_box(&nothing);
    B::run(occupant);
    std::hint::black_box(&nothing);
}

struct Below<B>(PhantomData<B>);

impl<B: Body> Below<B> {
    /// By colour.
    const RUN: [fn(NonNull<()>); super::COLOURS] = [
        run_below::<B, 0>,
        run_below::<B, { super::COLOUR }>,
        run_below::<B, { 2 * super::COLOUR }>,
        run_below::<B, { 3 * super::COLOUR }>,
        run_below::<B, { 4 * super::COLOUR }>,
        run_below::<B, { 5 * super::COLOUR }>,
        run_below::<B, { 6 * super::COLOUR }>,
        run_below::<B, { 7 * super::COLOUR }>,
        run_below::<B, { 8 * super::COLOUR }>,
        run_below::<B, { 9 * super::COLOUR }>,
        run_below::<B, { 10 * super::COLOUR }>,
        run_below::<B, { 11 * super::COLOUR }>,
        run_below::<B, { 12 * super::COLOUR }>,
        run_below::<B, { 13 * super::COLOUR }>,
        run_below::<B, { 14 * super::COLOUR }>,
        run_below::<B, { 15 * super::COLOUR }>,
    ];
}
