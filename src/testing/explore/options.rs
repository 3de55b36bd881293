//! What is asked of a search.

use std::path::PathBuf;
use std::time::Duration;

use super::chooser::Chooser;
use super::exhaustive::Exhaustive;
use super::pct::Pct;
use super::random::Random;

/// Who goes on where several goroutines can: how [`explore`](super::explore) chooses.
///
/// | strategy | finds | use it |
/// |---|---|---|
/// | [`Random`](Strategy::Random) | what many schedules show | as a quick look |
/// | [`Pct`](Strategy::Pct) | a bug of `depth` orders between steps, with a known probability | first; it is the default |
/// | [`Exhaustive`](Strategy::Exhaustive) | every bug that so few preemptions show, the simplest first | for small tests, and to be sure |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// Each that can go on is as likely as any other, at every step.
    Random,
    /// Random priorities that change at `depth - 1` random steps (Burckhardt et al., ASPLOS 2010).
    /// With `n` goroutines and `k` steps, one schedule finds a bug of that depth with a probability
    /// of at least `1 / (n * k^(depth - 1))`. Lost wake-ups and check-then-act have depth 2, most
    /// others 1 to 3.
    Pct {
        /// How many orders between two steps the bug needs; 0 is as 1.
        depth: usize,
    },
    /// All schedules with at most so many preemptions, those with fewer first, and of those that
    /// cannot differ one (CHESS, with sleep sets). A preemption is a switch away from a goroutine
    /// that could go on; switches where one waits, ends or gives way are free. `usize::MAX` is no
    /// bound.
    Exhaustive {
        /// The most preemptions.
        preemptions: usize,
    },
}

impl Default for Strategy {
    fn default() -> Strategy {
        Strategy::Pct { depth: 3 }
    }
}

impl Strategy {
    pub(super) fn chooser(self, seed: u64, limit: u64) -> Box<dyn Chooser> {
        match self {
            Strategy::Random => Box::new(Random::new(seed)),
            Strategy::Pct { depth } => Box::new(Pct::new(seed, depth)),
            Strategy::Exhaustive { preemptions } => Box::new(Exhaustive::new(preemptions, limit)),
        }
    }
}

/// What [`explore`](super::explore) does; [`Options::default`] is a good start.
///
/// ```
/// use gort::testing::{Options, Strategy};
///
/// let options = Options::default()
///     .strategy(Strategy::Exhaustive { preemptions: 2 })
///     .schedules(50_000);
/// assert_eq!(options.schedules, 50_000);
/// let same = Options { schedules: 50_000, strategy: Strategy::Exhaustive { preemptions: 2 }, ..Options::default() };
/// assert_eq!(format!("{options:?}"), format!("{same:?}"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until `explore`"]
pub struct Options {
    /// Who goes on. Default: [`Strategy::Pct`] of depth 3.
    pub strategy: Strategy,
    /// How many schedules are run at most. Default: 1000.
    pub schedules: u64,
    /// What random choices begin with: the same seed makes the same schedules. Default: 0.
    pub seed: u64,
    /// Longer schedules fail, as nothing seems to come of them (a livelock). Default: 20 000 steps.
    pub max_steps: usize,
    /// No new schedule is begun after so long; `None` is no limit, and the default.
    pub time_limit: Option<Duration>,
    /// How long a simpler schedule is looked for that fails in the same way. Default: 2 s; zero
    /// keeps the first.
    pub shrink: Duration,
    /// Whether goroutines that still wait when the closure has returned are a failure. Default:
    /// yes.
    pub deny_leaks: bool,
    /// Where the table of a failure is put as an SVG file too. Default: what `GORT_SCHEDULE_SVG`
    /// says; nowhere without it.
    pub svg: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            strategy: Strategy::default(),
            schedules: 1000,
            seed: 0,
            max_steps: 20_000,
            time_limit: None,
            shrink: Duration::from_secs(2),
            deny_leaks: true,
            svg: std::env::var_os("GORT_SCHEDULE_SVG")
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
        }
    }
}

/// Each sets the field of its name.
impl Options {
    /// Who goes on.
    pub fn strategy(self, strategy: Strategy) -> Options {
        Options { strategy, ..self }
    }

    /// How many schedules are run at most.
    pub fn schedules(self, schedules: u64) -> Options {
        Options { schedules, ..self }
    }

    /// What random choices begin with.
    pub fn seed(self, seed: u64) -> Options {
        Options { seed, ..self }
    }

    /// The most steps of a schedule.
    pub fn max_steps(self, max_steps: usize) -> Options {
        Options { max_steps, ..self }
    }

    /// How long the search takes, about.
    pub fn time_limit(self, limit: Duration) -> Options {
        Options {
            time_limit: Some(limit),
            ..self
        }
    }

    /// How long a simpler failure is looked for.
    pub fn shrink(self, shrink: Duration) -> Options {
        Options { shrink, ..self }
    }

    /// Whether goroutines may be left waiting.
    pub fn deny_leaks(self, deny_leaks: bool) -> Options {
        Options { deny_leaks, ..self }
    }

    /// The directory for the table of a failure as an SVG file; it is made if need be.
    pub fn svg(self, directory: impl Into<PathBuf>) -> Options {
        Options {
            svg: Some(directory.into()),
            ..self
        }
    }
}
