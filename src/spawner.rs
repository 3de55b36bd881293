//! `Spawner`: what `go!(target => …)` can start goroutines on.

#[cfg(not(loom))]
use crate::errgroup::{Group, ScopedGroup};
use crate::sync::WaitGroup;
use crate::{Scope, ScopedJoinHandle, SpawnOptions};

/// What goroutines can be started on by `go!(target => …)`: a [`scope`](crate::scope()), a
/// [`WaitGroup`](crate::sync::WaitGroup), an [`errgroup::Group`](crate::errgroup::Group), an
/// [`errgroup::scope`](crate::errgroup::scope), and whatever else implements this.
///
/// `F` is the closure that the goroutine runs; an implementation says by its bounds what it must
/// be: whether it may borrow, and what it returns.
///
/// | target | the goroutine returns | `go!` gives |
/// |---|---|---|
/// | the `s` of [`scope`](crate::scope()) | `T`; it may borrow | [`ScopedJoinHandle<T>`](crate::ScopedJoinHandle) |
/// | a [`WaitGroup`](crate::sync::WaitGroup) | anything, which is dropped | `()`, as [`WaitGroup::go`](crate::sync::WaitGroup::go) |
/// | an [`errgroup::Group<E>`](crate::errgroup::Group) | `Result<(), E>` | `()`, as [`Group::go`](crate::errgroup::Group::go), which waits for room |
/// | the `g` of [`errgroup::scope`](crate::errgroup::scope) | `Result<(), E>`; it may borrow | `()` |
///
/// The target is only borrowed, and found through references and smart pointers as in a method
/// call.
///
/// ```
/// use gort::prelude::*;
/// use gort::{SpawnOptions, Spawner};
///
/// /// Starts goroutines that are all called the same.
/// struct Crew(&'static str);
///
/// impl<F: FnOnce() -> T + Send + 'static, T: Send + 'static> Spawner<F> for Crew {
///     type Handle = JoinHandle<T>;
///
///     #[track_caller]
///     fn spawn_goroutine(&self, options: SpawnOptions, f: F) -> JoinHandle<T> {
///         options.name(self.0).go(f)
///     }
/// }
///
/// # gort::run(|| {
/// let crew = Crew("digger");
/// let dig = |depth: u32| depth + 1;
/// let handle = go!(crew => dig(1));
/// assert_eq!(handle.name(), Some("digger"));
/// assert_eq!(handle.join().unwrap(), 2);
/// # });
/// ```
pub trait Spawner<F> {
    /// What `go!` gives: a handle, or `()`.
    type Handle;

    /// Starts a goroutine that runs `f`, with the options that `go!` was given.
    fn spawn_goroutine(&self, options: SpawnOptions, f: F) -> Self::Handle;
}

impl<'scope, F, T> Spawner<F> for &'scope Scope<'scope, '_>
where
    F: FnOnce() -> T + Send + 'scope,
    T: Send + 'scope,
{
    type Handle = ScopedJoinHandle<'scope, T>;

    #[track_caller]
    #[inline]
    fn spawn_goroutine(&self, options: SpawnOptions, f: F) -> ScopedJoinHandle<'scope, T> {
        self.spawn_with(options, f)
    }
}

impl<F, T> Spawner<F> for WaitGroup
where
    F: FnOnce() -> T + Send + 'static,
{
    type Handle = ();

    #[track_caller]
    #[inline]
    fn spawn_goroutine(&self, options: SpawnOptions, f: F) {
        self.go_with(options, f);
    }
}

#[cfg(not(loom))]
impl<F, E> Spawner<F> for Group<E>
where
    F: FnOnce() -> Result<(), E> + Send + 'static,
    E: Send + 'static,
{
    type Handle = ();

    #[track_caller]
    fn spawn_goroutine(&self, options: SpawnOptions, f: F) {
        self.go_with(options, f);
    }
}

#[cfg(not(loom))]
impl<'scope, F, E> Spawner<F> for ScopedGroup<'scope, '_, E>
where
    F: FnOnce() -> Result<(), E> + Send + 'scope,
    E: Send + 'scope,
{
    type Handle = ();

    #[track_caller]
    fn spawn_goroutine(&self, options: SpawnOptions, f: F) {
        self.go_with(options, f);
    }
}
