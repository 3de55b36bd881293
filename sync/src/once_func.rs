//! `OnceFunc` and `OnceValue`: functions that run once, on the first call, whose panic is
//! everybody's.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use super::rt::explore::{self, Op};
use super::rt::{self, const_unless_loom};
use super::shared_panic::SharedPanic;
use super::{Mutex, Once};

const GET: Op = Op::new("get", "oncevalue");
const SET: Op = Op::new("set", "oncevalue");

/// A function that runs on the first call; every call waits until it has run.
///
/// If it panics, every call panics with the same value: the first one with the original, later ones
/// with a copy, which is to be had of `&'static str` and `String`, so of whatever `panic!("…")`
/// makes; in place of anything else they panic with a `String` that says so. If it calls
/// [`goexit`](gort_runtime::goexit), the first caller's goroutine ends and later calls panic. In no
/// case does it run again. Calling it from within itself deadlocks.
///
/// ```
/// use gort::sync::OnceFunc;
///
/// let setup = OnceFunc::new(|| panic!("no such host"));
/// for _ in 0..2 {
///     let panic = gort::recover(|| setup.call()).unwrap_err();
///     assert_eq!(panic.message(), "no such host");
/// }
/// ```
pub struct OnceFunc<F = fn()> {
    inner: OnceValue<(), F>,
}

impl<F: FnOnce()> OnceFunc<F> {
    const_unless_loom! {
        /// One that has not run.
        ///
        /// ```
        /// use gort::sync::OnceFunc;
        ///
        /// let greet = OnceFunc::new(|| println!("hello, once"));
        /// greet.call();
        /// greet.call();
        /// ```
        pub fn new(f: F) -> OnceFunc<F> {
            OnceFunc { inner: OnceValue::new(f) }
        }
    }

    /// Runs the function if it has not run, else waits until it has.
    ///
    /// # Panics
    /// If the function panics, or has panicked.
    ///
    /// ```
    /// let (tx, rx) = gort::channel(2);
    /// let hello = gort::sync::OnceFunc::new(move || tx.send("hello").unwrap());
    /// hello.call();
    /// hello.call();
    /// assert_eq!(rx.len(), 1);
    /// ```
    #[track_caller]
    #[inline]
    pub fn call(&self) {
        self.inner.get();
    }
}

impl<F> fmt::Debug for OnceFunc<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceFunc(<fn>)")
    }
}

/// A value that is made by the first one who asks for it; the others wait for it. Go's `OnceValues`
/// is one whose value is a tuple.
///
/// With a function that panics, or calls goexit, every call ends as those of a [`OnceFunc`] do.
///
/// ```
/// use gort::sync::OnceValue;
///
/// static ANSWER: OnceValue<u32> = OnceValue::new(|| { println!("thinking"); 42 });
/// assert_eq!(*ANSWER.get(), 42);
/// assert_eq!(*ANSWER, 42);
/// ```
#[doc(alias = "OnceValues")]
pub struct OnceValue<T, F = fn() -> T> {
    once: Once,
    value: OnceLock<T>,
    /// Taken by whoever runs it.
    function: Mutex<Option<F>>,
    panic: OnceLock<SharedPanic>,
}

impl<T, F: FnOnce() -> T> OnceValue<T, F> {
    const_unless_loom! {
        /// One that has not been made.
        ///
        /// ```
        /// use gort::sync::OnceValue;
        ///
        /// let answer = OnceValue::new(|| 6 * 7);
        /// assert_eq!(*answer, 42);
        /// ```
        pub fn new(f: F) -> OnceValue<T, F> {
            OnceValue {
                once: Once::new(),
                value: OnceLock::new(),
                function: Mutex::new(Some(f)),
                panic: OnceLock::new(),
            }
        }
    }

    /// The value.
    ///
    /// # Panics
    /// If the function panics, or has panicked.
    ///
    /// ```
    /// let answer = gort::sync::OnceValue::new(|| 6 * 7);
    /// assert_eq!((answer.get(), answer.get()), (&42, &42));
    /// ```
    #[track_caller]
    #[inline]
    pub fn get(&self) -> &T {
        explore::glance(GET, std::ptr::from_ref(self).addr());
        match self.value.get() {
            Some(value) => value,
            None => self.get_slow(),
        }
    }

    #[cold]
    #[track_caller]
    fn get_slow(&self) -> &T {
        // Whoever runs it learns of a panic here, with the panic itself.
        self.once.call_once(|| self.run());
        match (self.value.get(), self.panic.get()) {
            (Some(value), _) => value,
            (None, Some(panic)) => panic.raise("sync: the function of a OnceFunc panicked before with"),
            (None, None) => panic!("sync: the function of a OnceFunc called goexit"),
        }
    }

    /// Runs the function. Called once.
    fn run(&self) {
        let function = self.function.lock().take();
        let Some(function) = function else { return };
        // Nobody else writes these cells: writing them never waits.
        match rt::catch_loudly(function) {
            Ok(value) => {
                explore::point(SET, std::ptr::from_ref(self).addr());
                drop(self.value.set(value));
            }
            Err(panic) => {
                let _ = self.panic.set(SharedPanic::of(&panic));
                panic.resume();
            }
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for OnceValue<T, F> {
    type Target = T;

    fn deref(&self) -> &T {
        self.get()
    }
}

impl<T: fmt::Debug, F> fmt::Debug for OnceValue<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.get() {
            Some(value) => f.debug_tuple("OnceValue").field(value).finish(),
            None => f.write_str("OnceValue(<not made>)"),
        }
    }
}
