//! `Pct`: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic
//! guarantees of finding bugs", ASPLOS 2010.
//!
//! Every goroutine gets a random priority, and whoever has the highest one runs. At `depth - 1` steps, chosen at random, the one
//! that would run gets the lowest of all. A bug that needs `depth` orders between steps is found by one schedule with a
//! probability of at least `1 / (n * k^(depth - 1))`, for `n` goroutines and `k` steps.
//!
//! Only steps at which somebody else could run are counted. The proof needs a change at the steps
//! of the bug's orders "first a step of somebody else, then this one"; where nobody else can run,
//! there is no such somebody.
//!
//! `k` is not known before. It is the largest number that a schedule of this search has had; the
//! first schedule has no change.

use super::chooser::{Chooser, Dice, Last, Number, Turn};

pub(crate) struct Pct {
    seed: u64,
    depth: usize,
    begun: u64,
    dice: Dice,
    /// Who is known in this schedule, the highest priority last.
    order: Vec<Number>,
    /// The steps at which the priority of who would run falls, in no order.
    changes: Vec<usize>,
    /// Steps of this schedule at which there was a choice.
    contested: usize,
    /// The most of them that any schedule had.
    longest: usize,
}

impl Pct {
    pub(crate) fn new(seed: u64, depth: usize) -> Pct {
        Pct {
            seed,
            depth,
            begun: 0,
            dice: Dice::new(seed, 0),
            order: Vec::new(),
            changes: Vec::new(),
            contested: 0,
            longest: 0,
        }
    }

    /// Makes that one the lowest of all.
    fn lower(&mut self, number: Number) {
        if let Some(at) = self.order.iter().position(|&one| one == number) {
            self.order[..=at].rotate_right(1);
        }
    }

    fn highest(&self, turn: &Turn<'_>) -> Number {
        self.order
            .iter()
            .rev()
            .copied()
            .find(|&number| turn.find(number).is_some())
            .unwrap_or_else(|| turn.usual())
    }
}

impl Chooser for Pct {
    fn begin(&mut self) -> bool {
        self.dice = Dice::new(self.seed, self.begun);
        self.begun += 1;
        self.longest = self.longest.max(self.contested);
        self.contested = 0;
        self.order.clear();
        self.changes.clear();
        let count = self.depth.saturating_sub(1).min(self.longest);
        while self.changes.len() < count {
            let step = 1 + self.dice.below(self.longest);
            if !self.changes.contains(&step) {
                self.changes.push(step);
            }
        }
        true
    }

    fn choose(&mut self, turn: &Turn<'_>) -> Number {
        for enabled in turn.enabled {
            if !self.order.contains(&enabled.number) {
                let place = self.dice.below(self.order.len() + 1);
                self.order.insert(place, enabled.number);
            }
        }
        for enabled in turn.enabled {
            // Who gives way means it: else a goroutine that waits by looking again and again would
            // run for ever.
            if enabled.gave_way {
                self.lower(enabled.number);
            }
        }
        if turn.enabled.len() > 1 {
            self.contested += 1;
            if self.changes.contains(&self.contested) {
                self.lower(self.highest(turn));
            }
        }
        self.highest(turn)
    }

    fn pick(&mut self, _: Number, count: usize) -> usize {
        self.dice.below(count)
    }

    fn end(&mut self, _: Option<Last<'_>>) {}
}
