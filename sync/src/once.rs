//! `Once`.

use super::Mutex;
use super::rt::explore::{self, Op};
use super::rt::{AtomicBool, Ordering, const_unless_loom};

const CALL: Op = Op::new("call", "once");
const COMPLETE: Op = Op::new("complete", "once");
const IS_COMPLETED: Op = Op::new("is_completed", "once");

/// Runs a function once, however many goroutines ask for it at the same time; the others wait until it has run.
///
/// As in Go, a function that panics has run: later calls return at once. Calling it again from within deadlocks.
///
/// ```
/// use gort::sync::Once;
///
/// let once = Once::new();
/// let mut runs = 0;
/// for _ in 0..3 {
///     once.call_once(|| runs += 1);
/// }
/// assert_eq!(runs, 1);
/// assert!(once.is_completed());
/// ```
#[derive(Debug, Default)]
pub struct Once {
    done: AtomicBool,
    running: Mutex<()>,
}

impl Once {
    const_unless_loom! {
        /// One that has not run.
        ///
        /// ```
        /// assert!(!gort::sync::Once::new().is_completed());
        /// ```
        pub fn new() -> Once {
            Once { done: AtomicBool::new(false), running: Mutex::new(()) }
        }
    }

    /// The same with a name, which reports say. It costs nothing later.
    ///
    /// ```
    /// gort::sync::Once::named("setup").call_once(|| ());
    /// ```
    #[cfg(not(loom))]
    pub fn named(name: impl Into<std::borrow::Cow<'static, str>>) -> Once {
        Once {
            done: AtomicBool::new(false),
            running: Mutex::named(name, ()),
        }
    }

    /// Runs `f` if no call has run before; otherwise waits until that call has ended.
    ///
    /// # Panics
    /// With the panic of `f`, in the caller whose `f` ran.
    ///
    /// ```
    /// let once = gort::sync::Once::new();
    /// let mut calls = 0;
    /// once.call_once(|| calls += 1);
    /// once.call_once(|| unreachable!());
    /// assert_eq!(calls, 1);
    /// ```
    #[doc(alias = "Do")]
    #[track_caller]
    #[inline]
    pub fn call_once(&self, f: impl FnOnce()) {
        explore::glance(CALL, self.address());
        // Acquire pairs with the release in `Finish`: who sees it done sees what `f` did.
        if !self.done.load(Ordering::Acquire) {
            self.call_slow(f);
        }
    }

    /// For whoever explores schedules: which one it is.
    #[inline(always)]
    fn address(&self) -> usize {
        std::ptr::from_ref(&self.done).addr()
    }

    #[cold]
    #[track_caller]
    fn call_slow(&self, f: impl FnOnce()) {
        struct Finish<'a>(&'a AtomicBool);
        impl Drop for Finish<'_> {
            fn drop(&mut self) {
                explore::point_in_drop(COMPLETE, std::ptr::from_ref(self.0).addr());
                self.0.store(true, Ordering::Release);
            }
        }
        let _running = self.running.lock();
        if !self.done.load(Ordering::Relaxed) {
            // Set even if `f` panics or calls goexit, and before the lock is released.
            let _finish = Finish(&self.done);
            f();
        }
    }

    /// Whether some call has run its function to the end (or to its panic).
    ///
    /// ```
    /// let once = gort::sync::Once::new();
    /// assert!(!once.is_completed());
    /// once.call_once(|| ());
    /// assert!(once.is_completed());
    /// ```
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        explore::glance(IS_COMPLETED, self.address());
        self.done.load(Ordering::Acquire)
    }
}
