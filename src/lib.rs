//! Go-style CSP for Rust: goroutines, channels and `select!` with Go's semantics and Rust's safety,
//! on a stackful M:N work-stealing runtime. No `async`, no coloured functions, no executor to
//! choose.
//!
//! ```
//! use gort::prelude::*;
//!
//! #[gort::main]
//! fn main() {
//!     let jobs = chan!(u64, 100);                     // make(chan uint64, 100)
//!     let results = chan!(u64, 100);
//!
//!     for id in 1..=3 {
//!         go!(worker(id, jobs.rx(), results.tx()));   // arguments are evaluated here, as Go does
//!     }
//!     for j in 1..=5 {
//!         chan!(jobs <- j);                           // jobs <- j
//!     }
//!     jobs.close();
//!     let sum: u64 = (0..5).map(|_| chan!(<-results).unwrap()).sum();
//!     assert_eq!(sum, 30);
//! }
//!
//! fn worker(_id: u32, jobs: Receiver<u64>, results: Sender<u64>) {
//!     for j in jobs {                                 // for j := range jobs
//!         chan!(results <- j * 2);
//!     }
//! }
//! ```
//!
//! **The macros speak Go, the methods speak Rust.** `chan!(tx <- v)` does what Go's `tx <- v` does,
//! panic included; [`tx.send(v)`](Sender::send) returns a `Result` with the value inside. Both are
//! the same operation underneath.
//!
//! # From Go to gort
//!
//! | Go | gort |
//! |---|---|
//! | `go f(a, b)` | [`go!(f(a, b))`](go!): arguments are evaluated now |
//! | `go func() { … }()` | `go!({ … })`, `go!(move \|\| …)`; with handles of its own: `go!([wg, tx = jobs.tx()] { … })` |
//! | `wg.Go(…)`, `group.Go(…)` | `go!(wg => …)`, `go!(group => …)`: [`Spawner`] |
//! | `make(chan T)`, `make(chan T, n)` | [`chan!(T)`](chan!), `chan!(T, n)`; by halves: [`channel(n)`](channel()) |
//! | `ch <- v`, `<-ch` | `chan!(ch <- v)`, `chan!(<-ch)` (an `Option`: `None` once closed and drained) |
//! | `for v := range ch` | `for v in ch` |
//! | `select { case v := <-a: … case b <- v: … default: … }` | [`select! { v = <-a => …, b <- v => …, default => … }`](select!) |
//! | `chan<- T`, `<-chan T` | [`Sender<T>`](Sender), [`Receiver<T>`](Receiver) |
//! | `defer`, `recover` | [`defer! { … }`](defer!), [`recover`] |
//! | `sync.Mutex`, `sync.WaitGroup`, … | [`sync`] |
//! | `time.Sleep`, `time.After`, `time.NewTicker` | [`time`] |
//! | `context.WithCancel`, `errgroup.Group` | [`context`], [`errgroup`] |
//! | `net.Listen`, `net.Dial`, `conn.SetDeadline` | [`net`] |
//! | `os.ReadFile`, `exec.Command`, another call that blocks | [`fs`], [`process`], [`blocking`](blocking()) |
//! | `signal.Notify` | [`signal`] |
//! | `runtime.Gosched`, `LockOSThread`, `GOMAXPROCS` | [`runtime`] |
//!
//! [The guide to porting](https://docs.rs/crate/gort/latest/source/docs/PORTING.md) has both
//! languages side by side for every construct, and what the compiler says. Go's names find gort's
//! in the search above: try `WaitGroup`, `RLock` or `make`.
//!
//! # The rule
//!
//! A goroutine that waits may go on **on another OS thread**, and the compiler cannot see it. So
//! *between two points where a goroutine may wait, do not keep anything tied to the thread*: a
//! reference out of a `thread_local!`, a `std::sync::MutexGuard`, an `Rc` that a thread-local
//! shares. Use [`sync::Mutex`] and values that are `Send`. If you cannot keep the rule somewhere,
//! [`runtime::lock_os_thread`] gives a goroutine a thread for itself, and
//! [`Migration::Pinned`](runtime::Migration::Pinned) keeps every goroutine on its thread (several
//! share one, so they can still block each other there). Running a test suite with
//! `GORT_MIGRATION=always` moves a goroutine at every wait and shakes violations out.
//!
//! # A tour
//!
//! * [`go!`] starts a goroutine, [`JoinHandle`] waits for it, [`scope`] lets goroutines borrow.
//! * [`chan!`] makes channels, sends and receives; [`Chan`], [`Sender`], [`Receiver`] are the
//!   handles.
//! * [`select!`] waits for several channels at once; [`Select`] does it for a set known only at run
//!   time.
//! * [`sync`] has what locks and counts, [`time`] what waits for the clock.
//! * [`context`] carries deadlines and cancellation, [`errgroup`] waits for goroutines that can
//!   fail.
//! * [`future::wait`](mod@future) waits for a future; [`JoinHandle`] is one.
//! * [`signal`] listens for the signals of the operating system.
//! * [`net`] has sockets whose calls park the goroutine.
//! * [`fs`], [`io`] and [`process`] are std's, without blocking a worker.
//! * [`blocking`](blocking()) makes a call that would block the thread; [`recover`] turns a panic
//!   into a value.
//! * [`testing`] runs a program under many schedules, and shows the one that fails.
//! * [`runtime`] has the switches: GOMAXPROCS, migration, stacks.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(not(loom))]
mod blocking;
pub mod context;
#[cfg(not(loom))]
pub mod debug;
#[cfg(not(loom))]
pub mod errgroup;
#[cfg(not(loom))]
pub mod fs;
#[cfg(not(loom))]
pub mod future;
#[cfg(not(loom))]
pub mod io;
mod macros;
#[cfg(not(loom))]
pub mod net;
pub mod prelude;
#[cfg(not(loom))]
pub mod process;
pub mod runtime;
#[cfg(not(loom))]
pub mod signal;
mod spawner;
pub mod sync;
#[cfg(not(loom))]
pub mod testing;
#[cfg(not(loom))]
pub mod time;

#[cfg(not(loom))]
pub use blocking::blocking_ctx;
pub use gort_channels::{
    Chan, Iter, Offer, Receiver, RecvTimeoutError, Select, SendError, SendTimeoutError, Sender, TryIter,
    TryRecvError, TrySendError, channel,
};
pub use gort_macros::{main, test};
/// The options of a goroutine: what `go!(name = …, stack = …; …)` sets.
pub use gort_runtime::Spawn as SpawnOptions;
pub use gort_runtime::{
    JoinError, JoinHandle, LocalKey, Panic, Scope, ScopedJoinHandle, blocking, goroutine_local, recover, run,
    scope,
};
/// Runs a block when the scope it stands in is left: by its end, `return`, `?`, a panic or
/// [`goexit`](runtime::goexit).
///
/// Go's `defer`, but for the enclosing block rather than for the function.
///
/// ```
/// use std::cell::RefCell;
///
/// let log = RefCell::new(Vec::new());
/// {
///     gort::defer! { log.borrow_mut().push("deferred"); }
///     log.borrow_mut().push("body");
/// }
/// assert_eq!(*log.borrow(), ["body", "deferred"]);
/// ```
#[doc(inline)]
pub use scopeguard::defer;
pub use spawner::Spawner;

/// The README's programs, as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// The registry's page.
#[cfg(doctest)]
#[doc = include_str!("../docs/REGISTRY.md")]
mod registry {}

/// The right-hand side of the guide, as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/PORTING.md")]
mod porting {}

/// The programs of the guide to tests, as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/TESTING_PROGRAMS.md")]
mod testing_programs {}
