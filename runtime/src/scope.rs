//! Scoped goroutines: they may borrow, since the scope does not return before they have ended.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::ptr::NonNull;

use crate::g::scope_data::ScopeData;
use crate::g::task::Task;
use crate::join_handle::{JoinError, JoinHandle};
use crate::reason::WaitReason;
use crate::sched::entry;
use crate::sched::park::park_on;
use crate::spawn::Spawn;

/// The scope that the closure of [`scope`] gets: goroutines are started on it.
///
/// ```
/// let words = vec!["one", "three"];
/// let longest = gort_runtime::scope(|s| {
///     let lengths: Vec<_> = words.iter().map(|word| s.spawn(move || word.len())).collect();
///     lengths.into_iter().map(|handle| handle.join().unwrap()).max()
/// });
/// assert_eq!(longest, Some(5));
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    data: ScopeData,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

// SAFETY: the shared data is atomic, except for the waiter, which is written by the scope's own goroutine and ordered by the
// count.
unsafe impl Sync for Scope<'_, '_> {}

/// Runs `f` with a scope whose goroutines may borrow from outside of it, and waits for all of them: whether `f` returns,
/// panics or calls [`goexit`](crate::goexit).
///
/// # Panics
/// With the panic of `f`; or, if a member panicked and was not joined, with `a scoped goroutine panicked: ` and the message of
/// the first of these.
///
/// ```
/// let mut squares = [0; 4];
/// gort_runtime::scope(|s| {
///     for (i, square) in squares.iter_mut().enumerate() {
///         s.spawn(move || *square = i * i);
///     }
/// });
/// assert_eq!(squares, [0, 1, 4, 9]);
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        data: ScopeData::new(),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = panic::catch_unwind(AssertUnwindSafe(|| f(&scope)));
    wait(&scope.data);
    match result {
        Err(payload) => panic::resume_unwind(payload),
        Ok(value) => match scope.data.take_panic() {
            Some(message) => panic!("a scoped goroutine panicked: {message}"),
            None => value,
        },
    }
}

/// Returns when all members have ended.
#[track_caller]
fn wait(data: &ScopeData) {
    if data.members() == 0 {
        return;
    }
    // SAFETY: the scope is counted until the commit below.
    unsafe { data.set_waiter(Task::current()) };
    let me = NonNull::from(data);
    // SAFETY: whoever brings the count to zero readies the task, once: a member, or the commit itself.
    unsafe {
        park_on(WaitReason::Scope, &[me.as_ptr().cast_const().cast()], move || {
            entry::leave_scope(me);
        });
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a goroutine in the scope; `go!(s => …)` expands to it.
    ///
    /// ```
    /// let words = ["one", "two"];
    /// let longest = gort_runtime::scope(|s| s.spawn(|| words.iter().max()).join().unwrap());
    /// assert_eq!(longest, Some(&"two"));
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_with(Spawn::new(), f)
    }

    /// Starts a goroutine in the scope, with options.
    ///
    /// ```
    /// gort_runtime::scope(|s| {
    ///     let handle = s.spawn_with(gort_runtime::Spawn::new().name("adder"), || 1 + 2);
    ///     assert_eq!(handle.name(), Some("adder"));
    ///     assert_eq!(handle.join().unwrap(), 3);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_with<F, T>(&'scope self, mut options: Spawn, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.data.count_in();
        options.options.scope = Some(NonNull::from(&self.data));
        // SAFETY: `scope` does not return before the goroutine has counted itself out, which it does after its closure and,
        // if the handle is gone, its result are dropped. A handle that lives longer is bounded by `'scope`.
        let handle = unsafe { options.go_unchecked(f) };
        ScopedJoinHandle {
            handle,
            scope: PhantomData,
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("running", &self.data.members())
            .finish_non_exhaustive()
    }
}

/// A goroutine of a [`scope`]; dropping it leaves the waiting to the scope.
///
/// ```
/// let text = String::from("borrowed");
/// let length = gort_runtime::scope(|s| {
///     let handle: gort_runtime::ScopedJoinHandle<'_, usize> = s.spawn(|| text.len());
///     handle.join().unwrap()
/// });
/// assert_eq!(length, 8);
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<T>,
    scope: PhantomData<&'scope mut &'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits until the goroutine has ended and gives its result.
    ///
    /// # Errors
    /// As [`JoinHandle::join`]. A panic that is taken this way does not make the scope panic.
    ///
    /// ```
    /// let number = 41;
    /// let sum = gort_runtime::scope(|s| s.spawn(|| number + 1).join().unwrap());
    /// assert_eq!(sum, 42);
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        self.handle.join()
    }

    /// The handle that this one wraps.
    #[doc(hidden)]
    pub fn as_handle(&self) -> &JoinHandle<T> {
        &self.handle
    }

    /// Whether the goroutine has ended.
    ///
    /// ```
    /// gort_runtime::scope(|s| {
    ///     let handle = s.spawn(|| ());
    ///     while !handle.is_finished() {
    ///         std::thread::yield_now();
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// The goroutine's number.
    ///
    /// ```
    /// gort_runtime::scope(|s| assert!(s.spawn(|| ()).id() > 0));
    /// ```
    pub fn id(&self) -> u64 {
        self.handle.id()
    }

    /// Its name.
    ///
    /// ```
    /// gort_runtime::scope(|s| assert_eq!(s.spawn(|| ()).name(), None));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.handle.name()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
