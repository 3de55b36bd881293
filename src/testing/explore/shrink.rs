//! Looks for a simpler schedule that still fails: fewer preemptions, then fewer switches, then
//! fewer steps.
//!
//! A schedule is a list of turns. What is left out of it is filled in as usual (who runs goes on;
//! else the lowest number), so a shorter list is a more ordinary schedule. Pieces are left out,
//! large ones first (Zeller's ddmin), and turns of the same goroutine are moved together, until
//! nothing helps or the time is over.

use super::chooser::Number;
use super::schedule::{Turns, runs_of};

/// What makes a schedule hard to read; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    pub(crate) preemptions: usize,
    pub(crate) switches: usize,
    pub(crate) steps: usize,
}

/// A schedule that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    pub(crate) choices: Vec<Number>,
    pub(crate) cost: Cost,
}

/// What came of a try.
pub(crate) enum Verdict {
    /// It fails too, and this is what was run.
    Fails(Tried),
    /// It does not fail, or otherwise.
    Passes,
    /// The time is over: it was not run.
    NoTime,
}

/// The best that is found, beginning with `best`, which fails.
pub(crate) fn shrink(mut best: Tried, mut attempt: impl FnMut(Vec<Turns>) -> Verdict) -> Tried {
    loop {
        let before = best.cost;
        for candidates in [leave_out, bring_together] {
            if !improve(&mut best, candidates, &mut attempt) {
                return best;
            }
        }
        if best.cost == before {
            return best;
        }
    }
}

/// Tries what `candidates` makes of the best, over and over as long as one is better. `false` if
/// the time is over.
fn improve(
    best: &mut Tried,
    candidates: fn(&[Turns], usize) -> Option<Vec<Turns>>,
    attempt: &mut impl FnMut(Vec<Turns>) -> Verdict,
) -> bool {
    let mut index = 0;
    while let Some(candidate) = candidates(&runs_of(&best.choices), index) {
        index += 1;
        match attempt(candidate) {
            Verdict::Fails(tried) if tried.cost < best.cost => {
                *best = tried;
                // What was tried before it did not help there and hardly will here: on from about
                // the same place, and `shrink` begins again after all.
                index = index.saturating_sub(1);
            }
            Verdict::Fails(_) | Verdict::Passes => {}
            Verdict::NoTime => return false,
        }
    }
    true
}

/// Candidate number `index`: all but a piece. First the second half, then the first; then quarters,
/// and so on to single turns.
fn leave_out(turns: &[Turns], mut index: usize) -> Option<Vec<Turns>> {
    let mut size = turns.len();
    while size > 0 {
        let pieces = turns.len().div_ceil(size);
        if index < pieces {
            let from = (pieces - 1 - index) * size;
            let to = (from + size).min(turns.len());
            let mut shorter = turns.to_vec();
            shorter.drain(from..to);
            return Some(shorter);
        }
        index -= pieces;
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    None
}

/// Candidate number `index`: a turn moved to the one before it of the same goroutine, or that one
/// moved here.
fn bring_together(turns: &[Turns], index: usize) -> Option<Vec<Turns>> {
    let pairs = (0..turns.len()).filter_map(|later| {
        let earlier = turns[..later]
            .iter()
            .rposition(|turn| turn.number == turns[later].number)?;
        Some((earlier, later))
    });
    let (earlier, later) = pairs.clone().nth(index / 2)?;
    let mut moved = turns.to_vec();
    if index.is_multiple_of(2) {
        let turn = moved.remove(later);
        moved[earlier].steps += turn.steps;
    } else {
        let turn = moved.remove(earlier);
        moved[later - 1].steps += turn.steps;
    }
    Some(moved)
}

#[cfg(test)]
mod tests {
    use super::super::chooser::Chooser;
    use super::super::follow::Follow;
    use super::super::random::Random;
    use super::super::toy::{Program, Ran, Toy, run};
    use super::*;

    fn tried(ran: &Ran) -> Tried {
        let choices: Vec<Number> = ran.steps.iter().map(|taken| taken.number).collect();
        Tried {
            cost: Cost {
                preemptions: ran.preemptions,
                switches: runs_of(&choices).len() - 1,
                steps: choices.len(),
            },
            choices,
        }
    }

    /// The bug: goroutine 1 writes between two steps of goroutine 0, and 2 after that.
    fn fails(ran: &Ran) -> bool {
        let at = |number, index| {
            ran.steps
                .iter()
                .position(|taken| taken.number == number && taken.index == index)
        };
        at(0, 3) < at(1, 5) && at(1, 5) < at(0, 4) && at(0, 4) < at(2, 0)
    }

    fn once(program: &Program, chooser: &mut dyn Chooser) -> Ran {
        run(program, chooser).unwrap_or_else(|| panic!("there is one"))
    }

    #[test]
    fn the_simplest_failure_is_found() {
        let program = vec![vec![Toy::Write(0); 10]; 4];
        let mut random = Random::new(3);
        let mut found = once(&program, &mut random);
        while !fails(&found) {
            found = once(&program, &mut random);
        }
        let found = tried(&found);
        let mut tries = 0;
        let best = shrink(found.clone(), |turns| {
            tries += 1;
            let ran = once(&program, &mut Follow::loosely(turns, &[]));
            if fails(&ran) {
                Verdict::Fails(tried(&ran))
            } else {
                Verdict::Passes
            }
        });
        assert!(found.cost.preemptions > 10, "a random walk: {found:?}");
        assert_eq!(best.cost.preemptions, 1, "{best:?}");
        assert_eq!(best.cost.switches, 4, "0, 1, 0, 2, 3: {best:?}");
        assert!(tries < 2000, "{tries}");
    }

    #[test]
    fn no_time_leaves_what_there_is() {
        let program = vec![vec![Toy::Write(0); 3]; 2];
        let found = tried(&once(&program, &mut Random::new(1)));
        assert_eq!(shrink(found.clone(), |_| Verdict::NoTime), found);
    }

    #[test]
    fn what_ran_is_run_again_exactly() {
        let program = vec![vec![Toy::Write(0); 6], vec![Toy::Lock(0), Toy::Unlock(0)]];
        for seed in 0..20 {
            let ran = once(&program, &mut Random::new(seed));
            let again = once(&program, &mut Follow::exactly(&tried(&ran).choices, &[]));
            assert_eq!(ran.steps, again.steps);
        }
    }
}
