//! Time as the scheduler sees it: nanoseconds since the process first asked, and a cheap cycle
//! counter.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A deadline that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// Nanoseconds on the monotonic clock since the process first asked.
#[inline]
pub(crate) fn now() -> u64 {
    to_nanos(Instant::now())
}

/// An `Instant` on the scheduler's scale; the past counts as 0, and what does not fit as just
/// before [`NEVER`].
#[inline]
pub(crate) fn to_nanos(at: Instant) -> u64 {
    let since = at.saturating_duration_since(origin());
    let nanos = since
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(since.subsec_nanos()));
    nanos.min(NEVER - 1)
}

/// The `Instant` of such a number.
pub(crate) fn to_instant(nanos: u64) -> Instant {
    origin() + Duration::from_nanos(nanos)
}

/// How long from `now` until `deadline`; zero if it has passed.
#[inline]
pub(crate) fn until(deadline: u64, now: u64) -> Duration {
    Duration::from_nanos(deadline.saturating_sub(now))
}

/// A counter that advances about once a cycle, for judging how long a run took. Not a clock.
#[inline]
pub(crate) fn cycles() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: RDTSC has no precondition; every x86-64 CPU that runs a current Linux lets user
        // code execute it.
        unsafe { std::arch::x86_64::_rdtsc() }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        // Nanoseconds stand in: about the same scale.
        now()
    }
}

/// Some bits that differ from run to run.
pub(crate) fn entropy() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // std seeds its hash maps from the system's random source.
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}
