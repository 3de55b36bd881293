//! A goroutine's closure, and its result: where they lie in the control block, and what is done
//! with them.

use std::mem::{ManuallyDrop, MaybeUninit};

use crate::g::{G, INLINE, JobTable};

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
            let slot = Box::new(ClosureOrResult::<F, T> {
                job: ManuallyDrop::new(f),
            });
            // SAFETY: a pointer fits.
            unsafe {
                g.payload
                    .0
                    .get()
                    .cast::<*mut ClosureOrResult<F, T>>()
                    .write(Box::into_raw(slot))
            };
        }
    }

    fn place(g: &G) -> *mut ClosureOrResult<F, T> {
        if Self::INLINE {
            g.payload.0.get().cast()
        } else {
            // SAFETY: `store` left the box's pointer here.
            unsafe { g.payload.0.get().cast::<*mut ClosureOrResult<F, T>>().read() }
        }
    }

    fn free(g: &G) {
        if !Self::INLINE {
            // SAFETY: the box that `store` made; its content was moved out or dropped by the
            // caller.
            drop(unsafe { Box::from_raw(Self::place(g).cast::<MaybeUninit<ClosureOrResult<F, T>>>()) });
        }
    }

    fn run(g: &G) {
        let slot = Self::place(g);
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
        let f = ManuallyDrop::into_inner(unsafe { (&raw const (*Self::place(g)).job).read() });
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
        let result = ManuallyDrop::into_inner(unsafe { (&raw const (*Self::place(g)).result).read() });
        Self::free(g);
        result
    }
}

/// First the closure, then the result.
union ClosureOrResult<F, T> {
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
