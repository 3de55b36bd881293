//! A panic as a value: the payload, and what was seen of it when it happened.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A panic as a value: what a goroutine panicked with, and where.
///
/// `Display` prints the message.
///
/// ```
/// let caught = gort_runtime::recover(|| panic!("no {}", 1)).unwrap_err();
/// assert_eq!(caught.to_string(), "no 1");
/// ```
pub struct Panic {
    pub(crate) payload: Box<dyn Any + Send>,
    pub(crate) seen: Option<Box<Seen>>,
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
        self.seen.as_ref()?.captured()
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

    /// Whether it has been printed.
    pub(crate) fn was_shown(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.shown)
    }

    /// Notes that somebody prints it.
    pub(crate) fn will_be_shown(&mut self) {
        self.seen.get_or_insert_with(|| Seen::of(&*self.payload)).shown = true;
    }

    /// It is no more than a value from now on, until somebody [resumes](Panic::resume) it.
    pub(crate) fn landed(&mut self) -> Option<UnderWay> {
        self.seen.as_mut()?.under_way.take()
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

/// The text of a payload, or a note on what it is.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        NO_TEXT
    }
}

/// What is said of a payload without a text.
const NO_TEXT: &str = "a value that is neither &str nor String";

/// What is known of a panic besides its payload.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) message: String,
    pub(crate) location: Option<String>,
    pub(crate) backtrace: Backtrace,
    /// It has been printed, or a hook of the program has heard of it.
    pub(crate) shown: bool,
    /// While it unwinds, or is kept by a library that will go on with it.
    pub(crate) under_way: Option<UnderWay>,
    /// No panic, but `goexit`.
    pub(crate) is_exit: bool,
    /// The hook is at work on it.
    pub(crate) in_hook: bool,
    /// What was under way on the goroutine before.
    pub(crate) before: Option<Box<Seen>>,
}

impl Seen {
    /// What can be said of a panic that no hook saw.
    pub(crate) fn of(payload: &(dyn Any + Send)) -> Box<Seen> {
        Box::new(Seen::new(message_of(payload), None))
    }

    /// Not shown yet, and with nothing before it.
    pub(crate) fn new(message: &str, location: Option<&Location<'_>>) -> Seen {
        Seen {
            message: message.to_owned(),
            location: location.map(ToString::to_string),
            backtrace: Backtrace::disabled(),
            shown: false,
            under_way: None,
            is_exit: false,
            in_hook: false,
            before: None,
        }
    }

    /// Forgets what is older than `depth` of them.
    pub(crate) fn keep(&mut self, depth: usize) {
        match &mut self.before {
            Some(before) if depth > 1 => before.keep(depth - 1),
            before => *before = None,
        }
    }

    pub(crate) fn captured(&self) -> Option<&Backtrace> {
        Some(&self.backtrace).filter(|trace| trace.status() == BacktraceStatus::Captured)
    }
}

/// Panics under way on goroutines, of which somebody may not know yet.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// One of them; dropped when it is known who has the panic.
#[derive(Debug)]
pub(crate) struct UnderWay(());

impl UnderWay {
    pub(crate) fn begin() -> UnderWay {
        // The goroutine's next steps tell others that something has ended; main's end comes after
        // one of these.
        UNDER_WAY.fetch_add(1, Ordering::AcqRel);
        UnderWay(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether a panic is under way on some goroutine.
pub(crate) fn any_under_way() -> bool {
    UNDER_WAY.load(Ordering::Acquire) > 0
}
