//! How much reports show of the goroutines: `GORT_TRACEBACK`, which is Go's `GOTRACEBACK`.

use std::sync::OnceLock;

use crate::config;

/// Each shows what those before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// No stack at all.
    None,
    /// Of a panic, the goroutine's own. Where there is none that it is about (a deadlock, SIGQUIT):
    /// all of them.
    Single,
    /// Everybody's.
    All,
    /// With the functions of gort, of what switches stacks, and of std.
    Full,
}

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        config::one_of(
            text,
            &[
                ("none", Level::None),
                ("single", Level::Single),
                ("all", Level::All),
                ("full", Level::Full),
            ],
        )
    }
}

/// What the environment asks for, if it does. Read once.
pub(crate) fn chosen() -> Option<Level> {
    static CHOSEN: OnceLock<Option<Level>> = OnceLock::new();
    *CHOSEN.get_or_init(|| config::from_env("GORT_TRACEBACK", config::plain))
}

/// What is in force.
pub(crate) fn level() -> Level {
    chosen().unwrap_or(Level::Single)
}
