//! The proc macros behind gort's `chan!`, `go!` and `select!`, and the attributes `main` and `test`.
//!
//! Each macro has one folder and goes three steps: *parse* (tokens to a small tree; every mistake found on the way is
//! collected, none ends the parsing), *check* (while parsing: what the tree may hold is what can be expanded), *expand*
//! (tree to tokens). A macro with mistakes expands to all of them as `compile_error!`s, plus the user's own bodies, so
//! that editors still see them.
//!
//! What the expansions may name: `$crate::__private::…` and nothing else. `$crate` comes in from the `macro_rules!`
//! shells of the facade (see `path`), so nothing here depends on what the user's crate imports, declares or calls
//! the dependency. No expansion contains `unsafe`.
//!
//! Users never name this crate: they take everything from `gort`.

mod arrow;
mod chan;
mod entry;
mod error;
mod go;
mod names;
mod operand;
mod path;
mod select;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// What `gort::chan!` expands through: `chan_impl! { ($crate) … }`.
#[doc(hidden)]
#[proc_macro]
pub fn chan_impl(input: TokenStream) -> TokenStream {
    let (private, tokens) = path::split(input.into());
    chan::expand(&private, &tokens).into()
}

/// What `gort::go!` expands through: `go_impl! { ($crate) … }`.
#[doc(hidden)]
#[proc_macro]
pub fn go_impl(input: TokenStream) -> TokenStream {
    let (private, tokens) = path::split(input.into());
    go::expand(&private, &tokens).into()
}

/// What `gort::select!` expands through: `select_impl! { ($crate) … }`.
#[doc(hidden)]
#[proc_macro]
pub fn select_impl(input: TokenStream) -> TokenStream {
    let (private, tokens) = path::split(input.into());
    select::expand(&private, tokens).into()
}

/// Runs `fn main` as the main goroutine.
///
/// The function is rewritten so that its body is the main goroutine of the program, as in Go: when it returns the
/// process ends, and other goroutines do not keep it alive. A panic in it prints Go's report and exits with status 2.
///
/// The function may return anything that `main` may return (it need not be `Send`). It takes no arguments (`std::env::args()` has them), and it
/// is not `async`: a goroutine parks without `async` and `.await`.
///
/// ```text
/// #[gort::main]
/// fn main() -> Result<(), MyError> {
///     body
/// }
/// ```
///
/// becomes
///
/// ```text
/// fn main() -> ExitCode {
///     fn main() -> Result<(), MyError> {
///         body
///     }
///     ::gort::__private::main(|| Termination::report(main()))
/// }
/// ```
///
/// # Options
///
/// `#[gort::main(crate = path)]` says where gort is, for a dependency with another name:
/// `#[renamed::main(crate = renamed)]`.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(entry::Kind::Main, arguments.into(), item.into()).into()
}

/// Makes a function a test whose body runs as a goroutine.
///
/// The counterpart of `#[test]` for code that uses goroutines and channels: `#[should_panic]`, `#[ignore]` and a
/// `Result` as return type work as they do there. (Channels and goroutines work in a plain `#[test]` too; there the
/// test's OS thread blocks where a goroutine would park.)
///
/// # Options
///
/// `#[gort::test(timeout = "30s")]` says for how long the test may take, in Go's form (`"500ms"`,
/// `"1m30s"`); `"none"` lets it take for ever, under a debugger for instance. Without it the test has
/// 60 s, or what `GORT_TEST_TIMEOUT` in the environment says.
///
/// `#[gort::test(crate = path)]` says where gort is, for a dependency with another name.
///
/// # A test that hangs
///
/// fails. What is printed is what every goroutine is at, the test's own first:
///
/// ```text
/// test timed out after 30s
///
/// goroutine 5 [chan receive]:
/// queue::is_emptied(...)
///         ./tests/queue.rs:12:17
/// created by go! outside of goroutines
///         tests/queue.rs:8:1
///
/// goroutine 6 "worker" [running]:
/// queue::mix(...)
///         ./tests/queue.rs:31:9
/// created by go! in goroutine 5
///         tests/queue.rs:10:5
/// ```
///
/// Tests share one runtime, so the list has the goroutines of those that run beside it too. They go on;
/// the goroutines of the test that failed are left behind as they are. A test with `#[should_panic]`
/// that hangs fails too.
///
/// `#[gort::test(schedules = 1000)]` runs the test under so many schedules: at every operation of gort that another goroutine could see,
/// somebody else may go first. A failure is shown as a table and run again by `GORT_SCHEDULE=…`; `gort::testing::explore` has more
/// to choose from. The test runs on a clock that jumps, and goroutines that it leaves waiting are a failure.
///
/// A deadlock is reported without waiting for the timeout if nothing in the process can end it: no
/// goroutine runs or sleeps, and all threads belong to gort, to the harness, or to tests that are stuck
/// themselves. While a plain `#[test]`, or a thread that a test has started, goes on, it might end the
/// wait; then the timeout does.
#[doc(alias = "testing")]
#[doc(alias = "timeout")]
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(entry::Kind::Test, arguments.into(), item.into()).into()
}
