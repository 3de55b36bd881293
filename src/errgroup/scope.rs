//! `scope`: a group whose members borrow.

use std::fmt;
use std::sync::Arc;

use super::{Failed, Shared, failed};
use crate::context::{self, Context};
use crate::{Scope, SpawnOptions};

/// The group of a [`scope`]: its members may borrow from outside of it.
///
/// ```
/// use gort::errgroup;
///
/// gort::run(|| {
///     let numbers = [1, 2, 3];
///     let all = errgroup::scope(|group| {
///         for n in &numbers {
///             group.go(move || if *n > 0 { Ok(()) } else { Err("not positive") });
///         }
///     });
///     assert_eq!(all, Ok(()));
/// });
/// ```
pub struct ScopedGroup<'scope, 'env: 'scope, E> {
    scope: &'scope Scope<'scope, 'env>,
    shared: Arc<Shared<E>>,
    ctx: Context,
}

impl<'scope, E: Send + 'scope> ScopedGroup<'scope, '_, E> {
    /// Runs `f` in a goroutine, once the [limit](ScopedGroup::set_limit) allows it.
    ///
    /// ```
    /// # gort::run(|| {
    /// let words = ["a", "b"];
    /// let all: Result<(), ()> = gort::errgroup::scope(|g| {
    ///     for word in &words {
    ///         g.go(move || if word.is_empty() { Err(()) } else { Ok(()) });
    ///     }
    /// });
    /// assert_eq!(all, Ok(()));
    /// # });
    /// ```
    #[doc(alias = "Go")]
    #[track_caller]
    pub fn go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'scope) {
        self.go_with(SpawnOptions::new(), f);
    }

    /// The same with options.
    #[track_caller]
    pub(crate) fn go_with(&self, options: SpawnOptions, f: impl FnOnce() -> Result<(), E> + Send + 'scope) {
        self.shared.enter();
        let shared = Arc::clone(&self.shared);
        self.scope.spawn_with(options, move || shared.run(f));
    }

    /// Lets at most `limit` members run at a time; `None` is no limit.
    ///
    /// # Panics
    /// As [`Group::set_limit`](super::Group::set_limit).
    ///
    /// ```
    /// # gort::run(|| {
    /// let all: Result<(), ()> = gort::errgroup::scope(|g| g.set_limit(4));
    /// assert_eq!(all, Ok(()));
    /// # });
    /// ```
    #[doc(alias = "SetLimit")]
    #[track_caller]
    pub fn set_limit(&self, limit: impl Into<Option<usize>>) {
        self.shared.set_limit(limit.into());
    }

    /// The context that is cancelled when a member fails or panics, when the body of the scope is
    /// left by a panic or goexit, and when the scope ends.
    ///
    /// ```
    /// use gort::prelude::*;
    ///
    /// # gort::run(|| {
    /// let first = gort::errgroup::scope(|g| {
    ///     g.go(|| Err("no"));
    ///     chan!(<-g.context().done());
    /// });
    /// assert_eq!(first, Err("no"));
    /// # });
    /// ```
    pub fn context(&self) -> &Context {
        &self.ctx
    }
}

impl<E> fmt::Debug for ScopedGroup<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedGroup").finish_non_exhaustive()
    }
}

/// Runs `f` with a group whose members may borrow, and waits for all of them, whether `f` returns,
/// panics or calls [`goexit`](crate::runtime::goexit). The first error cancels the group's
/// [context](ScopedGroup::context), which the members are to watch.
///
/// # Errors
/// The first error of a member; else the value of `f`.
///
/// # Panics
/// With the panic of `f`, or the first panic of a member.
///
/// ```
/// use gort::prelude::*;
///
/// # gort::run(|| {
/// let pages = vec!["index", "missing", "about"];
/// let result: Result<(), String> = gort::errgroup::scope(|g| {
///     for page in &pages {
///         let done = g.context().done();
///         g.go(move || {
///             if *page == "missing" {
///                 return Err(format!("no page {page}"));
///             }
///             chan!(<-done);      // others stop when one fails
///             Ok(())
///         });
///     }
/// });
/// assert_eq!(result, Err("no page missing".to_string()));
/// # });
/// ```
#[track_caller]
pub fn scope<'env, T, E, F>(f: F) -> Result<T, E>
where
    E: Send + 'env,
    F: for<'scope> FnOnce(&ScopedGroup<'scope, 'env, E>) -> T,
{
    scope_with(context::background(), f)
}

/// [`scope`] with a context derived from `parent`.
///
/// # Errors
/// As [`scope`].
///
/// # Panics
/// As [`scope`].
///
/// ```
/// use gort::prelude::*;
/// use gort::{context, errgroup};
/// use std::time::Duration;
///
/// # gort::run(|| {
/// let (ctx, _cancel) = context::with_timeout(context::background(), Duration::from_millis(1));
/// let result: Result<(), context::Error> = errgroup::scope_with(ctx, |g| {
///     let ctx = g.context().clone();
///     g.go(move || {
///         chan!(<-ctx.done());
///         Err(ctx.err().unwrap())
///     });
/// });
/// assert_eq!(result, Err(context::Error::DeadlineExceeded));
/// # });
/// ```
#[track_caller]
pub fn scope_with<'env, T, E, F>(parent: impl AsRef<Context>, f: F) -> Result<T, E>
where
    E: Send + 'env,
    F: for<'scope> FnOnce(&ScopedGroup<'scope, 'env, E>) -> T,
{
    let (ctx, cancel) = context::with_cancel_cause(parent);
    let shared = Shared::<E>::new(Some(cancel), failed);
    let _panics = DiscardPanic(&shared);
    let value = crate::scope(|scope| {
        let group = ScopedGroup {
            scope,
            shared: Arc::clone(&shared),
            ctx,
        };
        let unless_it_returns = CancelOnUnwind(Some(&shared));
        let value = f(&group);
        unless_it_returns.disarm();
        value
    });
    shared.wait().map(|()| value)
}

/// When the body of the scope unwinds, that is what its caller sees, and not the panic of a member.
struct DiscardPanic<'a, E>(&'a Shared<E>);

impl<E> Drop for DiscardPanic<'_, E> {
    fn drop(&mut self) {
        let panic = self.0.state.lock().panic.take();
        drop(panic);
    }
}

/// Cancels the group's context when the body of the scope unwinds: otherwise its members might
/// never end.
struct CancelOnUnwind<'a, E>(Option<&'a Shared<E>>);

impl<E> CancelOnUnwind<'_, E> {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl<E> Drop for CancelOnUnwind<'_, E> {
    fn drop(&mut self) {
        if let Some(shared) = self.0 {
            shared.cancel(Some(Arc::new(Failed("errgroup: the scope was left"))));
        }
    }
}
