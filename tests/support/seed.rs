//! Seeded randomness: every random test prints its seed, and `GORT_SEED` replays it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of this run: `GORT_SEED` if set, else from the clock. Printed with the way to replay
/// it.
pub(crate) fn seed() -> u64 {
    let seed = match std::env::var("GORT_SEED") {
        Ok(text) => text.parse().expect("GORT_SEED is a decimal number"),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock after 1970")
            .as_nanos() as u64,
    };
    println!("seed: GORT_SEED={seed} replays the same choices");
    seed
}

/// SplitMix64: small, and good enough to shuffle test plans.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// An independent stream for part `n` of a test.
    pub(crate) fn fork(&self, n: u64) -> Rng {
        let mut rng = Rng(self.0 ^ n.wrapping_mul(0xd6e8_feb8_6659_fd93));
        rng.next();
        rng
    }
}
