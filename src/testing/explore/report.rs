//! What came of a search.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::options::Strategy;

/// In what way a schedule failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// A goroutine panicked and nobody joined it, or the closure did; a failed assertion is one.
    Panic,
    /// Everybody waits, the closure too.
    Deadlock,
    /// The closure has returned, and goroutines wait for ever.
    Leak,
    /// More steps than allowed: perhaps a livelock.
    StepLimit,
    /// The program did something else under the same schedule: it asks for a time, a random number,
    /// or another thread.
    NotDeterministic,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FailureKind::Panic => "panic",
            FailureKind::Deadlock => "deadlock",
            FailureKind::Leak => "leak",
            FailureKind::StepLimit => "step limit",
            FailureKind::NotDeterministic => "not deterministic",
        })
    }
}

/// A schedule that fails, the simplest that was found. Its `Display` is all that there is to say.
#[derive(Clone)]
pub struct Failure {
    pub(super) kind: FailureKind,
    pub(super) message: String,
    pub(super) found_at: u64,
    pub(super) preemptions: usize,
    pub(super) first_preemptions: usize,
    pub(super) steps: usize,
    pub(super) schedule: String,
    pub(super) table: String,
    pub(super) svg: Option<Result<PathBuf, String>>,
}

impl Failure {
    /// In what way it failed.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What the panic said, or who waits for what.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Which schedule of the search was the first to fail, from 1.
    pub fn found_at(&self) -> u64 {
        self.found_at
    }

    /// How often, in the simplest schedule found, one was stopped that could have gone on.
    pub fn preemptions(&self) -> usize {
        self.preemptions
    }

    /// How many steps the simplest schedule found has.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The value of `GORT_SCHEDULE` that runs exactly this again: the same binary takes the same
    /// steps.
    pub fn schedule(&self) -> &str {
        &self.schedule
    }

    /// The interleaving: a column a goroutine, a row a step with its line.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The file with the table as a picture, if one was asked for and could be written.
    pub fn svg(&self) -> Option<&Path> {
        self.svg.as_ref()?.as_deref().ok()
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("found_at", &self.found_at)
            .field("preemptions", &self.preemptions)
            .field("steps", &self.steps)
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.kind, self.message.trim_end())?;
        write!(f, "{}", self.table)?;
        if self.first_preemptions > self.preemptions {
            writeln!(
                f,
                "{} steps, {} preemptions; as it was found it had {}",
                self.steps, self.preemptions, self.first_preemptions
            )?;
        } else {
            writeln!(f, "{} steps, {} preemptions", self.steps, self.preemptions)?;
        }
        match &self.svg {
            Some(Ok(path)) => writeln!(f, "picture: {}", path.display())?,
            Some(Err(why)) => writeln!(f, "no picture: {why}")?,
            None => {}
        }
        write!(f, "run it again: GORT_SCHEDULE={}", self.schedule)
    }
}

/// What [`explore`](super::explore) returns.
#[derive(Clone, Debug)]
#[must_use = "a failure is only told if it is asked for: `assert_passed`"]
pub struct Report {
    pub(super) strategy: Strategy,
    pub(super) seed: u64,
    pub(super) schedules: u64,
    pub(super) pruned: u64,
    pub(super) exhausted: bool,
    pub(super) replayed: bool,
    pub(super) steps: u64,
    pub(super) elapsed: Duration,
    pub(super) failure: Option<Box<Failure>>,
}

impl Report {
    /// How many schedules were run, until the first failure; those that came of shrinking it do not
    /// count.
    pub fn schedules(&self) -> u64 {
        self.schedules
    }

    /// How many of them turned out to be, but for the order of steps that commute, the same as an
    /// earlier one. Only [`Strategy::Exhaustive`] notices. Most such schedules are not even begun.
    pub fn pruned(&self) -> u64 {
        self.pruned
    }

    /// Whether that was all: no other schedule within the strategy's bound has another outcome.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// How many steps all schedules had together.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How long the search took, without shrinking.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The failure, if there is one.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_deref()
    }

    /// Whether no schedule failed.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }

    /// For tests.
    ///
    /// # Panics
    /// If a schedule failed, with the table of the interleaving and the line that runs it again.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.replayed {
            f.write_str("explore: the schedule of GORT_SCHEDULE")?;
        } else {
            write!(f, "explore: {} schedules of {:?}", self.schedules, self.strategy)?;
            match self.strategy {
                Strategy::Exhaustive { .. } if self.exhausted => {
                    write!(f, " (that is all; {} of them redundant)", self.pruned)?
                }
                Strategy::Exhaustive { .. } => write!(f, " ({} of them redundant)", self.pruned)?,
                _ => write!(f, " (seed {})", self.seed)?,
            }
        }
        match &self.failure {
            None => f.write_str(", none failed"),
            Some(failure) if self.replayed => write!(f, " failed\n{failure}"),
            Some(failure) => write!(f, ", number {} failed\n{failure}", failure.found_at),
        }
    }
}
