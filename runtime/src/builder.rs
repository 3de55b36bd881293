//! `Builder`: the settings of the runtime, chosen by the program.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, Migration, Wishes};
use crate::panics::{self, PanicPolicy, PanicReport};
use crate::stall::{self, StallPolicy, StallReport};

/// Sets the runtime up before its first use. What is left out comes from the environment, then from
/// the defaults.
///
/// | setting | environment | default |
/// |---|---|---|
/// | [`max_procs`](Builder::max_procs) | `GOMAXPROCS` | the CPUs this process may use |
/// | [`stack_size`](Builder::stack_size) | `GORT_STACK` | 768 KiB; 1 MiB where gort is built with debug assertions |
/// | [`migration`](Builder::migration) | `GORT_MIGRATION` | [`Migration::Stealing`] |
/// | whether a worker that runs alone does without barriers | `GORT_BIAS` (`auto`, `off`; `eager`: tests) | `auto` |
/// | [`blocking_threads`](Builder::blocking_threads) | | 512 |
/// | [`blocking_keep_alive`](Builder::blocking_keep_alive) | | 10 s |
/// | [`blocking_patience`](Builder::blocking_patience) | | 10 ms |
/// | [`max_threads`](Builder::max_threads) | | 10,000 |
/// | [`report_stalls`](Builder::report_stalls) | `GORT_STALL` | no reports |
/// | [`on_stall`](Builder::on_stall) | | print on standard error |
/// | [`watch`](Builder::watch) | `GORT_WATCH` | nobody watches |
/// | [`on_panic`](Builder::on_panic) | | report as Go does and exit with status 2 |
///
/// ```
/// use gort_runtime::{Builder, Migration};
///
/// let sum = Builder::new().max_procs(2).migration(Migration::Pinned).run(|| 1 + 2).unwrap();
/// assert_eq!(sum, 3);
/// // The runtime runs now: it is too late for other settings.
/// assert!(Builder::new().max_procs(4).init().is_err());
/// ```
#[derive(Debug, Default, Clone)]
#[must_use = "a builder does nothing until `init` or `run`"]
pub struct Builder {
    wishes: Wishes,
    panic_policy: Option<PanicPolicy>,
    stall_policy: Option<StallPolicy>,
}

impl Builder {
    /// A builder that leaves everything to the environment and the defaults.
    ///
    /// ```
    /// assert!(format!("{:?}", gort_runtime::Builder::new()).contains("Builder"));
    /// ```
    pub fn new() -> Builder {
        Builder::default()
    }

    /// How many goroutines may run at the same instant, 1 to 1024. See
    /// [`set_max_procs`](crate::set_max_procs) to change it later.
    ///
    /// ```
    /// let procs = gort_runtime::Builder::new().max_procs(3).run(gort_runtime::max_procs);
    /// assert_eq!(procs.unwrap(), 3);
    /// ```
    #[doc(alias = "GOMAXPROCS")]
    pub fn max_procs(mut self, procs: usize) -> Builder {
        self.wishes.procs = Some(procs);
        self
    }

    /// The reserve of a goroutine's stack in bytes (at least 16 KiB). Only the pages a goroutine
    /// touches cost memory, and 2 KB of page table a MiB.
    ///
    /// The default is enough for what libraries commonly do. A main goroutine ([`run`](crate::run),
    /// `#[gort::main]`) has 8 MiB, or this if it is more. For a single goroutine there is
    /// [`Spawn::stack`](crate::Spawn::stack).
    ///
    /// ```
    /// let sum = gort_runtime::Builder::new().stack_size(64 << 10).run(|| 1 + 2);
    /// assert_eq!(sum.unwrap(), 3);
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.wishes.stack_size = Some(bytes);
        self
    }

    /// Whether goroutines that have started may change threads.
    ///
    /// ```
    /// use gort_runtime::{Builder, Migration};
    ///
    /// let same = Builder::new().migration(Migration::Pinned).run(|| {
    ///     let thread = std::thread::current().id();
    ///     gort_runtime::gosched();
    ///     std::thread::current().id() == thread
    /// });
    /// assert!(same.unwrap());
    /// ```
    pub fn migration(mut self, migration: Migration) -> Builder {
        self.wishes.migration = Some(migration);
        self
    }

    /// So many helper threads for [`blocking`](crate::blocking); further calls queue. There are
    /// more only while no call finishes: see [`blocking_patience`](Builder::blocking_patience).
    /// Threads that wait for a pipe to a child process, for standard input or output, or for the
    /// lock of a file are not counted.
    ///
    /// ```
    /// let text = gort_runtime::Builder::new().blocking_threads(1).run(|| gort_runtime::blocking(|| "read"));
    /// assert_eq!(text.unwrap(), "read");
    /// ```
    pub fn blocking_threads(mut self, threads: usize) -> Builder {
        self.wishes.blocking_threads = Some(threads);
        self
    }

    /// How long a helper thread of [`blocking`](crate::blocking) waits for another call before it
    /// ends.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let builder = gort_runtime::Builder::new().blocking_keep_alive(Duration::from_millis(100));
    /// assert_eq!(builder.run(|| gort_runtime::blocking(|| "read")).unwrap(), "read");
    /// ```
    pub fn blocking_keep_alive(mut self, idle: Duration) -> Builder {
        self.wishes.blocking_keep_alive = Some(idle);
        self
    }

    /// How long no call of [`blocking`](crate::blocking) finishes, while others are queued, before
    /// there are more threads than [`blocking_threads`](Builder::blocking_threads): those that run
    /// may be waiting for one that is queued. At least 1 ms; calls that compute are given a hundred
    /// times as long. With `Duration::MAX` the bound holds whatever happens, and calls that wait
    /// for one another may hang.
    ///
    /// ```
    /// use std::sync::Barrier;
    /// use std::time::Duration;
    ///
    /// let builder = gort_runtime::Builder::new().blocking_threads(1).blocking_patience(Duration::from_millis(1));
    /// let both = Barrier::new(2);
    /// let run = builder.run(|| {
    ///     gort_runtime::scope(|s| {
    ///         for _ in 0..2 {
    ///             s.spawn(|| gort_runtime::blocking(|| both.wait().is_leader()));
    ///         }
    ///     });
    /// });
    /// run.unwrap();
    /// ```
    pub fn blocking_patience(mut self, patience: Duration) -> Builder {
        self.wishes.blocking_patience = Some(patience);
        self
    }

    /// The most OS threads that the runtime may need: workers, stand-ins for workers that are stuck
    /// in a blocking call, and helpers. A program that needs more ends with Go's `fatal error:
    /// thread exhaustion`: something blocks without end.
    ///
    /// ```
    /// let sum = gort_runtime::Builder::new().max_threads(100).run(|| 1 + 2);
    /// assert_eq!(sum.unwrap(), 3);
    /// ```
    #[doc(alias = "SetMaxThreads")]
    pub fn max_threads(mut self, threads: usize) -> Builder {
        self.wishes.max_threads = Some(threads);
        self
    }

    /// Reports on standard error every goroutine that keeps its worker for longer than `limit`: its
    /// number, its name, where it was started, for how long, whether it computes or sleeps in the
    /// kernel, and its stack. Again when that has become twice as long, four times and so on; and
    /// at the end, how long it was. Zero means no reports, whatever the environment says; less than
    /// 1 ms counts as 1 ms.
    ///
    /// This is how to find out why a program is slow to answer: what computes without a pause, and
    /// what blocks its thread without [`blocking`](crate::blocking). (Neither stops other
    /// goroutines, since the monitor replaces the worker, but it costs them some milliseconds each
    /// time, and a thread.) Calls inside of `blocking` are not reported: they keep no worker.
    ///
    /// ```text
    /// stall: goroutine 7 "hasher" has kept its worker for 52 ms: it computes
    ///
    /// goroutine 7 "hasher" [running]:
    ///     spawned at src/main.rs:12:5
    ///    0: app::mix
    ///              at src/hash.rs:20:9
    ///    1: app::digest
    ///              at src/hash.rs:41:5
    ///
    /// stall: goroutine 7 "hasher" went on after 312 ms
    /// ```
    ///
    /// A stall may be over before anybody could look at it; then its length is all that is
    /// reported. The first ones are often like that, as it takes a moment until the program's debug
    /// information has been read.
    ///
    /// When it is off it costs nothing. When it is on it costs a thread that sleeps, and while
    /// somebody stalls a look at it. The stack of a goroutine that sleeps in the kernel is read
    /// without disturbing it, as far as that can be done. To a goroutine that computes (or sleeps
    /// in a call which the kernel resumes by itself) a real-time signal is sent that nobody else
    /// uses, with a handler that copies the stack. `SA_RESTART` is set, so calls go on; a call that
    /// is not resumed after a signal (`man 7 signal`: sockets with a timeout, sleeps and polls, if
    /// they begin at that very moment) gives `EINTR`. std repeats those where it can.
    ///
    /// Stacks are shown on Linux on x86-64. Names come from the symbols of the program, lines from
    /// its debug information: for release builds set `debug = "line-tables-only"` in the profile.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let builder = gort_runtime::Builder::new().report_stalls(Duration::from_millis(50));
    /// builder.run(|| std::thread::sleep(Duration::from_millis(60))).unwrap(); // reported
    /// ```
    pub fn report_stalls(mut self, limit: Duration) -> Builder {
        self.wishes.stall_limit = Some(limit);
        self
    }

    /// Prints on standard error who has been stuck for `age`, once each, as they appear: those of whom that is *certain*, and those
    /// of whom it is *likely*, as `debug::stuck` finds them. It costs a thread that looks at all goroutines every half of that time,
    /// but at least once a second, and not more often than every 10 ms. Zero: nobody watches.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let builder = gort_runtime::Builder::new().watch(Duration::from_secs(10));
    /// assert_eq!(builder.run(|| 1 + 2).unwrap(), 3);
    /// ```
    pub fn watch(mut self, age: Duration) -> Builder {
        self.wishes.watch = Some(age);
        self
    }

    /// What happens with a report of [`report_stalls`](Builder::report_stalls), instead of its
    /// being printed on standard error.
    ///
    /// `policy` runs on a thread of its own, which is no goroutine. If it panics, the report is
    /// printed.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let (note, noted) = mpsc::channel();
    /// gort_runtime::Builder::new()
    ///     .report_stalls(Duration::from_millis(20))
    ///     .on_stall(move |report| note.send(report.to_string()).unwrap())
    ///     // Blocks its thread, where it should use a channel of gort's.
    ///     .run(move || assert!(noted.recv().unwrap().contains("it sleeps in the kernel")))
    ///     .unwrap();
    /// ```
    pub fn on_stall(mut self, policy: impl Fn(&StallReport) + Send + Sync + 'static) -> Builder {
        self.stall_policy = Some(StallPolicy::Custom(Arc::new(policy)));
        self
    }

    /// What happens with a panic that nobody can observe any more, instead of exit status 2. The
    /// process goes on when `policy` returns. The panic has been printed before, when it happened,
    /// or told to the panic hook of the program.
    ///
    /// `policy` runs on the goroutine that panicked, or on the one that dropped its handle.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let (note, noted) = mpsc::channel();
    /// gort_runtime::Builder::new()
    ///     .on_panic(move |report| note.send(report.panic().message().to_string()).unwrap())
    ///     .run(|| drop(gort_runtime::go(|| panic!("boom"))))
    ///     .unwrap();
    /// assert_eq!(noted.recv().unwrap(), "boom");
    /// ```
    pub fn on_panic(mut self, policy: impl Fn(&PanicReport<'_>) + Send + Sync + 'static) -> Builder {
        self.panic_policy = Some(PanicPolicy::Custom(Arc::new(policy)));
        self
    }

    /// Puts the settings in force and starts the runtime.
    ///
    /// # Errors
    /// [`AlreadyStarted`] if the runtime is already running; nothing changes then.
    ///
    /// ```
    /// gort_runtime::Builder::new().max_procs(2).init().unwrap();
    /// assert_eq!(gort_runtime::max_procs(), 2);
    /// assert!(gort_runtime::Builder::new().init().is_err(), "it can be set once");
    /// ```
    pub fn init(self) -> Result<(), AlreadyStarted> {
        let (panic_policy, stall_policy) = (self.panic_policy, self.stall_policy);
        let accepted = config::wish(self.wishes, || {
            if let Some(policy) = panic_policy {
                panics::set_policy(policy);
            }
            if let Some(policy) = stall_policy {
                stall::set_policy(policy);
            }
        });
        if !accepted {
            return Err(AlreadyStarted(()));
        }
        crate::boot::runtime();
        Ok(())
    }

    /// Puts the settings in force and runs `f` as [`run`](crate::run) does.
    ///
    /// # Errors
    /// [`AlreadyStarted`] if the runtime is already running; `f` is dropped then.
    ///
    /// # Panics
    /// With the panic of `f`.
    ///
    /// ```
    /// assert_eq!(gort_runtime::Builder::new().max_procs(1).run(|| 6 * 7).unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn run<F, T>(self, f: F) -> Result<T, AlreadyStarted>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        self.init()?;
        Ok(crate::main_goroutine::run(f))
    }
}

/// The runtime was already running when a [`Builder`] wanted to set it up.
///
/// ```
/// gort_runtime::run(|| ());
/// let late = gort_runtime::Builder::new().init().unwrap_err();
/// assert!(!late.to_string().is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyStarted(());

impl fmt::Display for AlreadyStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gort runtime is already running: set it up before the first goroutine or channel operation that waits")
    }
}

impl std::error::Error for AlreadyStarted {}
