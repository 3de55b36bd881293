//! Goroutines that work on parts of one task, and the first error among them: what Go has in `golang.org/x/sync/errgroup`.
//!
//! * [`Group`] is Go's: members own what they use, and the group can be handed around.
//! * [`scope`] is for members that borrow; it waits on every path out, and its context is cancelled at the first error.
//!
//! ```
//! use gort::errgroup::Group;
//!
//! # gort::run(|| {
//! let group = Group::<String>::new();
//! for n in 1..=3 {
//!     group.go(move || if n == 2 { Err(format!("{n} went wrong")) } else { Ok(()) });
//! }
//! assert_eq!(group.wait(), Err("2 went wrong".to_string()));
//! # });
//! ```

use std::fmt;
use std::sync::Arc;

use crate::context::{self, CancelCauseFunc, Cause, Context};
use crate::sync::{Cond, Mutex};
use crate::{Panic, Scope};

/// What the members share.
struct Shared<E> {
    state: Mutex<State<E>>,
    /// A member has ended, and there is a limit.
    slot_free: Cond,
    /// The last member has ended.
    all_ended: Cond,
    cancel: Option<CancelCauseFunc>,
    /// What an error is as a cause.
    as_cause: fn(&E) -> Cause,
}

struct State<E> {
    active: usize,
    limit: Option<usize>,
    error: Option<E>,
    failed: bool,
    panic: Option<Panic>,
}

/// The cause of a group's context when a member failed, if the error itself is not.
#[derive(Debug)]
struct Failed(&'static str);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failed {}

fn failed<E>(_: &E) -> Cause {
    Arc::new(Failed("errgroup: a member failed"))
}

impl<E> Shared<E> {
    fn new(cancel: Option<CancelCauseFunc>, as_cause: fn(&E) -> Cause) -> Arc<Shared<E>> {
        Arc::new(Shared {
            state: Mutex::new(State {
                active: 0,
                limit: None,
                error: None,
                failed: false,
                panic: None,
            }),
            slot_free: Cond::new(),
            all_ended: Cond::new(),
            cancel,
            as_cause,
        })
    }

    /// Counts a member in, waiting for its turn.
    #[track_caller]
    fn enter(&self) {
        let mut state = self.state.lock();
        while state.limit.is_some_and(|limit| state.active >= limit) {
            self.slot_free.wait(&mut state);
        }
        state.active += 1;
    }

    /// The same without waiting: whether there was room.
    fn try_enter(&self) -> bool {
        let mut state = self.state.lock();
        let room = state.limit.is_none_or(|limit| state.active < limit);
        if room {
            state.active += 1;
        }
        room
    }

    /// Runs a member that was counted in.
    fn run(&self, member: impl FnOnce() -> Result<(), E>) {
        // Counted out by goexit too, which is no error.
        let _counted = Counted(self);
        match crate::recover(member) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let mut state = self.state.lock();
                let first = !std::mem::replace(&mut state.failed, true);
                if first {
                    let cause = self.cancel.is_some().then(|| (self.as_cause)(&error));
                    state.error = Some(error);
                    drop(state);
                    self.cancel(cause);
                }
            }
            Err(panic) => {
                let mut state = self.state.lock();
                if state.panic.is_none() {
                    state.panic = Some(panic);
                }
                drop(state);
                self.cancel(Some(Arc::new(Failed("errgroup: a member panicked"))));
            }
        }
    }

    fn cancel(&self, cause: Option<Cause>) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel_with(cause);
        }
    }

    /// Waits for all members; goes on with the panic of one.
    #[track_caller]
    fn wait(&self) -> Result<(), E> {
        let mut state = self.state.lock();
        while state.active > 0 {
            self.all_ended.wait(&mut state);
        }
        let (error, panic) = (state.error.take(), state.panic.take());
        drop(state);
        self.cancel(None);
        if let Some(panic) = panic {
            panic.resume();
        }
        error.map_or(Ok(()), Err)
    }
}

impl<E> Drop for Shared<E> {
    fn drop(&mut self) {
        // Nobody waited: the panic cannot be observed any more.
        if let Some(panic) = self.state.get_mut().panic.take() {
            crate::go!(name = "errgroup"; move || panic.resume());
        }
    }
}

/// Counts a member out.
struct Counted<'a, E>(&'a Shared<E>);

impl<E> Drop for Counted<'_, E> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.active -= 1;
        if state.limit.is_some() {
            self.0.slot_free.notify_one();
        }
        if state.active == 0 {
            self.0.all_ended.notify_all();
        }
    }
}

/// Goroutines that work on parts of one task. Clones are handles of the same group.
///
/// * The first error, in time, is the one that [`wait`](Group::wait) gives; the others are dropped.
/// * A panic of a member goes on in `wait`. If nobody waits, it ends the program, as any panic that nobody can observe.
/// * A member that ends by [`goexit`](crate::runtime::goexit) counts as one that succeeded.
#[doc(alias = "errgroup.Group")]
pub struct Group<E>(Arc<Shared<E>>);

impl<E> Clone for Group<E> {
    fn clone(&self) -> Group<E> {
        Group(Arc::clone(&self.0))
    }
}

impl<E: Send + 'static> Default for Group<E> {
    fn default() -> Group<E> {
        Group::new()
    }
}

impl<E: Send + 'static> Group<E> {
    /// A group without limit and without context: an error stops nobody.
    ///
    /// ```
    /// let group = gort::errgroup::Group::<String>::new();
    /// assert_eq!(group.wait(), Ok(()));
    /// ```
    pub fn new() -> Group<E> {
        Group(Shared::new(None, failed))
    }

    /// A group with a context derived from `parent`, which is cancelled when a member fails or panics, or when
    /// [`wait`](Group::wait) returns.
    ///
    /// ```
    /// use gort::prelude::*;
    /// use gort::{context, errgroup::Group};
    ///
    /// # gort::run(|| {
    /// let (group, ctx) = Group::with_context(context::background());
    /// let done = ctx.done();
    /// group.go(move || {
    ///     chan!(<-done);
    ///     Ok(())
    /// });
    /// group.go(|| Err("no"));
    /// assert_eq!(group.wait(), Err("no"));
    /// # });
    /// ```
    #[doc(alias = "WithContext")]
    pub fn with_context(parent: impl AsRef<Context>) -> (Group<E>, Context) {
        Group::with_context_cause(parent, failed)
    }

    /// As [`with_context`](Group::with_context); `as_cause` makes of the first error what [`context::cause`] gives. (In Go it is
    /// the error itself; here an error need not be one that can be shared.)
    ///
    /// ```
    /// use gort::{context, errgroup::Group};
    ///
    /// # gort::run(|| {
    /// let (group, ctx) = Group::<String>::with_context_cause(context::background(), |error| {
    ///     let error: Box<dyn std::error::Error + Send + Sync> = error.clone().into();
    ///     error.into()
    /// });
    /// group.go(|| Err("disk full".to_string()));
    /// assert!(group.wait().is_err());
    /// assert_eq!(context::cause(&ctx).unwrap().to_string(), "disk full");
    /// # });
    /// ```
    pub fn with_context_cause(parent: impl AsRef<Context>, as_cause: fn(&E) -> Cause) -> (Group<E>, Context) {
        let (ctx, cancel) = context::with_cancel_cause(parent);
        (Group(Shared::new(Some(cancel), as_cause)), ctx)
    }

    /// Lets at most `limit` members run at a time; `None` is no limit. With a limit of 0, [`go`](Group::go) waits for ever.
    ///
    /// # Panics
    /// With `errgroup: modify limit while <n> goroutines in the group are still active`.
    ///
    /// ```
    /// let group = gort::errgroup::Group::<()>::new();
    /// group.set_limit(0);
    /// assert!(!group.try_go(|| Ok(())));
    /// group.set_limit(None);
    /// assert!(group.try_go(|| Ok(())));
    /// ```
    #[doc(alias = "SetLimit")]
    #[track_caller]
    pub fn set_limit(&self, limit: impl Into<Option<usize>>) {
        let mut state = self.0.state.lock();
        let active = state.active;
        if active == 0 {
            state.limit = limit.into();
            return;
        }
        drop(state);
        panic!("errgroup: modify limit while {active} goroutines in the group are still active");
    }

    /// Runs `f` in a goroutine, once the limit allows it: until then it waits.
    ///
    /// ```
    /// # gort::run(|| {
    /// let group = gort::errgroup::Group::<std::io::Error>::new();
    /// group.set_limit(2);
    /// for _ in 0..10 {
    ///     group.go(|| Ok(()));
    /// }
    /// group.wait().unwrap();
    /// # });
    /// ```
    #[doc(alias = "Go")]
    #[track_caller]
    pub fn go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        self.0.enter();
        self.start(f);
    }

    /// Runs `f` in a goroutine if the limit allows it now; whether it does.
    ///
    /// ```
    /// # gort::run(|| {
    /// let group = gort::errgroup::Group::<()>::new();
    /// group.set_limit(1);
    /// assert!(group.try_go(|| Ok(())));
    /// assert_eq!(group.wait(), Ok(()));
    /// # });
    /// ```
    #[doc(alias = "TryGo")]
    #[track_caller]
    pub fn try_go(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) -> bool {
        let room = self.0.try_enter();
        if room {
            self.start(f);
        }
        room
    }

    #[track_caller]
    fn start(&self, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        let shared = Arc::clone(&self.0);
        crate::go!(move || shared.run(f));
    }

    /// Waits until all members have ended.
    ///
    /// # Errors
    /// The first error of a member. It is taken out: a second `wait` does not give it again.
    ///
    /// # Panics
    /// With the first panic of a member.
    ///
    /// ```
    /// # gort::run(|| {
    /// let group = gort::errgroup::Group::<&str>::new();
    /// group.go(|| panic!("boom"));
    /// assert_eq!(gort::recover(|| group.wait()).unwrap_err().message(), "boom");
    /// # });
    /// ```
    #[doc(alias = "Wait")]
    #[track_caller]
    pub fn wait(&self) -> Result<(), E> {
        self.0.wait()
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").finish_non_exhaustive()
    }
}

/// The group of a [`scope`]: its members may borrow from outside of it.
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
        self.shared.enter();
        let shared = Arc::clone(&self.shared);
        self.scope.spawn(move || shared.run(f));
    }

    /// Lets at most `limit` members run at a time; `None` is no limit.
    ///
    /// # Panics
    /// As [`Group::set_limit`].
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
        let mut state = self.shared.state.lock();
        let active = state.active;
        if active == 0 {
            state.limit = limit.into();
            return;
        }
        drop(state);
        panic!("errgroup: modify limit while {active} goroutines in the group are still active");
    }

    /// The context that is cancelled when a member fails or panics, when the body of the scope is left by a panic or goexit, and
    /// when the scope ends.
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

/// Runs `f` with a group whose members may borrow, and waits for all of them, whether `f` returns, panics or calls
/// [`goexit`](crate::runtime::goexit). The first error cancels the group's [context](ScopedGroup::context), which the members are
/// to watch.
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

/// Cancels the group's context when the body of the scope unwinds: otherwise its members might never end.
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
