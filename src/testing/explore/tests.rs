//! The strategies, on a machine of which everything is known.

use std::collections::HashSet;

use super::chooser::Chooser;
use super::exhaustive::Exhaustive;
use super::pct::Pct;
use super::random::Random;
use super::toy::{Program, Ran, Taken, Toy, run};

const UNBOUNDED: usize = usize::MAX;

/// All schedules of a search.
fn all(program: &Program, mut search: Exhaustive) -> (Vec<Ran>, u64) {
    let runs = std::iter::from_fn(|| run(program, &mut search)).collect();
    (runs, search.redundant())
}

fn outcomes(runs: &[Ran]) -> HashSet<Vec<Taken>> {
    runs.iter().map(Ran::canonical).collect()
}

fn binomial(n: u64, k: u64) -> u64 {
    (1..=k).fold(1, |product, i| product * (n - k + i) / i)
}

#[test]
fn all_interleavings_of_two_are_run_once() {
    for n in 1..=6 {
        let program = vec![vec![Toy::Write(0); n]; 2];
        let (runs, redundant) = all(&program, Exhaustive::new(UNBOUNDED, u64::MAX));
        let different: HashSet<&Vec<Taken>> = runs.iter().map(|ran| &ran.steps).collect();
        assert_eq!(runs.len() as u64, binomial(2 * n as u64, n as u64));
        assert_eq!((different.len(), redundant), (runs.len(), 0), "each once");
    }
}

#[test]
fn steps_that_commute_are_run_in_one_order() {
    let program = vec![vec![Toy::Local; 5], vec![Toy::Read(0); 5], vec![Toy::Write(1); 5]];
    let (runs, redundant) = all(&program, Exhaustive::new(UNBOUNDED, u64::MAX));
    assert_eq!(runs.len() as u64 - redundant, 1);
    let everything = all(&vec![vec![Toy::Local; 3]; 3], Exhaustive::plain(UNBOUNDED)).0;
    assert_eq!(everything.len(), 1680, "9! / 3!^3");
}

#[test]
fn rounds_come_by_the_number_of_preemptions() {
    let program = vec![vec![Toy::Write(0); 3]; 3];
    let (runs, _) = all(&program, Exhaustive::new(2, u64::MAX));
    assert_eq!(runs[0].preemptions, 0);
    assert!(runs.is_sorted_by_key(|ran| ran.preemptions));
    assert_eq!(runs.last().map(|ran| ran.preemptions), Some(2));
}

/// A few small programs, by a number.
fn program_of(number: u64) -> Program {
    let mut dice = super::chooser::Dice::new(number, 0);
    let goroutines = 2 + dice.below(2);
    let length = 1 + dice.below(if goroutines == 2 { 5 } else { 3 });
    (0..goroutines)
        .map(|_| {
            let mut held = Vec::new();
            let mut list = Vec::new();
            while list.len() < length {
                list.push(match dice.below(8) {
                    0 => Toy::Local,
                    1 | 2 => Toy::Read(dice.below(2)),
                    3 | 4 => Toy::Write(dice.below(2)),
                    5 if held.len() < 2 => {
                        let lock = dice.below(2);
                        if held.contains(&lock) {
                            continue;
                        }
                        held.push(lock);
                        Toy::Lock(lock)
                    }
                    6 if !held.is_empty() => Toy::Unlock(held.remove(dice.below(held.len()))),
                    7 => Toy::GiveWay,
                    _ => continue,
                });
            }
            list.extend(held.into_iter().map(Toy::Unlock));
            list
        })
        .collect()
}

#[test]
fn nothing_is_lost_by_what_is_left_out() {
    let (mut plain_runs, mut runs) = (0, 0);
    for number in 0..150 {
        let program = program_of(number);
        for bound in [0, 1, 2, 3, UNBOUNDED] {
            let plain = all(&program, Exhaustive::plain(bound)).0;
            let (pruned, redundant) = all(&program, Exhaustive::new(bound, u64::MAX));
            assert!(pruned.iter().all(|ran| ran.preemptions <= bound));
            assert_eq!(
                outcomes(&plain),
                outcomes(&pruned),
                "bound {bound}, program {number}: {program:?}"
            );
            let full = pruned.len() as u64 - redundant;
            if bound == UNBOUNDED {
                assert_eq!(full, outcomes(&plain).len() as u64, "one schedule an outcome");
            }
            plain_runs += plain.len();
            runs += pruned.len();
        }
    }
    assert!(runs * 2 < plain_runs, "{runs} of {plain_runs}");
}

#[test]
fn a_limit_only_cuts_the_end_off() {
    let program = vec![vec![Toy::Write(0); 4]; 3];
    let whole = all(&program, Exhaustive::new(3, u64::MAX)).0;
    let mut limited = Exhaustive::new(3, 40);
    let first: Vec<Ran> = (0..40).map_while(|_| run(&program, &mut limited)).collect();
    assert_eq!(first.len(), 40);
    for (a, b) in first.iter().zip(&whole) {
        assert_eq!(a.steps, b.steps);
    }
}

/// How many of the schedules are such.
fn hits(program: &Program, chooser: &mut dyn Chooser, runs: usize, hit: fn(&Ran) -> bool) -> usize {
    (0..runs)
        .filter_map(|_| run(program, chooser))
        .filter(hit)
        .count()
}

/// Of two steps, which is first.
fn before(ran: &Ran, a: (u16, usize), b: (u16, usize)) -> bool {
    let at = |(number, index)| {
        ran.steps
            .iter()
            .position(|taken| taken.number == number && taken.index == index)
    };
    at(a) < at(b)
}

#[test]
fn pct_keeps_its_bound() {
    const RUNS: usize = 20_000;
    let program = vec![vec![Toy::Write(0); 10]; 3];
    // The sums are of a fixed seed, so they are the same everywhere. `n * k^(d-1)` of 3 goroutines
    // and 30 steps.
    let depth1 = hits(&program, &mut Pct::new(1, 1), RUNS, |ran| {
        before(ran, (2, 9), (0, 0))
    });
    assert!(depth1 >= RUNS / 3, "{depth1}");
    let depth2 = hits(&program, &mut Pct::new(1, 2), RUNS, |ran| {
        before(ran, (0, 4), (1, 0)) && before(ran, (1, 9), (0, 5))
    });
    assert!(depth2 >= RUNS / (3 * 30), "{depth2}");
    let depth3 = hits(&program, &mut Pct::new(1, 3), RUNS * 4, |ran| {
        before(ran, (0, 4), (1, 0)) && before(ran, (1, 3), (0, 5)) && before(ran, (0, 9), (1, 4))
    });
    assert!(depth3 >= RUNS * 4 / (3 * 30 * 30), "{depth3}");
    // A random walk gets there much more rarely: that is what priorities are for.
    let random = hits(&program, &mut Random::new(1), RUNS, |ran| {
        before(ran, (0, 4), (1, 0)) && before(ran, (1, 9), (0, 5))
    });
    assert!(random * 10 < depth2, "{random} against {depth2}");
}

#[test]
fn the_same_seed_makes_the_same_schedules() {
    let program = program_of(7);
    let steps = |chooser: &mut dyn Chooser| -> Vec<Vec<Taken>> {
        (0..50)
            .filter_map(|_| run(&program, chooser))
            .map(|ran| ran.steps)
            .collect()
    };
    assert_eq!(steps(&mut Random::new(3)), steps(&mut Random::new(3)));
    assert_eq!(steps(&mut Pct::new(3, 3)), steps(&mut Pct::new(3, 3)));
    assert_ne!(steps(&mut Random::new(3)), steps(&mut Random::new(4)));
}

#[test]
fn one_who_gives_way_does_not_keep_the_others_waiting() {
    // Whoever looks again and again until the other one has written: fewer looks than steps of the
    // other.
    let program = vec![vec![Toy::GiveWay; 50], vec![Toy::Write(0); 5]];
    for chooser in [
        &mut Pct::new(1, 1) as &mut dyn Chooser,
        &mut Exhaustive::new(0, u64::MAX),
        &mut Random::new(1),
    ] {
        let Some(ran) = run(&program, chooser) else {
            panic!("one schedule at least")
        };
        let last = ran.steps.iter().rposition(|taken| taken.number == 1);
        assert!(last.is_some_and(|last| last < 11), "{last:?}");
    }
}
