//! The context switch: the only file that names `generator`.
//!
//! A fiber is a stack with a body that loops for ever: take the goroutine that was bound to it, run that goroutine's job,
//! suspend. So a finished goroutine leaves a fiber that can run the next one without being armed again.
//!
//! ```text
//!   high   +----------------------------+ <- `top`, page aligned
//!          | generator's own header     |    `raw` points into this page
//!          | generator's first frame    |
//!          | body(): the `Seat`         | <- `Fiber::seat`
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
//! Rules: a fiber is resumed by one thread at a time; a suspended fiber is never dropped (that would unwind the goroutine),
//! an idle one is pooled. Nothing but the goroutine's own frames returns after a switch: `suspend` is inlined into the
//! operation that waits, because a return to a frame from before the switch is always mispredicted.

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use generator::{Generator, Gn, Scope};
use parking_lot::Mutex;

use crate::g::{G, GRef};
use crate::sys::memory;

pub(crate) mod overflow;
pub(crate) mod pool;

type Coroutine = Generator<'static, (), ()>;

/// The part of a fiber that lies in its body's frame.
pub(crate) struct Seat {
    scope: UnsafeCell<Scope<'static, 'static, (), ()>>,
    /// The goroutine that the body runs next, or runs now.
    occupant: Cell<Option<GRef>>,
}

/// An owned stack with its suspended body. Plain data: it can be copied into the goroutine it is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Fiber {
    raw: NonNull<usize>,
    seat: NonNull<Seat>,
    /// Lowest usable address; the guard page ends here.
    low: usize,
    top: usize,
}

/// Why there is no new stack.
#[derive(Debug, Clone)]
pub(crate) struct NoStack {
    pub(crate) size: usize,
}

impl Fiber {
    /// Maps a stack of `size` bytes and brings its body to the point where it waits for a goroutine.
    pub(crate) fn new(size: usize) -> Result<Fiber, NoStack> {
        overflow::install_once();
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
            Gn::<()>::new_scoped_opt(words, move |scope: Scope<'_, 'static, (), ()>| body(scope, out))
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
        Ok(Fiber { raw, seat, low, top })
    }

    /// Seats `g`: the next resume runs its job.
    ///
    /// # Safety
    /// The fiber is idle and belongs to the caller.
    pub(crate) unsafe fn bind(&self, g: GRef) {
        // SAFETY: the body is suspended and its frame, where the seat lies, lives as long as the fiber.
        unsafe { self.seat.as_ref() }.occupant.set(Some(g));
    }

    /// Runs the fiber on this thread until it suspends.
    ///
    /// # Safety
    /// The fiber is suspended, has an occupant, and no other thread resumes it.
    #[inline]
    pub(crate) unsafe fn resume(&self) {
        // SAFETY: `raw` came from `into_raw` of this very type; `ManuallyDrop` keeps this view from ending the generator.
        let mut coroutine = ManuallyDrop::new(unsafe { Coroutine::from_raw(self.raw.as_ptr()) });
        coroutine.resume();
    }

    /// Usable bytes.
    pub(crate) fn size(&self) -> usize {
        self.top - self.low
    }

    /// Whether an address lies on this stack.
    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        (self.low..self.top).contains(&address)
    }

    /// Whether an address lies in the guard page.
    pub(crate) fn guard_holds(&self, address: usize, page: usize) -> bool {
        (self.low - page..self.low).contains(&address)
    }
}

/// Where the body says where its seat is.
struct Publish(*const Cell<Option<NonNull<Seat>>>);

// SAFETY: the pointer is used once, by the body's first resume, on the thread that made it.
unsafe impl Send for Publish {}

/// The body of every fiber.
fn body(scope: Scope<'_, 'static, (), ()>, out: Publish) {
    // SAFETY: only the lifetime of the borrow changes. The scope refers to the generator's own slots, which live as long as
    // the generator, and the seat that holds it never leaves this frame.
    let scope =
        unsafe { std::mem::transmute::<Scope<'_, 'static, (), ()>, Scope<'static, 'static, (), ()>>(scope) };
    let seat = Seat {
        scope: UnsafeCell::new(scope),
        occupant: Cell::new(None),
    };
    let at = NonNull::from(&seat);
    // SAFETY: `Fiber::new` waits in the first resume for exactly this.
    unsafe { (*out.0).set(Some(at)) };
    loop {
        // SAFETY: this is the fiber's own body.
        unsafe { switch_away(at) };
        if let Some(g) = seat.occupant.take() {
            crate::g::entry::enter(g);
        }
    }
}

/// Leaves the stack that this code runs on.
///
/// # Safety
/// The caller runs on the fiber that `seat` belongs to.
#[inline(always)]
unsafe fn switch_away(seat: NonNull<Seat>) {
    // SAFETY: the seat lies in the frame at the bottom of this very stack; only the fiber's own code uses the scope.
    unsafe { (*seat.as_ref().scope.get()).yield_with(()) };
}

/// Suspends the goroutine `g`, which is the one that runs this code. Returns when a worker resumes it.
///
/// # Safety
/// `g` is the current goroutine, and its request to the worker is in place.
#[inline(always)]
pub(crate) unsafe fn suspend(g: &G) {
    let fiber = g.fiber();
    let here = 0_u8;
    if !fiber.holds((&raw const here).addr()) {
        nested_generator(g);
    }
    // SAFETY: the fiber is bound to the goroutine that runs this code, and the check above says that this is its stack.
    unsafe { switch_away(fiber.seat) };
}

/// Fatal, not a panic: the caller may have published its frame (a waiter in a queue, a borrow of a scope) and relies on not
/// coming back before it was readied.
#[cold]
fn nested_generator(g: &G) -> ! {
    crate::panics::die(&format_args!(
        "fatal error: a goroutine cannot wait inside a coroutine of the `generator` crate: \
         receive, send or lock outside of its body\n\ngoroutine {} [running]:\n\tspawned at {}\n",
        g.id(),
        g.spawn_site()
    ))
}
