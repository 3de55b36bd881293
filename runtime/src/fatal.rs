//! The last words of a process: a report on standard error, then exit status 2.
//!
//! One lock is held while a report is printed. Whoever ends the process takes it and keeps it: so a
//! report that has been begun is printed to its end, and whoever would end the process otherwise
//! (main, by returning) waits for ever behind it.

use std::fmt;
use std::sync::OnceLock;

use parking_lot::{Mutex, MutexGuard};

static PRINTING: Mutex<()> = Mutex::new(());

/// A report that is being printed.
pub(crate) struct Printing(#[allow(dead_code)] MutexGuard<'static, ()>);

/// Waits until nobody prints; for ever, if a fault is ending the process, whose handler cannot take the lock.
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

/// Prints a last report and ends the process with status 2, as Go does. The first report wins.
pub(crate) fn die(report: &dyn fmt::Display) -> ! {
    last(Some(report))
}

/// Ends the process with status 2; the reason has been printed.
pub(crate) fn end() -> ! {
    last(None)
}

fn last(report: Option<&dyn fmt::Display>) -> ! {
    static FIRST: OnceLock<()> = OnceLock::new();
    if FIRST.set(()).is_err() {
        // Another thread is ending the process.
        loop {
            std::thread::park();
        }
    }
    let printing = begin();
    if let Some(report) = report {
        printing.write(report);
    }
    std::process::exit(2)
}
