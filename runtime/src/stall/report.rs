//! `StallReport`: what is said of a goroutine that keeps its worker, and to whom.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::g::label::Title;
use crate::stall::Seen;
use crate::sys::thread::Doing;

/// A goroutine that keeps its worker for long; the argument of
/// [`Builder::on_stall`](crate::Builder::on_stall).
///
/// `Display` prints what goes to standard error otherwise.
///
/// ```
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let (note, noted) = mpsc::channel();
/// gort_runtime::Builder::new()
///     .report_stalls(Duration::from_millis(20))
///     .on_stall(move |report| {
///         assert!(report.duration() >= Duration::from_millis(20));
///         if !report.is_over() {
///             note.send((report.name().map(String::from), report.stack().to_string())).unwrap();
///         }
///     })
///     .run(|| {
///         let slow = gort_runtime::Spawn::new().name("slow").go(move || {
///             // Computes until it has been reported.
///             loop {
///                 if let Ok(seen) = noted.try_recv() {
///                     return seen;
///                 }
///             }
///         });
///         let (name, stack) = slow.join().unwrap();
///         assert_eq!(name.as_deref(), Some("slow"));
///         assert!(cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) || stack.contains("try_recv"));
///     })
///     .unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct StallReport {
    goroutine: u64,
    name: Option<String>,
    spawned_at: Option<&'static Location<'static>>,
    length: Duration,
    doing: Doing,
    call: Option<String>,
    stack: String,
    neighbours: usize,
    over: bool,
}

impl StallReport {
    pub(super) fn new(
        goroutine: u64,
        name: Option<String>,
        spawned_at: &'static Location<'static>,
        length: Duration,
        seen: Seen,
    ) -> StallReport {
        StallReport {
            goroutine,
            name,
            spawned_at: Some(spawned_at),
            length,
            doing: seen.doing,
            call: seen.call,
            stack: seen.stack,
            neighbours: seen.neighbours,
            over: false,
        }
    }

    /// Of what was over before it could be looked at.
    pub(super) fn missed() -> StallReport {
        StallReport {
            goroutine: 0,
            name: None,
            spawned_at: None,
            length: Duration::ZERO,
            doing: Doing::Unknown,
            call: None,
            stack: String::new(),
            neighbours: 0,
            over: true,
        }
    }

    pub(super) fn over(self, length: Duration) -> StallReport {
        StallReport {
            length,
            over: true,
            ..self
        }
    }

    /// The number of the goroutine; 0 if it went on before it could be looked at.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| eprintln!("goroutine {} stalls", report.goroutine()));
    /// ```
    pub fn goroutine(&self) -> u64 {
        self.goroutine
    }

    /// Its name, if it was given one.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| eprintln!("{:?} stalls", report.name()));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it was started; `None` if it went on before it could be looked at.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| eprintln!("started at {:?}", report.spawned_at()));
    /// ```
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.spawned_at
    }

    /// For how long it has kept its worker. The monitor looks every few milliseconds, so it may be
    /// some more.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| eprintln!("stalls for {:?}", report.duration()));
    /// ```
    pub fn duration(&self) -> Duration {
        self.length
    }

    /// Whether it has gone on: this is the last report of this stall.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| {
    ///     if report.is_over() {
    ///         eprintln!("stalled for {:?}", report.duration());
    ///     }
    /// });
    /// ```
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The system call it sleeps in, by its name (or `number N`), if it does.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| eprintln!("in {}", report.system_call().unwrap_or("no call")));
    /// ```
    pub fn system_call(&self) -> Option<&str> {
        self.call.as_deref()
    }

    /// The functions that were active when it was looked at last, innermost first, as std prints a
    /// backtrace. Empty if they could not be found out.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| eprintln!("{}", report.stack()));
    /// ```
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// How many other goroutines are bound to the thread that it keeps: they have started there in
    /// the migration mode `pinned`, and cannot go on before it does. If it waits for one of them,
    /// it waits for ever. Of several reports, those with the most come first.
    ///
    /// ```
    /// gort_runtime::Builder::new().on_stall(|report| {
    ///     if report.neighbours() > 0 {
    ///         eprintln!("goroutine {} keeps the thread of others", report.goroutine());
    ///     }
    /// });
    /// ```
    pub fn neighbours(&self) -> usize {
        self.neighbours
    }
}

/// A length without digits that nobody wants to read.
struct Rounded(Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(1) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{:.2} s", self.0.as_secs_f64())
        }
    }
}

impl fmt::Display for StallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, length) = (Title(self.goroutine, self.name()), Rounded(self.length));
        let Some(site) = self.spawned_at else {
            return writeln!(
                f,
                "stall: a goroutine kept its worker for {length}, and went on before it was looked at\n"
            );
        };
        if self.over {
            return writeln!(f, "stall: {title} went on after {length}\n");
        }
        write!(f, "stall: {title} has kept its worker for {length}: ")?;
        match (self.doing, &self.call) {
            (Doing::Computes, _) => writeln!(f, "it computes\n\n{title} [running]:")?,
            (Doing::Sleeps, Some(call)) => {
                writeln!(f, "it sleeps in the kernel\n\n{title} [syscall: {call}]:")?;
            }
            (Doing::Sleeps, None) => writeln!(f, "it sleeps in the kernel\n\n{title} [syscall]:")?,
            (Doing::Unknown, _) => writeln!(f, "it computes, or sleeps in the kernel\n\n{title} [running]:")?,
        }
        writeln!(f, "\tspawned at {site}")?;
        match self.neighbours {
            0 => {}
            1 => writeln!(
                f,
                "\tkeeps the thread to which 1 other goroutine is bound, which cannot go on"
            )?,
            others => writeln!(
                f,
                "\tkeeps the thread to which {others} other goroutines are bound, which cannot go on"
            )?,
        }
        if self.stack.is_empty() {
            writeln!(f, "\t(its stack could not be read)")?;
        }
        writeln!(f, "{}", self.stack)
    }
}

/// What happens with a report.
#[derive(Clone)]
pub(crate) enum StallPolicy {
    /// It goes to standard error.
    Print,
    Custom(Arc<dyn Fn(&StallReport) + Send + Sync>),
}

/// What the program has chosen.
static POLICY: OnceLock<StallPolicy> = OnceLock::new();

/// Sets the policy, once, before the runtime starts.
pub(crate) fn set_policy(policy: StallPolicy) {
    let _ = POLICY.set(policy);
}

impl StallPolicy {
    /// The one in force.
    pub(super) fn chosen() -> &'static StallPolicy {
        POLICY.get().unwrap_or(&StallPolicy::Print)
    }

    pub(super) fn apply(&self, report: &StallReport) {
        match self {
            // One write, so that nothing comes between the lines; and without std's lock, which the
            // goroutine may hold.
            StallPolicy::Print => crate::sys::last_words(report.to_string().as_bytes()),
            StallPolicy::Custom(policy) => policy(report),
        }
    }
}

impl fmt::Debug for StallPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StallPolicy::Print => "Print",
            StallPolicy::Custom(_) => "Custom",
        })
    }
}
