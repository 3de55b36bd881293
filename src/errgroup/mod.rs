//! Goroutines that work on parts of one task, and the first error among them: what Go has in
//! `golang.org/x/sync/errgroup`.
//!
//! * [`Group`] is Go's: members own what they use, and the group can be handed around.
//! * [`scope`] is for members that borrow; it waits on every path out, and its context is cancelled
//!   at the first error.
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
use crate::{Panic, SpawnOptions};

mod scope;

pub use scope::{ScopedGroup, scope, scope_with};

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

    #[track_caller]
    fn set_limit(&self, limit: Option<usize>) {
        let mut state = self.state.lock();
        let active = state.active;
        if active == 0 {
            state.limit = limit;
            return;
        }
        drop(state);
        panic!("errgroup: modify limit while {active} goroutines in the group are still active");
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
        match gort_runtime::catch_loudly(member) {
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
            gort_runtime::unheard(panic);
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
/// * A panic of a member goes on in `wait`. If nobody waits, it ends the program, as any panic that
///   nobody can observe.
/// * A member that ends by [`goexit`](crate::runtime::goexit) counts as one that succeeded.
///
/// ```
/// use gort::errgroup::Group;
///
/// gort::run(|| {
///     let group = Group::new();
///     for n in [1, -2, 3] {
///         group.go(move || if n < 0 { Err(format!("{n} is negative")) } else { Ok(()) });
///     }
///     assert_eq!(group.wait(), Err("-2 is negative".to_string()));
/// });
/// ```
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

    /// A group with a context derived from `parent`, which is cancelled when a member fails or
    /// panics, or when [`wait`](Group::wait) returns.
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

    /// As [`with_context`](Group::with_context); `as_cause` makes of the first error what
    /// [`context::cause`] gives. (In Go it is the error itself; here an error need not be one that
    /// can be shared.)
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

    /// Lets at most `limit` members run at a time; `None` is no limit. With a limit of 0,
    /// [`go`](Group::go) waits for ever.
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
        self.0.set_limit(limit.into());
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
        self.go_with(SpawnOptions::new(), f);
    }

    /// The same with options.
    #[track_caller]
    pub(crate) fn go_with(&self, options: SpawnOptions, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        self.0.enter();
        self.start(options, f);
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
            self.start(SpawnOptions::new(), f);
        }
        room
    }

    #[track_caller]
    fn start(&self, options: SpawnOptions, f: impl FnOnce() -> Result<(), E> + Send + 'static) {
        let shared = Arc::clone(&self.0);
        options.go(move || shared.run(f));
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
