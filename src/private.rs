//! The only names that the macros' expansions use. Not part of the public interface.

pub use ::core;
pub use gort_channels::macro_support::*;
pub use gort_macros::{chan_impl, go_impl, select_impl};
pub use gort_runtime::{JoinHandle, Scope, ScopedJoinHandle, Spawn as SpawnOptions, main, run as test};

/// The options of a `go!` that names none.
#[inline]
pub fn options() -> SpawnOptions {
    SpawnOptions::new()
}

/// `go!(…)`.
#[track_caller]
#[inline]
pub fn go<F, T>(options: SpawnOptions, f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static, // to borrow: `gort::scope(|s| …)` and `go!(s => …)`
    T: Send + 'static,
{
    options.go(f)
}

/// `go!(s => …)`.
#[track_caller]
#[inline]
pub fn go_scoped<'scope, F, T>(
    scope: &'scope Scope<'scope, '_>,
    options: SpawnOptions,
    f: F,
) -> ScopedJoinHandle<'scope, T>
where
    F: FnOnce() -> T + Send + 'scope,
    T: Send + 'scope,
{
    scope.spawn_with(options, f)
}

/// A channel to send on, between `tx` and `value` of `tx <- value`.
///
/// Two steps instead of one call, since rustc then knows the channel's `T` before it looks at the value: so
/// `chan!(tx <- Box::new(f))` coerces to `Box<dyn Fn()>`, and a wrong value is a plain "mismatched types".
#[derive(Debug)]
pub struct Sending<'a, S: ?Sized, T> {
    channel: &'a S,
    value: core::marker::PhantomData<fn(T)>,
}

/// `tx` of `tx <- value`.
#[inline]
pub fn sending<S: SendTo<T> + ?Sized, T>(channel: &S) -> Sending<'_, S, T> {
    Sending {
        channel,
        value: core::marker::PhantomData,
    }
}

impl<'a, S: SendTo<T> + ?Sized, T> Sending<'a, S, T> {
    /// `chan!(tx <- value)`.
    #[track_caller]
    #[inline]
    pub fn send(self, value: T) {
        send(self.channel, value);
    }

    /// `tx <- value => …` in a `select!`.
    #[track_caller]
    #[inline]
    pub fn arm(self, value: T) -> SendArm<'a, T> {
        send_arm(self.channel, value)
    }
}
