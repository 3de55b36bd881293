//! `Random`: whoever can go on is as likely as any other.

use super::chooser::{Chooser, Dice, Last, Number, Turn};

pub(crate) struct Random {
    seed: u64,
    begun: u64,
    dice: Dice,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random {
            seed,
            begun: 0,
            dice: Dice::new(seed, 0),
        }
    }
}

impl Chooser for Random {
    fn begin(&mut self) -> bool {
        self.dice = Dice::new(self.seed, self.begun);
        self.begun += 1;
        true
    }

    fn choose(&mut self, turn: &Turn<'_>) -> Number {
        let count = turn.eligible().count();
        let index = if count > 1 { self.dice.below(count) } else { 0 };
        turn.eligible().nth(index).map_or(0, |chosen| chosen.number)
    }

    fn pick(&mut self, _: Number, count: usize) -> usize {
        self.dice.below(count)
    }

    fn end(&mut self, _: Option<Last<'_>>) {}
}
