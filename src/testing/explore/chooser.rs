//! What a strategy is: who goes on, asked before every step.

use gort_runtime::explore::Reach;

/// A goroutine, by its place in the order of starts: 0 is who runs the closure.
pub(crate) type Number = u16;

/// A goroutine that can go on.
#[derive(Debug)]
pub(crate) struct Enabled<'a> {
    pub(crate) number: Number,
    /// What its next step touches.
    pub(crate) reach: &'a Reach,
    /// It has given way, and nobody else has made a step since.
    pub(crate) gave_way: bool,
}

/// The step before, which is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last<'a> {
    pub(crate) number: Number,
    pub(crate) reach: &'a Reach,
    /// Who could not go on before it, and can now.
    pub(crate) woke: &'a [Number],
}

/// The question.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) last: Option<Last<'a>>,
    /// By rising number; at least one.
    pub(crate) enabled: &'a [Enabled<'a>],
}

impl Turn<'_> {
    /// Whether that one could go on, and has not given way. To run another one in its place is a
    /// preemption.
    pub(crate) fn wants_on(&self, number: Number) -> bool {
        self.find(number).is_some_and(|enabled| !enabled.gave_way)
    }

    pub(crate) fn find(&self, number: Number) -> Option<&Enabled<'_>> {
        self.enabled.iter().find(|enabled| enabled.number == number)
    }

    /// Who may be chosen: one who has given way only if all have.
    pub(crate) fn eligible(&self) -> impl Iterator<Item = &Enabled<'_>> {
        let all_gave_way = self.enabled.iter().all(|enabled| enabled.gave_way);
        self.enabled
            .iter()
            .filter(move |enabled| all_gave_way || !enabled.gave_way)
    }

    /// Whether it is a preemption to choose that one.
    pub(crate) fn preempts(&self, number: Number) -> bool {
        self.last
            .is_some_and(|last| last.number != number && self.wants_on(last.number))
    }

    /// The choice that nobody has to explain: who ran goes on, else the lowest number.
    pub(crate) fn usual(&self) -> Number {
        match self.last {
            Some(last) if self.wants_on(last.number) => last.number,
            _ => self.eligible().next().map_or(0, |first| first.number),
        }
    }
}

/// A strategy. It is asked for one schedule after the other.
pub(crate) trait Chooser: Send {
    /// A schedule begins. `false` if all that there are have been run.
    fn begin(&mut self) -> bool;
    /// Who makes the next step.
    fn choose(&mut self, turn: &Turn<'_>) -> Number;
    /// What `number` gets of `count` possibilities in the step that it is making: which arm of a
    /// select. Below `count`, which is at least 2.
    fn pick(&mut self, number: Number, count: usize) -> usize;
    /// The schedule has ended; `last` is its last step.
    fn end(&mut self, last: Option<Last<'_>>);
    /// Whether it repeats a schedule: whoever asked for that wants to know whether the steps are
    /// the same.
    fn repeats(&self) -> bool {
        false
    }
    /// How many schedules were begun that turned out to be the same as an earlier one.
    fn redundant(&self) -> u64 {
        0
    }
}

/// A small generator (splitmix64): the same numbers for the same seed, for ever.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// For schedule number `index` of a search.
    pub(crate) fn new(seed: u64, index: u64) -> Dice {
        let mut mixed = Dice(seed ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Dice(mixed.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * bound as u128;
        (wide >> 64) as usize
    }
}
