//! What is printed of a panic, by whom, and what becomes of one that nobody can observe.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::explore::searches;
use crate::fatal::{Goroutines, begin, die};
use crate::g::G;
use crate::g::label::Title;
use crate::panic_value::{Panic, Seen, any_under_way, message_of};
use crate::panics::hook;
use crate::panics::trace::Trace;
use crate::traceback::Level;

/// What stands above a backtrace.
pub(super) struct Head<'a> {
    message: &'a str,
    goroutine: u64,
    name: Option<&'a str>,
    location: Option<&'a str>,
    spawned_at: &'static panic::Location<'static>,
}

impl<'a> Head<'a> {
    pub(super) fn of(g: &'a G, message: &'a str, location: Option<&'a str>) -> Head<'a> {
        Head {
            message,
            goroutine: g.id(),
            name: g.name(),
            location,
            spawned_at: g.spawn_site(),
        }
    }
}

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "panic: {}\n", self.message)?;
        writeln!(f, "{} [running]:", Title(self.goroutine, self.name))?;
        if let Some(location) = self.location {
            writeln!(f, "\tpanicked at {location}")?;
        }
        writeln!(f, "\tspawned at {}", self.spawned_at)
    }
}

/// The report of a panic that was kept silent on a thread that is no goroutine.
pub(super) fn on_thread(seen: &Seen) -> impl fmt::Display {
    let at = seen.location.as_deref().unwrap_or("an unknown place");
    format!("panic: {}\n\tpanicked at {at}", seen.message)
}

/// How often main's end looks whether a panic is still under way: Go looks 1000 times, too. The
/// first of these looks cost nothing but a turn of the thread.
const LOOKS: u32 = 500;
const QUICK_LOOKS: u32 = 100;

/// Before the process ends because main has returned: waits for panics that are under way, but not
/// for ever, since a deferred call may wait for ever; and for reports that are being printed. Does
/// not return if one of these ends the process.
pub(crate) fn await_those_under_way() {
    for look in 0..LOOKS {
        if !any_under_way() {
            break;
        }
        if look < QUICK_LOOKS {
            crate::sys::thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    drop(begin());
}

/// A panic that nobody can observe any more; the argument of
/// [`Builder::on_panic`](crate::Builder::on_panic).
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
        let head = Head {
            message: self.panic.message(),
            goroutine: self.goroutine,
            name: self.name,
            location: self.panic.location(),
            spawned_at: self.spawned_at,
        };
        head.fmt(f)?;
        if let Some(backtrace) = self.panic.backtrace() {
            writeln!(f, "\n{}", Trace(backtrace))?;
        }
        Ok(())
    }
}

/// What happens with a panic that nobody can observe.
#[derive(Clone)]
pub(crate) enum PanicPolicy {
    /// As Go: the report, then exit status 2.
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

/// What the program has chosen.
static POLICY: OnceLock<PanicPolicy> = OnceLock::new();

/// Sets the policy, once, before anything can panic.
pub(crate) fn set_policy(policy: PanicPolicy) {
    let _ = POLICY.set(policy);
}

/// Applies the policy to a panic of `g` that nobody can observe any more.
#[cold]
pub(crate) fn unobserved(g: &G, panic: Panic) {
    let goroutine = std::ptr::from_ref(g).cast();
    if searches::tell_panic(goroutine, panic.message(), panic.location()) {
        return discard(panic);
    }
    let report = report_of(g, &panic);
    match POLICY.get().unwrap_or(&PanicPolicy::Exit) {
        PanicPolicy::Exit if panic.was_shown() => end_with(g.id()),
        // The panic hook was not asked, or the program has another one.
        PanicPolicy::Exit if panic.seen.is_none() && hook::program_replaced_ours() => end_with(g.id()),
        PanicPolicy::Exit => die(&format_args!("{report}{}", others(g.id()))),
        PanicPolicy::Custom(policy) => {
            // What calls this is the end of a goroutine or of its handle: nothing may unwind
            // through it.
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

/// Ends the process after the panic of this goroutine, which has been printed.
pub(crate) fn end_with(goroutine: u64) -> ! {
    die(&others(goroutine))
}

/// Those that did not panic.
pub(crate) fn others(goroutine: u64) -> Goroutines {
    Goroutines {
        but: goroutine,
        from: Level::All,
    }
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
