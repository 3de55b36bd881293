//! Main goroutines: `run`, and what `#[gort::main]` expands to.

use crate::join_handle::JoinError;
use crate::panic_value::Panic;
use crate::panics::{self, PanicReport};
use crate::quit;
use crate::spawn::Spawn;
use crate::waiters::Counted;

/// Runs `f` as a main goroutine and gives its result; the calling thread blocks meanwhile.
///
/// Starts the runtime if it is not running. Other goroutines go on when it returns. Its stack is
/// that of a main thread: 8 MiB of reserve, unless the others have more. Inside of a goroutine it
/// is the same as starting one and joining it.
///
/// # Panics
/// With the panic of `f`, which has been printed when it happened.
///
/// ```
/// assert_eq!(gort_runtime::run(|| 6 * 7), 42);
/// ```
#[track_caller]
pub fn run<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    match run_main(f, None) {
        Ok(value) => value,
        Err(ended) => ended.go_on(),
    }
}

/// Runs `f` as the program's main goroutine: SIGQUIT prints what every goroutine is at and ends the
/// process with status 2; a panic prints Go's report and ends the process with status 2. When it
/// returns, no other goroutine's panic is under way that would do the same.
#[doc(hidden)]
#[track_caller]
pub fn main<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let result = match watch_for_quit() {
        None => run_main(f, None),
        Some((watch, ends)) => {
            let f = move || {
                let _ends = ends;
                f()
            };
            run_main(f, Some(&watch))
        }
    };
    match result {
        Ok(value) => {
            crate::panics::await_those_under_way();
            value
        }
        Err(ended) if ended.panic.was_shown() => panics::end_with(ended.goroutine),
        Err(ended) => crate::fatal::die(&format_args!(
            "{}{}",
            ended.report(),
            panics::others(ended.goroutine)
        )),
    }
}

/// A main goroutine that ended with a panic.
pub(crate) struct Ended {
    pub(crate) panic: Panic,
    pub(crate) goroutine: u64,
    pub(crate) spawned_at: &'static std::panic::Location<'static>,
}

impl Ended {
    /// Goes on with the panic, in the caller.
    pub(crate) fn go_on(mut self) -> ! {
        // It was not raised by `panic!`.
        if crate::g::current().is_none() && !self.panic.was_shown() {
            eprint!("{}", self.report());
            self.panic.will_be_shown();
        }
        self.panic.resume()
    }

    fn report(&self) -> PanicReport<'_> {
        PanicReport {
            panic: &self.panic,
            goroutine: self.goroutine,
            name: None,
            spawned_at: self.spawned_at,
        }
    }
}

/// On a goroutine somebody calls `main` once more.
fn watch_for_quit() -> Option<(quit::Watch, quit::Ends)> {
    crate::g::current().is_none().then(quit::watch).flatten()
}

#[track_caller]
fn run_main<F, T>(f: F, quit: Option<&quit::Watch>) -> Result<T, Ended>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    let spawned_at = std::panic::Location::caller();
    let nested = crate::g::current().is_some();
    // The goroutine itself counts, while its worker is awake. Before it begins it is in a queue,
    // and after it ended this thread has a result to return: at neither time are sleeping
    // goroutines a deadlock.
    let f = move || {
        let _waiting = (!nested).then(Counted::new);
        f()
    };
    let mut options = Spawn::new();
    if !nested {
        options = options.main();
    }
    // SAFETY: what `f` and `T` borrow outlives this call, and the call waits until the goroutine
    // has ended and has given its result. There is no way out before: `join` does not unwind, and
    // after `goexit` the closure is gone.
    let handle = unsafe { options.go_unchecked(f) };
    let goroutine = handle.id();
    if let Some(quit) = quit {
        quit.until_the_end();
    }
    match handle.join() {
        Ok(value) => Ok(value),
        Err(JoinError::Panicked(panic)) => Err(Ended {
            panic,
            goroutine,
            spawned_at,
        }),
        Err(JoinError::Taken) => unreachable!("the handle was no source"),
        Err(JoinError::Goexit) if nested => crate::goexit(),
        Err(JoinError::Goexit) => {
            // As in Go: the others go on. If they all end or block, the deadlock report ends the
            // process.
            let _waiting = Counted::new();
            crate::waiters::abandon();
            crate::sched::runtime().ask_again();
            match quit {
                Some(quit) => quit.for_ever(),
                None => loop {
                    std::thread::park();
                },
            }
        }
    }
}
