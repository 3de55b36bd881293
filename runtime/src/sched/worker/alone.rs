//! When a worker asks to own the bias: it has been the only one that runs goroutines for a while.
//!
//! Ending a bias costs whoever ends it some 15 µs, and the bias owner an interrupt. So a worker
//! waits as long as it takes for that to be little, and if it is not left alone for long, it waits
//! longer the next time. Searchers that only look do not count.

use std::cell::Cell;

use super::Worker;
use crate::bias::bias;
use crate::config::BiasMode;
use crate::sys::clock;

/// How long a worker has been alone before it asks, in cycles: at first about 1 ms, and up to 100.
const SHORTEST: u64 = 2_500_000;
const LONGEST: u64 = 250_000_000;
/// A bias that lasted this many times as long as the wait for it was worth it.
const WORTH_IT: u64 = 8;

/// What a worker remembers between two looks.
#[derive(Default)]
pub(super) struct Alone {
    /// When it was seen to be alone, and has been since, or when it became the bias owner; in
    /// cycles, 0: it is neither.
    since: Cell<u64>,
    owns_bias: Cell<bool>,
    patience: Cell<u64>,
}

impl Alone {
    /// To be called now and then between two runs of `worker`, whose this is.
    pub(super) fn consider(&self, worker: &'static Worker) {
        // Nothing is possible where the settings say no.
        if !crate::bias::is_possible() || bias().is_owner(worker.seat()) {
            return;
        }
        if worker.rt.config.bias_mode == BiasMode::Eager {
            bias().begin(worker.seat());
            return;
        }
        let now = clock::cycles();
        let elapsed = now.wrapping_sub(self.since.get());
        if self.owns_bias.replace(false) {
            let patience = self.patience.get();
            self.patience.set(if elapsed < patience.saturating_mul(WORTH_IT) {
                patience.saturating_mul(2).min(LONGEST)
            } else {
                SHORTEST
            });
            self.since.set(0);
        }
        if !worker.rt.idle.others_rest(worker.rt.limit()) {
            self.since.set(0);
        } else if self.since.get() == 0 {
            self.since.set(now.max(1));
        } else if elapsed > self.patience.get().max(SHORTEST) {
            self.owns_bias.set(bias().begin(worker.seat()));
            self.since.set(now);
        }
    }
}
