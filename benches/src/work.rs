//! Work that does nothing but keep a core busy.

use std::hint::black_box;
use std::time::Instant;

/// Computes until then, looking at the clock now and then.
pub fn spin(until: Instant) {
    let mut x = 88_172_645_463_325_252;
    while Instant::now() < until {
        for _ in 0..10_000 {
            x = black_box(crate::sort::xorshift(x));
        }
    }
}
