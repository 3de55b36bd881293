//! `Signal`: a number, and Go's word for it.

use std::fmt;
use std::io;

use gort_runtime::signals::{self, numbers};

/// A signal that a program can listen for.
///
/// `Display` prints Go's words.
///
/// ```
/// use gort::signal::Signal;
///
/// assert_eq!(Signal::INT.to_string(), "interrupt");
/// assert_eq!(Signal::from_raw(15), Ok(Signal::TERM));
/// assert_eq!(format!("{:?}", Signal::USR1), "SIGUSR1");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// A number that is no [`Signal`].
///
/// ```
/// use gort::signal::{Signal, SignalError};
///
/// assert_eq!(Signal::from_raw(9), Err(SignalError::Uncatchable(9)));
/// assert_eq!(Signal::from_raw(11), Err(SignalError::Fault(11)));
/// assert_eq!(Signal::from_raw(0), Err(SignalError::Unknown(0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignalError {
    /// SIGKILL or SIGSTOP: the system lets nobody catch or ignore it.
    Uncatchable(i32),
    /// SIGSEGV, SIGBUS, SIGFPE or SIGILL: a fault of the program. Some are how the runtime notices
    /// that a stack overflows; from no handler of these could the program go on.
    Fault(i32),
    /// The system has no such signal.
    Unknown(i32),
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SignalError::Uncatchable(raw) => write!(f, "{}: cannot be caught or ignored", Signal(raw)),
            SignalError::Fault(raw) => {
                write!(f, "{}: a fault, which is the runtime's to handle", Signal(raw))
            }
            SignalError::Unknown(raw) => write!(f, "signal {raw}: no such signal"),
        }
    }
}

impl std::error::Error for SignalError {}

macro_rules! signals {
    ($($name:ident = $raw:ident, $word:literal;)*) => {
        impl Signal {
            $(
                #[doc = concat!("`", stringify!($raw), "`: ", $word, ".")]
                pub const $name: Signal = Signal(numbers::$raw);
            )*

            /// Those with a name: what an empty list stands for.
            pub(super) const NAMED: &[Signal] = &[$(Signal::$name),*];

            fn words(self) -> Option<(&'static str, &'static str)> {
                Some(match self.0 {
                    $(numbers::$raw => (stringify!($raw), $word),)*
                    // These are named in errors only.
                    numbers::SIGKILL => ("SIGKILL", "killed"),
                    numbers::SIGSTOP => ("SIGSTOP", "stopped (signal)"),
                    numbers::SIGSEGV => ("SIGSEGV", "segmentation fault"),
                    numbers::SIGBUS => ("SIGBUS", "bus error"),
                    numbers::SIGFPE => ("SIGFPE", "floating point exception"),
                    numbers::SIGILL => ("SIGILL", "illegal instruction"),
                    _ => return None,
                })
            }
        }
    };
}

signals! {
    HUP = SIGHUP, "hangup";
    INT = SIGINT, "interrupt";
    QUIT = SIGQUIT, "quit";
    TRAP = SIGTRAP, "trace/breakpoint trap";
    ABRT = SIGABRT, "aborted";
    USR1 = SIGUSR1, "user defined signal 1";
    USR2 = SIGUSR2, "user defined signal 2";
    PIPE = SIGPIPE, "broken pipe";
    ALRM = SIGALRM, "alarm clock";
    TERM = SIGTERM, "terminated";
    CHLD = SIGCHLD, "child exited";
    CONT = SIGCONT, "continued";
    TSTP = SIGTSTP, "stopped";
    TTIN = SIGTTIN, "stopped (tty input)";
    TTOU = SIGTTOU, "stopped (tty output)";
    URG = SIGURG, "urgent I/O condition";
    XCPU = SIGXCPU, "CPU time limit exceeded";
    XFSZ = SIGXFSZ, "file size limit exceeded";
    VTALRM = SIGVTALRM, "virtual timer expired";
    PROF = SIGPROF, "profiling timer expired";
    WINCH = SIGWINCH, "window changed";
    IO = SIGIO, "I/O possible";
    SYS = SIGSYS, "bad system call";
}

impl Signal {
    /// The signal with this number: any that the system has, real-time signals too, and that can be
    /// listened for.
    ///
    /// # Errors
    /// It cannot be caught, or must not be, or does not exist.
    ///
    /// ```
    /// use gort::signal::Signal;
    ///
    /// let error = Signal::from_raw(9).unwrap_err();
    /// assert_eq!(error.to_string(), "killed: cannot be caught or ignored");
    /// assert_eq!(Signal::from_raw(40).unwrap().to_string(), "signal 40");
    /// ```
    pub fn from_raw(raw: i32) -> Result<Signal, SignalError> {
        match raw {
            numbers::SIGKILL | numbers::SIGSTOP => Err(SignalError::Uncatchable(raw)),
            numbers::SIGSEGV | numbers::SIGBUS | numbers::SIGFPE | numbers::SIGILL => {
                Err(SignalError::Fault(raw))
            }
            _ if signals::exists(raw) => Ok(Signal(raw)),
            _ => Err(SignalError::Unknown(raw)),
        }
    }

    /// One that was received.
    pub(super) fn received(raw: i32) -> Signal {
        Signal(raw)
    }

    /// Its number.
    ///
    /// ```
    /// assert_eq!(gort::signal::Signal::INT.as_raw(), 2);
    /// ```
    pub const fn as_raw(self) -> i32 {
        self.0
    }

    /// Sends it to the program itself, as C's `raise` does: by the time this returns it has been
    /// caught, or ignored, or has ended the program.
    ///
    /// # Errors
    /// The system refuses.
    ///
    /// ```
    /// use gort::prelude::*;
    /// use gort::signal::{self, Signal};
    ///
    /// # gort::run(|| {
    /// let hangups = signal::notify(&[Signal::HUP]);
    /// Signal::HUP.raise().unwrap();
    /// assert_eq!(chan!(<-hangups), Some(Signal::HUP));
    /// # });
    /// ```
    #[doc(alias = "Kill")]
    pub fn raise(self) -> io::Result<()> {
        signals::raise(self.0)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some((_, word)) => f.write_str(word),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "Signal({})", self.0),
        }
    }
}
