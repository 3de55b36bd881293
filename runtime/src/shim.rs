//! Atomics and locks of the protocols that are model-checked: std's and `parking_lot`'s, or loom's
//! under `--cfg loom`.
//!
//! Only the modules that have a loom model import from here (`idle`, `blocking::queue`, `future`,
//! …); the rest needs `const` constructors, which loom's types lack.

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence,
};

/// A sequentially consistent fence, for the paths where its price counts.
#[cfg(not(all(target_arch = "x86_64", not(loom), not(miri))))]
#[inline(always)]
pub(crate) fn full_fence() {
    fence(Ordering::SeqCst);
}

/// A sequentially consistent fence, for the paths where its price counts: `mfence`, to which the
/// standard one compiles, also waits for loads and takes about twice as long as a locked
/// instruction, which orders as much.
#[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
#[inline(always)]
pub(crate) fn full_fence() {
    // SAFETY: adds nothing to a word below the top of this stack: if the compiler keeps something
    // in the red zone there, it stays what it is. (Not at the top: what returns next would wait for
    // it.) Not being `nomem`, the block keeps the compiler from moving accesses across it, and the
    // lock prefix keeps the processor from it.
    unsafe { std::arch::asm!("lock add dword ptr [rsp - 4], 0", options(nostack)) };
}

/// Asks for the cache line of `at`, and does not wait for it.
#[inline(always)]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which reads nothing and faults at no address; every x86-64 processor has it.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;

/// `std::cell::UnsafeCell` with loom's closure for access.
#[cfg(not(loom))]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Exclusive access: the pointer may be read and written while nobody else has it.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

/// A mutex without poisoning.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T> {
    #[cfg(loom)]
    inner: loom::sync::Mutex<T>,
    #[cfg(not(loom))]
    inner: parking_lot::Mutex<T>,
}

#[cfg(loom)]
pub(crate) type Guard<'a, T> = loom::sync::MutexGuard<'a, T>;
#[cfg(not(loom))]
pub(crate) type Guard<'a, T> = parking_lot::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    #[cfg(loom)]
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex {
            inner: loom::sync::Mutex::new(value),
        }
    }

    #[cfg(not(loom))]
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex {
            inner: parking_lot::Mutex::new(value),
        }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        #[cfg(loom)]
        return self.inner.lock().unwrap();
        #[cfg(not(loom))]
        self.inner.lock()
    }
}

/// A condition variable.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    #[cfg(loom)]
    inner: loom::sync::Condvar,
    /// Loom has no clock: time is up for everybody when a model says so. Changed and read under the
    /// mutex.
    #[cfg(loom)]
    time_is_up: AtomicUsize,
    #[cfg(not(loom))]
    inner: parking_lot::Condvar,
}

impl Condvar {
    pub(crate) fn new() -> Condvar {
        #[cfg(loom)]
        return Condvar {
            inner: loom::sync::Condvar::new(),
            time_is_up: AtomicUsize::new(0),
        };
        #[cfg(not(loom))]
        Condvar {
            inner: parking_lot::Condvar::new(),
        }
    }

    pub(crate) fn notify_one(&self) {
        self.inner.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.inner.notify_all();
    }

    /// For models, under the mutex: every wait that has begun, or begins from now on, runs out of
    /// time.
    #[cfg(loom)]
    pub(crate) fn let_time_pass(&self) {
        self.time_is_up.store(1, Ordering::Relaxed);
        self.inner.notify_all();
    }

    /// Waits until it is notified; under loom also as long as a model has not said that time is up.
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>) -> Guard<'a, T> {
        #[cfg(loom)]
        {
            if self.time_is_up.load(Ordering::Relaxed) != 0 {
                return guard;
            }
            return self.inner.wait(guard).unwrap();
        }
        #[cfg(not(loom))]
        {
            let mut guard = guard;
            self.inner.wait(&mut guard);
            guard
        }
    }

    /// Waits, at most for `limit`. `true` if the time ran out; under loom it does so when the model
    /// says.
    pub(crate) fn wait_for<'a, T>(
        &self,
        guard: Guard<'a, T>,
        limit: std::time::Duration,
    ) -> (Guard<'a, T>, bool) {
        #[cfg(loom)]
        {
            let _ = limit;
            let up = || self.time_is_up.load(Ordering::Relaxed) != 0;
            if up() {
                return (guard, true);
            }
            let guard = self.inner.wait(guard).unwrap();
            return (guard, up());
        }
        #[cfg(not(loom))]
        {
            let mut guard = guard;
            let timed_out = self.inner.wait_for(&mut guard, limit).timed_out();
            (guard, timed_out)
        }
    }
}
