//! The last words of a process: a report on standard error, then exit status 2.
//!
//! One lock is held while a report is printed. Whoever ends the process takes it and keeps it: so a
//! report that has been begun is printed to its end, and whoever would end the process otherwise
//! (main, by returning) waits for ever behind it.

use std::fmt;
use std::sync::OnceLock;

use parking_lot::{Mutex, MutexGuard};

use crate::traceback::{self, Level};

static PRINTING: Mutex<()> = Mutex::new(());

/// A report that is being printed.
pub(crate) struct Printing(#[allow(dead_code)] MutexGuard<'static, ()>);

/// Waits until nobody prints; for ever, if a fault is ending the process, whose handler cannot take
/// the lock.
pub(crate) fn begin() -> Printing {
    let printing = PRINTING.lock();
    while crate::sys::fault::has_last_word() {
        std::thread::park();
    }
    Printing(printing)
}

impl Printing {
    /// In one write, so that nothing comes between the lines.
    pub(crate) fn write(&self, text: &dyn fmt::Display) {
        crate::sys::last_words(text.to_string().as_bytes());
    }
}

/// Prints a report.
pub(crate) fn print(text: &dyn fmt::Display) {
    begin().write(text);
}

/// The goroutines but one, as the end of a report; each paragraph after an empty line. Nothing if
/// less is to be shown.
pub(crate) struct Goroutines {
    /// The number of the one that is left out; 0: none.
    pub(crate) but: u64,
    /// They are shown from this level on.
    pub(crate) from: Level,
}

/// All of them, where the report is about none.
pub(crate) const EVERYBODY: Goroutines = Goroutines {
    but: 0,
    from: Level::Single,
};

static DESCRIBE: OnceLock<fn(u64) -> String> = OnceLock::new();

/// Says what describes them: a service, above those who end the process.
pub(crate) fn set_describe(describe: fn(u64) -> String) {
    let _ = DESCRIBE.set(describe);
}

impl fmt::Display for Goroutines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DESCRIBE.get() {
            Some(describe) if traceback::level() >= self.from => f.write_str(&describe(self.but)),
            _ => Ok(()),
        }
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
    let printing = begin();
    printing.write(report);
    std::process::exit(2)
}
