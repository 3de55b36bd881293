//! `Spawn` and `go`: starting a goroutine.

use std::borrow::Cow;
use std::panic::Location;

use crate::here::Here;
use crate::join_handle::JoinHandle;
use crate::sched::spawn::{Options, start};

/// What `go!(name = …, stack = …; …)` sets.
///
/// ```
/// let handle = gort_runtime::Spawn::new().name("adder").stack(64 << 10).go(|| 1 + 2);
/// assert_eq!(handle.name(), Some("adder"));
/// assert_eq!(handle.join().unwrap(), 3);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until `go`"]
pub struct Spawn {
    pub(crate) options: Options,
}

impl Spawn {
    /// The defaults: no name, the configured stack.
    pub fn new() -> Spawn {
        Spawn::default()
    }

    /// A name for reports.
    ///
    /// ```
    /// assert_eq!(gort_runtime::Spawn::new().name("reader").go(|| ()).name(), Some("reader"));
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Spawn {
        self.options.name = Some(name.into());
        self
    }

    /// The reserve of its stack in bytes (at least 16 KiB, rounded up to whole pages).
    ///
    /// ```
    /// let deep = gort_runtime::Spawn::new().stack(1 << 20).go(|| [1_u8; 512 << 10].len());
    /// assert_eq!(deep.join().unwrap(), 512 << 10);
    /// ```
    pub fn stack(mut self, bytes: usize) -> Spawn {
        self.options.stack = Some(bytes);
        self
    }

    /// For a main goroutine.
    pub(crate) fn main(self) -> Spawn {
        let stack = crate::config::MAIN_STACK.max(crate::config::get().stack_size);
        let mut main = self.stack(stack);
        main.options.is_main = true;
        main
    }

    /// Starts a goroutine that runs `f`.
    ///
    /// If the kernel gives no stack for it, the goroutine ends as if it had panicked with a message
    /// that names the limits.
    ///
    /// ```
    /// assert_eq!(gort_runtime::Spawn::new().go(|| 7).join().unwrap(), 7);
    /// ```
    #[track_caller]
    #[inline]
    pub fn go<F, T>(self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: both are `'static`.
        unsafe { self.go_unchecked(f) }
    }

    /// Starts a goroutine whose closure and result may borrow.
    ///
    /// # Safety
    /// What `F` and `T` borrow outlives the goroutine and its handle.
    #[track_caller]
    #[inline]
    pub(crate) unsafe fn go_unchecked<F, T>(self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY: starting waits for nothing.
        let here = unsafe { Here::ask() };
        crate::boot::ensure(here);
        // SAFETY: handed on.
        JoinHandle::new(unsafe { start(here, self.options, Location::caller(), f) })
    }
}

/// Starts a goroutine that runs `f`: what `go!` expands to.
///
/// ```
/// let handle = gort_runtime::go(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
#[track_caller]
#[inline]
pub fn go<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Spawn::new().go(f)
}
