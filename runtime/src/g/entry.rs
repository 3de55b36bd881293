//! A goroutine's first frame: runs its job, catches what comes out, settles the end.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{self, AssertUnwindSafe};
use std::ptr::NonNull;

use crate::fiber::Body;
use crate::g::join::Whose;
use crate::g::{G, GRef, INLINE, JobTable, Outcome, Request};
use crate::panics::{Goexit, Panic};

/// What fibers run: goroutines, from their first frame to their last.
pub(crate) struct Entry;

impl Body for Entry {
    #[inline]
    fn run(occupant: NonNull<()>) {
        // SAFETY: a fiber with this body is bound to goroutines.
        enter(unsafe { GRef::from_occupant(occupant) });
    }
}

/// Runs the job of `g` on the fiber it is bound to. On return the fiber waits for its next goroutine.
fn enter(g: GRef) {
    let table = g.table.get();
    // SAFETY: the block was dressed with a closure in the payload, and this is the only time it is run.
    let caught = panic::catch_unwind(AssertUnwindSafe(|| unsafe { (table.run)(&g) }));
    // Until its outcome is known to somebody, or has ended the process, main's end waits for a panic.
    let mut under_way = None;
    let outcome = match caught {
        Ok(()) => Outcome::Value,
        Err(payload) => {
            let seen = crate::panics::take_seen(&*payload);
            drop(crate::panics::forget_all(&g));
            if payload.is::<Goexit>() {
                Outcome::Goexit
            } else {
                let mut panic = Panic::new(payload, seen);
                under_way = panic.landed();
                Outcome::Panicked(Box::new(panic))
            }
        }
    };
    // Before anybody learns of the end; and afterwards what a destructor of the result may have asked for anew.
    drop_locals(&g);
    settle(g, outcome);
    drop(under_way);
    drop_locals(&g);
    g.set_request(Request::Finish);
}

/// Destructors may make new values this often.
const ROUNDS: usize = 16;

/// The end of `g`, on `g`: drops its values, and those that their destructors make. What is made again and again is leaked in
/// the end, as pthreads do: a goroutine that never ended would be worse.
fn drop_locals(g: &G) {
    for round in 0.. {
        // SAFETY: the goroutine's own cell, on the goroutine. Each time the values are moved out before they are dropped.
        let Some(locals) = (unsafe { (*g.locals.get()).take() }) else {
            return;
        };
        if round == ROUNDS {
            return std::mem::forget(locals);
        }
        if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(locals))) {
            crate::panics::unobserved(g, Panic::caught(payload));
        }
    }
}

/// Publishes the outcome; disposes of it if nobody will look.
pub(crate) fn settle(g: GRef, outcome: Outcome) {
    // The scope's counter is the last thing a scoped goroutine touches: after it, nothing the scope's caller owns is alive.
    let scope = g.scope.get();
    if g.life.finish(outcome) == Whose::Mine {
        dispose(g);
    }
    if let Some(scope) = scope {
        // SAFETY: the scope's data lives until every member has called this.
        unsafe { crate::scope::ScopeData::member_done(scope) };
    }
}

/// Drops an outcome that nobody took.
pub(crate) fn dispose(g: GRef) {
    // SAFETY: called by whoever the state machine told `Mine`.
    match unsafe { g.life.take_outcome() } {
        Outcome::Nothing | Outcome::Goexit => {}
        Outcome::Value => {
            let table = g.table.get();
            // SAFETY: the outcome says that the payload holds the result, and taking it made this the only drop.
            let dropped = panic::catch_unwind(AssertUnwindSafe(|| unsafe { (table.drop_result)(&g) }));
            if let Err(payload) = dropped {
                crate::panics::unobserved(&g, Panic::caught(payload));
            }
        }
        Outcome::Panicked(mut panic) => match g.scope.get() {
            Some(scope) => {
                panic.show(&g);
                // SAFETY: the goroutine's scope waits for it, or its handle lives within the scope.
                unsafe { scope.as_ref() }.member_panicked(panic.message());
                crate::panics::discard(*panic);
            }
            None => crate::panics::unobserved(&g, *panic),
        },
    }
}

/// The operations for a closure `F` with result `T`.
pub(crate) struct Job<F, T>(std::marker::PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> Job<F, T> {
    /// Both must fit where the closure was.
    const INLINE: bool = fits::<F>() && fits::<T>();

    pub(crate) const TABLE: JobTable = JobTable {
        run: Self::run,
        drop_job: Self::drop_job,
        take_result: Self::take_result,
        drop_result: Self::drop_result,
    };

    /// Puts the closure into the payload.
    ///
    /// # Safety
    /// The block belongs to the caller and its payload is empty.
    #[inline]
    pub(crate) unsafe fn store(g: &G, f: F) {
        if Self::INLINE {
            // SAFETY: it fits, by size and alignment, and the caller owns the payload.
            unsafe { g.payload.0.get().cast::<F>().write(f) };
        } else {
            let slot = Box::new(Slot::<F, T> {
                job: ManuallyDrop::new(f),
            });
            // SAFETY: a pointer fits.
            unsafe {
                g.payload
                    .0
                    .get()
                    .cast::<*mut Slot<F, T>>()
                    .write(Box::into_raw(slot))
            };
        }
    }

    fn slot(g: &G) -> *mut Slot<F, T> {
        if Self::INLINE {
            g.payload.0.get().cast()
        } else {
            // SAFETY: `store` left the box's pointer here.
            unsafe { g.payload.0.get().cast::<*mut Slot<F, T>>().read() }
        }
    }

    fn free(g: &G) {
        if !Self::INLINE {
            // SAFETY: the box that `store` made; its content was moved out or dropped by the caller.
            drop(unsafe { Box::from_raw(Self::slot(g).cast::<MaybeUninit<Slot<F, T>>>()) });
        }
    }

    fn run(g: &G) {
        let slot = Self::slot(g);
        // SAFETY: the closure is moved out once; afterwards the same bytes take the result.
        let f = ManuallyDrop::into_inner(unsafe { (&raw const (*slot).job).read() });
        // If it unwinds, a boxed slot has to go: nothing will be taken from it.
        let unwinding = FreeOnUnwind::<F, T>(g, std::marker::PhantomData);
        let result = f();
        std::mem::forget(unwinding);
        // SAFETY: the bytes are free since the closure was moved out.
        unsafe { (&raw mut (*slot).result).write(ManuallyDrop::new(result)) };
    }

    fn drop_job(g: &G) {
        // SAFETY: called instead of `run`, once.
        let f = ManuallyDrop::into_inner(unsafe { (&raw const (*Self::slot(g)).job).read() });
        Self::free(g);
        drop(f);
    }

    fn drop_result(g: &G) {
        // SAFETY: called once, when the payload holds the result.
        drop(unsafe { Self::move_result(g) });
    }

    fn take_result(g: &G, out: *mut ()) {
        // SAFETY: called once, when the payload holds the result; `out` has room for a `T`.
        unsafe { out.cast::<T>().write(Self::move_result(g)) };
    }

    unsafe fn move_result(g: &G) -> T {
        // SAFETY: by the caller: the result is there and moved once.
        let result = ManuallyDrop::into_inner(unsafe { (&raw const (*Self::slot(g)).result).read() });
        Self::free(g);
        result
    }
}

/// First the closure, then the result.
union Slot<F, T> {
    job: ManuallyDrop<F>,
    result: ManuallyDrop<T>,
}

struct FreeOnUnwind<'a, F: FnOnce() -> T, T>(&'a G, std::marker::PhantomData<fn(F) -> T>);

impl<F: FnOnce() -> T, T> Drop for FreeOnUnwind<'_, F, T> {
    fn drop(&mut self) {
        Job::<F, T>::free(self.0);
    }
}

const fn fits<V>() -> bool {
    size_of::<V>() <= INLINE && align_of::<V>() <= 16
}
