//! `Exhaustive`: every schedule with at most so many preemptions, those that cannot differ left
//! out.
//!
//! The order is that of CHESS (Musuvathi, Qadeer, "Iterative context bounding", PLDI 2007): first
//! all schedules without a preemption, then those with one, and so on; so the first failure has the
//! fewest. A preemption is a switch away from a goroutine that could go on and has not given way.
//! Where the one that ran cannot go on, switches cost nothing.
//!
//! # Which schedules are left out
//!
//! Sleep sets (Godefroid, 1996), adapted to a bound. Two steps of different goroutines *commute* if
//! their reaches do not overlap and they do not wake the same goroutine: taken in either order they
//! do the same and lead to the same state. A step that gives way commutes with none, since whoever
//! makes it is passed over until somebody else has made one. If at a state `s`, where `p` ran last,
//! the step `t` of a goroutine was explored, and then another branch begins with `u1`, then in that
//! branch `t`'s goroutine is *asleep* until a step is taken that does not commute with `t`. A
//! schedule `w = s u1 … un t r …` of that branch, all `ui` commuting with `t`, has the same outcome
//! as `w' = s t u1 … un r …`, which begins like an earlier branch.
//!
//! Without a bound, `w` may be left out. With one, `w'` may have more preemptions than `w` and be
//! beyond the bound. Write `[x y]` for the cost of running `y` after `x`: 1 if `x != y` and `x`
//! wants on after its step, else 0. That `x` wants on depends on its own step only, so it is the
//! same in both. `w'` costs no more than `w` if
//!
//! ```text
//! [p t] + [t u1] + [un r]  <=  [p u1] + [un t] + [t r]
//! ```
//!
//! * `t` is of `p` itself: `[p t] = 0` and `[p u1] = 1 >= [t u1]`. Of `[un r] <= [un t] + [t r]`
//!   see below. Holds for every `r`: if `r = t`, then `[un r] = [un t]`; otherwise `[un t] = 1` if
//!   `un` wants on, and `[un r] <= 1` only then.
//! * `t`'s goroutine does not want on after `t` (it has ended, or it waits): `[t u1] = 0`; `[p t]
//!   <= [p u1]`, since `p` is explored first wherever it can go on, so that `u1 != p`. The rest as
//!   before. Holds for every `r`.
//! * Otherwise `[t u1] = 1 = [t r]` for every `r != t`, and the rest as before: holds unless `r =
//!   t`.
//!
//! In the first two cases `t` is *fast* asleep: it is not chosen. In the third it is *lightly*
//! asleep: it may be chosen, if it makes the next step as well; schedules that switch away after it
//! are left out.
//!
//! So each schedule `w` that is left out has an equivalent `w'` that costs no more, and is smaller
//! in the order in which branches are taken. That order is well-founded, for schedules are finite.
//! So by induction each schedule within the bound has an equivalent within it that is run. What is
//! compared is fixed when a branch begins, so it does not matter that the branches of one state are
//! run in different rounds. A step that picks one of several possibilities (a select with several
//! ready arms) is run with each of them, and is never asleep.
//!
//! `tests.rs` compares with a search that leaves nothing out, on random programs.

use super::chooser::{Chooser, Last, Number, Turn};

/// A step that need not be taken, as what it leads to has been seen.
#[derive(Clone, Debug)]
struct Sleeper {
    number: Number,
    /// Whom its step wakes.
    woke: Vec<Number>,
    /// It is not chosen at all; otherwise it is if it goes on afterwards.
    fast: bool,
}

/// A state with branches that are left.
#[derive(Debug)]
struct State {
    /// The steps that lead to it.
    path: Vec<Number>,
    /// Who ran last.
    prior: Option<Number>,
    /// Who is asleep in it.
    asleep: Vec<Sleeper>,
    /// The branches that have been taken, in order.
    taken: Vec<Sleeper>,
    /// Those that have not, the next one last.
    left: Vec<Number>,
    /// It lies within a step, and the branches are what that may pick.
    picks: bool,
}

/// Where a state is kept.
#[derive(Clone, Copy)]
enum Kept {
    /// In `stack`.
    Now(usize),
    /// In `later`.
    Later(usize),
}

/// Everything, in the order of the number of preemptions.
pub(crate) struct Exhaustive {
    /// The most preemptions.
    bound: usize,
    /// How many schedules are begun at most: more branches are not kept.
    limit: u64,
    /// Leave nothing out.
    plain: bool,
    begun: u64,
    redundant: u64,
    /// The states of this round, the next one last.
    stack: Vec<State>,
    /// Those whose branches have one preemption more.
    later: Vec<State>,
    /// How many branches those have.
    branches_later: u64,
    run: Run,
}

/// The schedule that is being run.
#[derive(Default)]
struct Run {
    path: Vec<Number>,
    /// How it begins.
    forced: Vec<Number>,
    /// Who is asleep.
    asleep: Vec<Sleeper>,
    preemptions: usize,
    /// Who has to make the next step: it was lightly asleep.
    must: Option<Number>,
    /// It is known to be as an earlier one, and is run to its end without branches.
    redundant: bool,
    /// The state whose branch the last step was.
    branch_of: Option<Kept>,
}

impl Exhaustive {
    pub(crate) fn new(bound: usize, limit: u64) -> Exhaustive {
        Exhaustive {
            bound,
            limit,
            plain: false,
            begun: 0,
            redundant: 0,
            stack: Vec::new(),
            later: Vec::new(),
            branches_later: 0,
            run: Run::default(),
        }
    }

    /// One that leaves nothing out.
    #[cfg(test)]
    pub(crate) fn plain(bound: usize) -> Exhaustive {
        Exhaustive {
            plain: true,
            ..Exhaustive::new(bound, u64::MAX)
        }
    }

    fn state(&mut self, kept: Kept) -> Option<&mut State> {
        match kept {
            Kept::Now(index) => self.stack.get_mut(index),
            Kept::Later(index) => self.later.get_mut(index),
        }
    }

    /// The last step is over: who sleeps on, and whether it is asleep in later branches.
    fn settle(&mut self, last: Option<Last<'_>>, turn: Option<&Turn<'_>>) {
        let Some(last) = last else { return };
        if turn
            .and_then(|turn| turn.find(last.number))
            .is_some_and(|now| now.gave_way)
        {
            self.run.asleep.clear();
            self.run.branch_of = None;
            return;
        }
        let wakes_same = |woke: &[Number]| woke.iter().any(|number| last.woke.contains(number));
        self.run.asleep.retain(|sleeper| {
            let pending = turn.and_then(|turn| turn.find(sleeper.number));
            pending.is_some_and(|pending| !pending.reach.overlaps(last.reach)) && !wakes_same(&sleeper.woke)
        });
        let Some(kept) = self.run.branch_of.take() else {
            return;
        };
        let bounded = self.bound != usize::MAX;
        if let Some(state) = self.state(kept) {
            let wants_on = turn.is_some_and(|turn| turn.wants_on(last.number));
            state.taken.push(Sleeper {
                number: last.number,
                woke: last.woke.to_vec(),
                fast: !bounded || state.prior == Some(last.number) || !wants_on,
            });
        }
    }

    /// The last step of what is forced: a branch of the state on top.
    fn take_branch(&mut self, number: Number) {
        let index = self.stack.len() - 1;
        if self.stack[index].picks {
            self.run.asleep.clone_from(&self.stack[index].asleep);
            return;
        }
        self.run.branch_of = Some(Kept::Now(index));
        if !self.plain {
            let state = &self.stack[index];
            self.run.asleep = state.asleep.iter().chain(&state.taken).cloned().collect();
        }
        self.wake_chosen(number);
    }

    /// Who is chosen is asleep no more.
    fn wake_chosen(&mut self, number: Number) {
        let sleepers = self.run.asleep.len();
        self.run.asleep.retain(|sleeper| sleeper.number != number);
        if self.run.asleep.len() < sleepers {
            self.run.must = Some(number);
        }
    }

    /// Chooses freely, and keeps the other branches.
    fn explore(&mut self, turn: &Turn<'_>) -> Number {
        if self.run.redundant {
            return turn.usual();
        }
        if let Some(must) = self.run.must.take()
            && turn.wants_on(must)
        {
            return must;
        }
        let fast = |number| self.run.asleep.iter().any(|s| s.fast && s.number == number);
        let mut options: Vec<Number> = turn.eligible().map(|enabled| enabled.number).collect();
        options.retain(|&number| !fast(number));
        let Some(&lowest) = options.first() else {
            self.run.redundant = true;
            self.redundant += 1;
            return turn.usual();
        };
        let usual = turn.usual();
        let first = if options.contains(&usual) { usual } else { lowest };
        options.retain(|&number| number != first);
        let cost = usize::from(options.first().is_some_and(|&other| turn.preempts(other)));
        if !options.is_empty() && self.run.preemptions + cost <= self.bound {
            self.keep(turn, options, cost);
        }
        self.wake_chosen(first);
        first
    }

    /// Keeps this state for its branches.
    fn keep(&mut self, turn: &Turn<'_>, mut options: Vec<Number>, cost: usize) {
        options.reverse();
        let branches = options.len() as u64;
        let state = State {
            path: self.run.path.clone(),
            prior: turn.last.map(|last| last.number),
            asleep: self.run.asleep.clone(),
            taken: Vec::new(),
            left: options,
            picks: false,
        };
        if cost == 0 {
            self.run.branch_of = Some(Kept::Now(self.stack.len()));
            self.stack.push(state);
        } else if self.begun + self.branches_later < self.limit {
            self.run.branch_of = Some(Kept::Later(self.later.len()));
            self.branches_later += branches;
            self.later.push(state);
        }
    }
}

impl Chooser for Exhaustive {
    fn begin(&mut self) -> bool {
        self.run = Run::default();
        self.begun += 1;
        if self.begun == 1 {
            return true;
        }
        loop {
            match self.stack.last_mut() {
                Some(state) => match state.left.pop() {
                    Some(branch) => {
                        self.run.forced.clone_from(&state.path);
                        self.run.forced.push(branch);
                        return true;
                    }
                    None => drop(self.stack.pop()),
                },
                None if self.later.is_empty() => return false,
                None => {
                    self.stack = std::mem::take(&mut self.later);
                    self.stack.reverse();
                    self.branches_later = 0;
                }
            }
        }
    }

    fn choose(&mut self, turn: &Turn<'_>) -> Number {
        self.settle(turn.last, Some(turn));
        let at = self.run.path.len();
        let number = match self.run.forced.get(at) {
            Some(&number) => {
                if at + 1 == self.run.forced.len() {
                    self.take_branch(number);
                }
                number
            }
            None => self.explore(turn),
        };
        self.run.preemptions += usize::from(turn.preempts(number));
        self.run.path.push(number);
        number
    }

    fn pick(&mut self, _: Number, count: usize) -> usize {
        // Whom such a step wakes depends on what it picks, so it is never asleep.
        self.run.branch_of = None;
        let at = self.run.path.len();
        let picked = match self.run.forced.get(at) {
            Some(&picked) => {
                if at + 1 == self.run.forced.len() {
                    self.take_branch(picked);
                }
                picked
            }
            None => {
                if !self.run.redundant {
                    self.stack.push(State {
                        path: self.run.path.clone(),
                        prior: None,
                        asleep: self.run.asleep.clone(),
                        taken: Vec::new(),
                        left: (1..count as Number).rev().collect(),
                        picks: true,
                    });
                }
                0
            }
        };
        self.run.path.push(picked);
        usize::from(picked)
    }

    fn end(&mut self, last: Option<Last<'_>>) {
        self.settle(last, None);
    }

    fn redundant(&self) -> u64 {
        self.redundant
    }
}
