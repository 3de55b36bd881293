//! For tests of the strategies: a machine whose goroutines are lists of operations.

use gort_runtime::explore::Reach;

use super::chooser::{Chooser, Enabled, Last, Number, Turn};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Toy {
    /// Nothing that others could see.
    Local,
    Read(usize),
    Write(usize),
    Lock(usize),
    Unlock(usize),
    GiveWay,
}

pub(super) type Program = Vec<Vec<Toy>>;

/// A step as it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Taken {
    pub(super) number: Number,
    /// Which of its operations.
    pub(super) index: usize,
    /// It is the rest of an operation that had to wait.
    pub(super) rest: bool,
}

/// A schedule that was run.
pub(super) struct Ran {
    pub(super) steps: Vec<Taken>,
    pub(super) preemptions: usize,
    gives_way: Vec<bool>,
    reaches: Vec<Reach>,
    woke: Vec<Vec<Number>>,
}

#[derive(Clone, Default)]
struct State {
    next: usize,
    waits: bool,
    rest: bool,
    gave_way: bool,
}

fn reach(op: Toy) -> Reach {
    match op {
        Toy::Local | Toy::GiveWay => Reach::Nothing,
        Toy::Read(object) => Reach::Reads(8 + object),
        Toy::Write(object) => Reach::Writes(8 + object),
        Toy::Lock(object) | Toy::Unlock(object) => Reach::Writes(1008 + object),
    }
}

/// Runs one schedule. `None`: there is none left.
pub(super) fn run(program: &Program, chooser: &mut dyn Chooser) -> Option<Ran> {
    if !chooser.begin() {
        return None;
    }
    let mut states = vec![State::default(); program.len()];
    // By lock: who has it, and who waits for it.
    let mut locks: Vec<(Option<usize>, Vec<usize>)> = vec![(None, Vec::new()); 4];
    let mut ran = Ran {
        steps: Vec::new(),
        preemptions: 0,
        gives_way: Vec::new(),
        reaches: Vec::new(),
        woke: Vec::new(),
    };
    loop {
        let pending: Vec<(usize, Reach)> = (0..program.len())
            .filter(|&g| !states[g].waits && (states[g].rest || states[g].next < program[g].len()))
            .map(|g| {
                let reach = if states[g].rest {
                    Reach::Nothing
                } else {
                    reach(program[g][states[g].next])
                };
                (g, reach)
            })
            .collect();
        let last = ran.steps.last().map(|taken| Last {
            number: taken.number,
            reach: &ran.reaches[ran.reaches.len() - 1],
            woke: &ran.woke[ran.woke.len() - 1],
        });
        if pending.is_empty() {
            chooser.end(last);
            return Some(ran);
        }
        let enabled: Vec<Enabled<'_>> = pending
            .iter()
            .map(|(g, reach)| Enabled {
                number: *g as Number,
                reach,
                gave_way: states[*g].gave_way,
            })
            .collect();
        let turn = Turn {
            last,
            enabled: &enabled,
        };
        let number = chooser.choose(&turn);
        ran.preemptions += usize::from(turn.preempts(number));
        let Some(chosen) = turn.find(number) else {
            panic!("{number} cannot go on: {turn:?}")
        };
        let reach = chosen.reach.clone();
        let g = number as usize;
        let mut woke = Vec::new();
        for state in &mut states {
            state.gave_way = false;
        }
        let state = &mut states[g];
        ran.steps.push(Taken {
            number,
            index: state.next - usize::from(state.rest),
            rest: state.rest,
        });
        if state.rest {
            state.rest = false;
        } else {
            state.next += 1;
            match program[g][state.next - 1] {
                Toy::Local | Toy::Read(_) | Toy::Write(_) => {}
                Toy::GiveWay => state.gave_way = true,
                Toy::Lock(lock) => {
                    let (holder, waiters) = &mut locks[lock];
                    if holder.is_none() {
                        *holder = Some(g);
                    } else {
                        (state.waits, state.rest) = (true, true);
                        waiters.push(g);
                    }
                }
                Toy::Unlock(lock) => {
                    let (holder, waiters) = &mut locks[lock];
                    if *holder == Some(g) {
                        *holder = None;
                        if !waiters.is_empty() {
                            let first = waiters.remove(0);
                            *holder = Some(first);
                            states[first].waits = false;
                            woke.push(first as Number);
                        }
                    }
                }
            }
        }
        let goes_on = states[g].next < program[g].len();
        ran.gives_way.push(states[g].gave_way && goes_on);
        ran.reaches.push(reach);
        ran.woke.push(woke);
    }
}

impl Ran {
    /// The same for schedules that differ only in the order of steps that commute: of all such, the
    /// one that has the lowest goroutine first wherever that is possible.
    pub(super) fn canonical(&self) -> Vec<Taken> {
        let depends = |a: usize, b: usize| {
            self.steps[a].number == self.steps[b].number
                || self.gives_way[a]
                || self.gives_way[b]
                || self.reaches[a].overlaps(&self.reaches[b])
                || self.woke[a].iter().any(|g| self.woke[b].contains(g))
                || self.woke[a].contains(&self.steps[b].number)
                || self.woke[b].contains(&self.steps[a].number)
        };
        let mut left: Vec<usize> = (0..self.steps.len()).collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let free = (0..left.len()).filter(|&i| !(0..i).any(|j| depends(left[j], left[i])));
            let Some(next) = free.min_by_key(|&i| self.steps[left[i]].number) else {
                unreachable!()
            };
            order.push(self.steps[left.remove(next)].clone());
        }
        order
    }
}
