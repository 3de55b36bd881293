//! Until when calls may wait: a point in time for all of them, and a limit for each.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::sys::clock;

/// Until when the calls of one direction may wait.
pub(super) struct Deadline {
    /// For all calls, on the scheduler's scale.
    at: AtomicU64,
    /// For each call from its beginning, in nanoseconds.
    each: AtomicU64,
}

impl Deadline {
    pub(super) fn never() -> Deadline {
        Deadline {
            at: AtomicU64::new(clock::NEVER),
            each: AtomicU64::new(clock::NEVER),
        }
    }

    pub(super) fn set(&self, at: Option<Instant>) {
        self.at
            .store(at.map_or(clock::NEVER, clock::to_nanos), Ordering::Release);
    }

    pub(super) fn set_each(&self, limit: Option<Duration>) -> io::Result<()> {
        let nanos = match limit {
            None => clock::NEVER,
            Some(Duration::ZERO) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "cannot set a 0 duration timeout",
                ));
            }
            Some(limit) => limit.as_nanos().try_into().unwrap_or(clock::NEVER),
        };
        self.each.store(nanos, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn each(&self) -> Option<Duration> {
        let nanos = self.each.load(Ordering::Relaxed);
        (nanos != clock::NEVER).then(|| Duration::from_nanos(nanos))
    }

    /// The end of a call that begins now, by its own limit.
    pub(super) fn begin(&self) -> u64 {
        match self.each.load(Ordering::Relaxed) {
            clock::NEVER => clock::NEVER,
            each => clock::now().saturating_add(each),
        }
    }

    /// What is left for a call that may take until `end`, and an error if nothing is.
    pub(super) fn check(&self, end: u64) -> Result<Option<Instant>, Late> {
        let deadline = self.at.load(Ordering::Acquire);
        let at = deadline.min(end);
        if at == clock::NEVER {
            return Ok(None);
        }
        let now = Instant::now();
        let nanos = clock::to_nanos(now);
        let left = clock::until(at, nanos);
        if !left.is_zero() {
            return Ok(Some(now + left));
        }
        Err(if clock::until(deadline, nanos).is_zero() {
            Late::Deadline
        } else {
            Late::Limit
        })
    }
}

/// Why there is no time left.
pub(super) enum Late {
    /// The deadline for all calls has passed: they fail, whatever there is to read (Go's rule).
    Deadline,
    /// The call's own limit has passed: what is there it may still take (std's rule: a timeout
    /// bounds the wait, not the call).
    Limit,
}

impl From<Late> for io::Error {
    fn from(_: Late) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")
    }
}
