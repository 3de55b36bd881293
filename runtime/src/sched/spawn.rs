//! Starting a goroutine.

use std::borrow::Cow;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use crate::g::entry::Job;
use crate::g::{GRef, pool};
use crate::join_handle::JoinHandle;
use crate::sched::{runtime, this_worker};
use crate::scope::ScopeData;

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
    name: Option<Cow<'static, str>>,
    stack: Option<usize>,
    is_main: bool,
    pub(crate) scope: Option<Membership>,
}

/// The scope that a goroutine belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Membership(pub(crate) NonNull<ScopeData>);

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
        self.name = Some(name.into());
        self
    }

    /// The reserve of its stack in bytes (at least 16 KiB, rounded up to whole pages).
    ///
    /// ```
    /// let deep = gort_runtime::Spawn::new().stack(1 << 20).go(|| [1_u8; 512 << 10].len());
    /// assert_eq!(deep.join().unwrap(), 512 << 10);
    /// ```
    pub fn stack(mut self, bytes: usize) -> Spawn {
        self.stack = Some(bytes);
        self
    }

    /// For a main goroutine.
    pub(crate) fn main(self) -> Spawn {
        let stack = crate::config::MAIN_STACK.max(crate::config::get().stack_size);
        Spawn {
            is_main: true,
            ..self.stack(stack)
        }
    }

    /// Starts a goroutine that runs `f`.
    ///
    /// If the kernel gives no stack for it, the goroutine ends as if it had panicked with a message that names the limits.
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
        let site = Location::caller();
        let worker = this_worker();
        let g = worker.map_or_else(pool::take_shared, |worker| {
            worker.with_blocks(pool::LocalPool::take)
        });
        // SAFETY: the block is free and ours; the table matches what is stored.
        unsafe {
            Job::<F, T>::store(&g, f);
            g.table.set(&Job::<F, T>::TABLE);
        }
        self.launch(g, worker, site);
        JoinHandle::new(g)
    }

    /// The part that does not depend on the closure.
    fn launch(self, g: GRef, worker: Option<&crate::worker::Worker>, site: &'static Location<'static>) {
        let rt = worker.map_or_else(runtime, crate::worker::Worker::runtime);
        let id = worker.map_or_else(|| rt.take_ids(1), crate::worker::Worker::next_id);
        let stack = self
            .stack
            .map_or(rt.config.stack_size, |bytes| bytes.max(crate::config::MIN_STACK));
        // SAFETY: the block is ours until it is queued.
        unsafe { g.dress(id, site, self.name, stack) };
        g.flags.is_main.set(self.is_main);
        g.scope.set(self.scope.map(|membership| membership.0));
        match worker {
            Some(worker) => {
                worker.count_started();
                worker.push_ready(g);
                rt.notify_from(worker);
            }
            None => {
                rt.started_outside.fetch_add(1, Ordering::AcqRel);
                rt.global.push(g);
                rt.notify_global();
            }
        }
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
