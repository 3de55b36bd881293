//! The scheduler's random numbers: which victim to rob first, which ready arm a `select!` takes.
//!
//! Not for secrets. One xorshift64* state per worker, so that drawing a number shares nothing.

use std::sync::atomic::{AtomicU64, Ordering};

/// Advances a state; never zero for a non-zero state.
#[inline]
pub(crate) fn step(mut state: u64) -> u64 {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    state
}

/// The number that belongs to a state.
#[inline]
pub(crate) fn output(state: u64) -> u64 {
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

/// A new non-zero seed, different at every call: Weyl sequence through splitmix64's mixer.
pub(crate) fn fresh_seed() -> u64 {
    static WEYL: AtomicU64 = AtomicU64::new(0);
    let mut start = WEYL.load(Ordering::Relaxed);
    if start == 0 {
        start = crate::sys::clock::entropy() | 1;
        // Losing this race only means that the other thread's start counts.
        let _ = WEYL.compare_exchange(0, start, Ordering::Relaxed, Ordering::Relaxed);
    }
    let mut z = WEYL.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) | 1
}
