//! SIGQUIT in a program with `#[gort::main]`: what every goroutine is at, and status 2, as in Go.
//!
//! The process's first thread, which waits for the main goroutine anyway, waits for the signal too:
//! so nothing has to be started for it, and it works while all workers are stuck, and while nothing
//! runs. What the program does about the signal itself (`signal`) goes before; if it stops
//! listening, this is in force again.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config;
use crate::sys::quit;
use crate::traceback::{self, Level};

/// For how long the thread watches: until it is told that the main goroutine has ended.
pub(crate) struct Watch(());

/// Said when it is dropped: the main goroutine has ended.
pub(crate) struct Ends(());

static ENDED: AtomicBool = AtomicBool::new(false);

impl Drop for Ends {
    fn drop(&mut self) {
        // Release pairs with the acquire in `until_the_end`; what the goroutine has done comes
        // through its handle.
        ENDED.store(true, Ordering::Release);
        quit::wake();
    }
}

#[derive(Clone, Copy)]
enum OnQuit {
    Dump,
    Off,
}

impl std::str::FromStr for OnQuit {
    type Err = String;

    fn from_str(text: &str) -> Result<OnQuit, String> {
        config::one_of(text, &[("dump", OnQuit::Dump), ("off", OnQuit::Off)])
    }
}

/// Catches the signal for a main goroutine that this thread is to wait for. `None` if it is left
/// alone, or watched already.
pub(crate) fn watch() -> Option<(Watch, Ends)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let wish = config::from_env("GORT_SIGQUIT", config::plain);
    if matches!(wish, Some(OnQuit::Off)) || TAKEN.swap(true, Ordering::SeqCst) {
        return None;
    }
    // SAFETY: `TAKEN` lets one through.
    unsafe { quit::install() }.then_some((Watch(()), Ends(())))
}

impl Watch {
    /// Waits until the main goroutine has ended.
    pub(crate) fn until_the_end(&self) {
        while !ENDED.load(Ordering::Acquire) {
            quit::wait();
            self.act();
        }
    }

    /// Waits for ever.
    pub(crate) fn for_ever(&self) -> ! {
        loop {
            quit::wait();
            self.act();
        }
    }

    fn act(&self) {
        if quit::came() {
            crate::fatal::die(&Report);
        }
    }
}

/// From now on nobody would act upon the signal.
impl Drop for Watch {
    fn drop(&mut self) {
        quit::restore();
        self.act();
    }
}

struct Report;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SIGQUIT: quit")?;
        if traceback::level() == Level::None {
            return Ok(());
        }
        write!(f, "\n{}", crate::debug::goroutines())
    }
}
