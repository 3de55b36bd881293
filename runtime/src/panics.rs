//! Panics of goroutines: the hook that listens, the value that `join` and `recover` give, the report when nobody looks.
//!
//! Go prints a panic when it ends the program, not when it happens. So on a goroutine our hook only notes where the panic
//! was; whoever ends up with it decides: `join` and `recover` hand it over, a panic that nobody can observe any more is
//! reported in Go's form and ends the process with status 2. On other threads the hook that was there before is called.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Arc, OnceLock};

use crate::g::G;
use crate::g::label::Title;

/// What the hook saw of a panic on a goroutine.
#[derive(Debug)]
pub(crate) struct Seen {
    location: Option<String>,
    backtrace: Backtrace,
}

/// A panic as a value: what a goroutine panicked with, and where.
///
/// `Display` prints the message.
///
/// ```
/// let caught = gort_runtime::recover(|| panic!("no {}", 1)).unwrap_err();
/// assert_eq!(caught.to_string(), "no 1");
/// ```
pub struct Panic {
    payload: Box<dyn Any + Send>,
    seen: Option<Box<Seen>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>, seen: Option<Box<Seen>>) -> Panic {
        Panic { payload, seen }
    }

    pub(crate) fn from_message(message: String) -> Panic {
        Panic {
            payload: Box::new(message),
            seen: None,
        }
    }

    /// The message, if the panic had one (as `panic!("…")` gives), otherwise a note on what it was.
    ///
    /// ```
    /// let caught = gort_runtime::recover(|| panic!("no {}", 1)).unwrap_err();
    /// assert_eq!(caught.message(), "no 1");
    /// let other = gort_runtime::recover(|| std::panic::panic_any(5)).unwrap_err();
    /// assert_eq!(other.message(), "a value that is neither &str nor String");
    /// ```
    pub fn message(&self) -> &str {
        message_of(&*self.payload)
    }

    /// Where it was raised, as `file:line:column`, if that is known.
    ///
    /// ```
    /// let caught = gort_runtime::run(|| gort_runtime::recover(|| panic!("here")).unwrap_err());
    /// assert!(caught.location().unwrap().contains(".rs:"));
    /// ```
    pub fn location(&self) -> Option<&str> {
        self.seen.as_ref()?.location.as_deref()
    }

    /// The backtrace, if `RUST_BACKTRACE` asked for one.
    ///
    /// ```
    /// let caught = gort_runtime::recover(|| panic!("no {}", 1)).unwrap_err();
    /// if let Some(trace) = caught.backtrace() {
    ///     eprintln!("{trace}");
    /// }
    /// ```
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.seen
            .as_ref()
            .map(|seen| &seen.backtrace)
            .filter(|trace| trace.status() == BacktraceStatus::Captured)
    }

    /// The value that was passed to `panic!` or `panic_any`.
    ///
    /// ```
    /// let caught = gort_runtime::recover(|| std::panic::panic_any(5_i32)).unwrap_err();
    /// assert_eq!(caught.payload().downcast_ref(), Some(&5_i32));
    /// ```
    pub fn payload(&self) -> &(dyn Any + Send) {
        &*self.payload
    }

    /// Gives the payload away, for example to [`std::panic::resume_unwind`].
    ///
    /// ```
    /// let caught = gort_runtime::recover(|| std::panic::panic_any(5_i32)).unwrap_err();
    /// assert_eq!(*caught.into_payload().downcast::<i32>().unwrap(), 5);
    /// ```
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }

    /// Goes on panicking with the same payload, without a new report.
    ///
    /// ```
    /// let again = gort_runtime::recover(|| gort_runtime::recover(|| panic!("on")).unwrap_err().resume());
    /// assert_eq!(again.unwrap_err().message(), "on");
    /// ```
    pub fn resume(self) -> ! {
        if let (Some(g), Some(seen)) = (current(), self.seen) {
            // SAFETY: the goroutine's own cell, on the goroutine.
            unsafe { *g.panic_seen.get() = Some(seen) };
        }
        panic::resume_unwind(self.payload)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message())
            .field("location", &self.location())
            .finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Panic {}

fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a value that is neither &str nor String"
    }
}

/// The payload of the unwinding that `goexit` starts.
pub(crate) struct Goexit;

fn current() -> Option<&'static G> {
    // SAFETY: control blocks are never freed.
    unsafe { crate::tls::current_g().as_ref() }
}

/// Takes what the hook noted about the panic that was just caught on this goroutine.
pub(crate) fn take_seen() -> Option<Box<Seen>> {
    // SAFETY: the goroutine's own cell, on the goroutine.
    current().and_then(|g| unsafe { (*g.panic_seen.get()).take() })
}

/// Go's `recover`: runs `f` and turns its panic into a value. [`goexit`](crate::goexit) is no panic and passes.
///
/// # Errors
/// The panic of `f`.
///
/// ```
/// let caught = gort_runtime::recover(|| -> u32 { panic!("a problem") }).unwrap_err();
/// assert_eq!(caught.message(), "a problem");
/// assert_eq!(gort_runtime::recover(|| 7).unwrap(), 7);
/// ```
#[doc(alias = "defer recover")]
pub fn recover<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        if payload.is::<Goexit>() {
            panic::resume_unwind(payload);
        }
        Panic::new(payload, take_seen())
    })
}

/// Runs `f` on a thread that is no goroutine, and turns a panic of it into a value without a word on stderr.
pub(crate) fn quietly<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    let before = crate::tls::set_quiet(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    crate::tls::set_quiet(before);
    result.map_err(|payload| Panic::new(payload, crate::tls::note_panic(None)))
}

/// Puts our hook over the one that is there. Called once.
pub(crate) fn install_hook() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let Some(g) = current() else {
            if crate::tls::is_quiet() {
                crate::tls::note_panic(Some(Box::new(note(info))));
            } else {
                before(info);
            }
            return;
        };
        // SAFETY: the goroutine's own cell, on the goroutine.
        let noted = unsafe { &mut *g.panic_seen.get() };
        if noted.is_some() {
            // A panic inside of a panic: it may be about to abort the process, so nothing may be kept back.
            before(info);
        }
        *noted = Some(Box::new(note(info)));
    }));
}

fn note(info: &PanicHookInfo<'_>) -> Seen {
    Seen {
        location: info.location().map(ToString::to_string),
        backtrace: Backtrace::capture(),
    }
}

/// A panic that nobody can observe any more; the argument of [`Builder::on_panic`](crate::Builder::on_panic).
///
/// `Display` prints Go's report.
///
/// ```
/// use std::sync::mpsc;
///
/// let (note, noted) = mpsc::channel();
/// gort_runtime::Builder::new()
///     .on_panic(move |report| {
///         assert_eq!((report.panic().message(), report.name()), ("boom", Some("bomb")));
///         assert!(report.goroutine() > 0 && report.spawned_at().file().ends_with(".rs"));
///         note.send(report.to_string()).unwrap();
///     })
///     .run(|| drop(gort_runtime::Spawn::new().name("bomb").go(|| panic!("boom"))))
///     .unwrap();
/// assert!(noted.recv().unwrap().starts_with("panic: boom\n\ngoroutine "));
/// ```
#[derive(Debug)]
pub struct PanicReport<'a> {
    pub(crate) panic: &'a Panic,
    pub(crate) goroutine: u64,
    pub(crate) name: Option<&'a str>,
    pub(crate) spawned_at: &'static panic::Location<'static>,
}

impl PanicReport<'_> {
    /// The panic itself.
    ///
    /// ```
    /// gort_runtime::Builder::new()
    ///     .on_panic(|report| assert_eq!(report.panic().message(), "boom"))
    ///     .run(|| drop(gort_runtime::go(|| panic!("boom"))))
    ///     .unwrap();
    /// ```
    pub fn panic(&self) -> &Panic {
        self.panic
    }

    /// The number of the goroutine that panicked.
    ///
    /// ```
    /// gort_runtime::Builder::new()
    ///     .on_panic(|report| eprintln!("goroutine {} failed", report.goroutine()))
    ///     .run(|| drop(gort_runtime::go(|| panic!("boom"))))
    ///     .unwrap();
    /// ```
    pub fn goroutine(&self) -> u64 {
        self.goroutine
    }

    /// Its name, if it was given one.
    ///
    /// ```
    /// gort_runtime::Builder::new()
    ///     .on_panic(|report| assert_eq!(report.name(), Some("bomb")))
    ///     .run(|| drop(gort_runtime::Spawn::new().name("bomb").go(|| panic!("boom"))))
    ///     .unwrap();
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name
    }

    /// Where it was started.
    ///
    /// ```
    /// gort_runtime::Builder::new()
    ///     .on_panic(|report| eprintln!("started at {}", report.spawned_at()))
    ///     .run(|| drop(gort_runtime::go(|| panic!("boom"))))
    ///     .unwrap();
    /// ```
    pub fn spawned_at(&self) -> &'static panic::Location<'static> {
        self.spawned_at
    }
}

impl fmt::Display for PanicReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "panic: {}\n", self.panic.message())?;
        writeln!(f, "{} [running]:", Title(self.goroutine, self.name))?;
        if let Some(location) = self.panic.location() {
            writeln!(f, "\tpanicked at {location}")?;
        }
        writeln!(f, "\tspawned at {}", self.spawned_at)?;
        if let Some(backtrace) = self.panic.backtrace() {
            writeln!(f, "\n{backtrace}")?;
        }
        Ok(())
    }
}

/// What happens with a panic that nobody can observe.
#[derive(Clone, Default)]
pub(crate) enum PanicPolicy {
    /// As Go: the report, then exit status 2.
    #[default]
    Exit,
    Custom(Arc<dyn Fn(&PanicReport<'_>) + Send + Sync>),
}

impl fmt::Debug for PanicPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PanicPolicy::Exit => "Exit",
            PanicPolicy::Custom(_) => "Custom",
        })
    }
}

/// Applies the policy to a panic of `g` that nobody can observe any more.
#[cold]
pub(crate) fn unobserved(g: &G, panic: Panic) {
    let report = report_of(g, &panic);
    match &crate::config::get().panic_policy {
        PanicPolicy::Exit => die(&report),
        PanicPolicy::Custom(policy) => {
            // What calls this is the end of a goroutine or of its handle: nothing may unwind through it.
            if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| policy(&report))) {
                die(&format_args!(
                    "{report}\npanic: in the panic policy: {}\n",
                    message_of(&*payload)
                ));
            }
        }
    }
    discard(panic);
}

/// Drops a panic where nothing may unwind.
pub(crate) fn discard(panic: Panic) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        die(&format_args!(
            "panic: in the destructor of a panic's payload: {}\n",
            message_of(&*payload)
        ));
    }
}

/// The report of a panic of `g`.
pub(crate) fn report_of<'a>(g: &'a G, panic: &'a Panic) -> PanicReport<'a> {
    PanicReport {
        panic,
        goroutine: g.id(),
        name: g.name(),
        spawned_at: g.spawn_site(),
    }
}

/// Prints a last report and ends the process with status 2, as Go does. The first report wins.
pub(crate) fn die(report: &dyn fmt::Display) -> ! {
    static FIRST: OnceLock<()> = OnceLock::new();
    if FIRST.set(()).is_err() {
        // Another thread is ending the process.
        loop {
            std::thread::park();
        }
    }
    // One write, so that nothing comes between the lines.
    let text = report.to_string();
    crate::sys::last_words(text.as_bytes());
    std::process::exit(2)
}
