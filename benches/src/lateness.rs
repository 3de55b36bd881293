//! How late sleepers woke.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Figure;

/// How long a side may take to start each sleeper before the first of them is due.
const START: Duration = Duration::from_micros(15);
/// And before that.
const HEAD_START: Duration = Duration::from_millis(200);
/// Over how long the deadlines of staggered sleepers are spread.
const SPREAD: Duration = Duration::from_secs(1);

/// Many sleepers, each with a place for how late it woke.
#[derive(Debug)]
pub struct Lateness {
    /// When the first of them is due.
    first: Instant,
    /// Over how long their deadlines are spread.
    spread: Duration,
    nanoseconds: Box<[AtomicU64]>,
}

impl Lateness {
    /// For `sleepers` that the caller starts now, all due at the same time.
    pub fn new(sleepers: usize) -> Lateness {
        Lateness {
            first: Instant::now() + HEAD_START + START * sleepers as u32,
            spread: Duration::ZERO,
            nanoseconds: (0..sleepers).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The same with deadlines that are spread over a second.
    pub fn staggered(sleepers: usize) -> Lateness {
        Lateness {
            spread: SPREAD,
            ..Lateness::new(sleepers)
        }
    }

    /// How many there are.
    pub fn sleepers(&self) -> usize {
        self.nanoseconds.len()
    }

    /// Neighbours in the order of starting are not neighbours in time.
    fn due(&self, i: usize) -> Instant {
        let sleepers = self.sleepers();
        self.first
            + self
                .spread
                .mul_f64((i * 7919 % sleepers) as f64 / sleepers as f64)
    }

    /// How long sleeper `i` has to sleep from now on.
    ///
    /// # Panics
    /// When it is late already: a side that cannot start them in time has no figure.
    pub fn pause(&self, i: usize) -> Duration {
        remaining(self.due(i))
    }

    /// Sleeper `i` is awake.
    ///
    /// # Panics
    /// When it woke too early.
    pub fn awake(&self, i: usize) {
        let late = Instant::now()
            .checked_duration_since(self.due(i))
            .expect("woke too early");
        self.nanoseconds[i].store(late.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Once all have woken: how late the last one was, and that divided among all; or, if they were
    /// staggered, how late they were each.
    pub fn figures(&self) -> Vec<Figure> {
        let late = self
            .nanoseconds
            .iter()
            .map(|ns| Duration::from_nanos(ns.load(Ordering::Relaxed)));
        if !self.spread.is_zero() {
            return percentiles(late.collect());
        }
        let last = late.max().expect("a sleeper");
        let each = last.as_nanos() as f64 / self.sleepers() as f64;
        vec![Figure::ms("last", last), Figure::new("each", each, "ns")]
    }
}

fn remaining(due: Instant) -> Duration {
    due.checked_duration_since(Instant::now())
        .expect("the sleepers were not started in time")
}

/// The middle, the one that only one in a thousand exceeds, and the worst.
pub fn percentiles(mut late: Vec<Duration>) -> Vec<Figure> {
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
    vec![
        Figure::ms("p50", at(0.5)),
        Figure::ms("p99.9", at(0.999)),
        Figure::ms("worst", at(1.0)),
    ]
}
