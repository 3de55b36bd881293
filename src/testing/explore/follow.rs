//! Runs a schedule that is given: exactly, for a replay, or as far as it can be followed, for
//! shrinking.

use super::chooser::{Chooser, Last, Number, Turn};
use super::schedule::{Pick, Turns, runs_of};

pub(crate) struct Follow {
    turns: Vec<Turns>,
    at: usize,
    done: usize,
    exactly: bool,
    /// What the goroutines got of several possibilities, in order.
    picks: Vec<Pick>,
    /// Which of them have been given out again.
    given: Vec<bool>,
}

impl Follow {
    /// Exactly so. A choice that is none is returned all the same: whoever asks sees that the steps
    /// are others.
    pub(crate) fn exactly(choices: &[Number], picks: &[Pick]) -> Follow {
        Follow {
            exactly: true,
            ..Follow::loosely(runs_of(choices), picks)
        }
    }

    /// Whoever cannot go on loses the rest of this turn; after the last turn, as usual. Each
    /// goroutine gets the same picks in the same order.
    pub(crate) fn loosely(turns: Vec<Turns>, picks: &[Pick]) -> Follow {
        Follow {
            turns,
            at: 0,
            done: 0,
            exactly: false,
            picks: picks.to_vec(),
            given: vec![false; picks.len()],
        }
    }
}

impl Chooser for Follow {
    fn begin(&mut self) -> bool {
        (self.at, self.done) = (0, 0);
        self.given.fill(false);
        true
    }

    fn choose(&mut self, turn: &Turn<'_>) -> Number {
        while let Some(&Turns { number, steps }) = self.turns.get(self.at) {
            if self.done < steps && (self.exactly || turn.find(number).is_some()) {
                self.done += 1;
                return number;
            }
            self.at += 1;
            self.done = 0;
        }
        turn.usual()
    }

    fn repeats(&self) -> bool {
        self.exactly
    }

    fn pick(&mut self, number: Number, count: usize) -> usize {
        let next = (0..self.picks.len()).find(|&at| {
            let fits = self.exactly || self.picks[at].number == number;
            !self.given[at] && fits
        });
        let Some(next) = next else { return 0 };
        self.given[next] = true;
        usize::from(self.picks[next].pick).min(count - 1)
    }

    fn end(&mut self, _: Option<Last<'_>>) {}
}
