//! The search: one schedule after the other, and what is done with the first that fails. It knows
//! schedules only by what came of them, and no runtime.

use std::panic::Location;
use std::time::Instant;

use super::chooser::{Chooser, Number};
use super::exhaustive::Exhaustive;
use super::follow::Follow;
use super::options::{Options, Strategy};
use super::report::{Failure, FailureKind, Report};
use super::schedule::{Pick, Schedule, place_of, runs_of};
use super::shrink::{Cost, Tried, Verdict, shrink};
use super::svg::svg;
use super::table::Picture;

/// A schedule that was run.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) choices: Vec<Number>,
    pub(crate) picks: Vec<Pick>,
    pub(crate) preemptions: usize,
    /// Of the steps.
    pub(crate) hash: u64,
    pub(crate) broken: Option<Broken>,
    /// Only if it failed.
    pub(crate) picture: Picture,
}

/// In what way it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl Broken {
    /// Whether it is the same bug, as far as one can tell. Of a panic the message counts, but for
    /// numbers in it; who is left waiting depends on the schedule.
    fn is_like(&self, other: &Broken) -> bool {
        let plain = |text: &str| text.split(|c: char| c.is_ascii_digit()).collect::<String>();
        self.kind == other.kind
            && (self.kind != FailureKind::Panic || plain(&self.message) == plain(&other.message))
    }
}

impl Ran {
    fn tried(&self) -> Tried {
        Tried {
            cost: Cost {
                preemptions: self.preemptions,
                switches: runs_of(&self.choices).len(),
                steps: self.choices.len(),
            },
            choices: self.choices.clone(),
        }
    }
}

/// Runs the program once under a strategy, which has been told that a schedule begins and is told
/// when it ends.
pub(crate) type RunOnce<'a> = dyn FnMut(Box<dyn Chooser>) -> (Box<dyn Chooser>, Ran) + 'a;

/// Searches. `place` is where `explore` was called, `replay` the schedule that is to be run in
/// place of a search.
pub(crate) fn search(
    options: &Options,
    place: &Location<'_>,
    replay: Option<&Schedule>,
    run: &mut RunOnce<'_>,
) -> Report {
    let mut report = Report {
        strategy: options.strategy,
        seed: options.seed,
        schedules: 0,
        pruned: 0,
        exhausted: false,
        replayed: replay.is_some(),
        steps: 0,
        elapsed: std::time::Duration::ZERO,
        failure: None,
    };
    let begun = Instant::now();
    let place = place_of(place);
    if let Some(schedule) = replay {
        let picks: Vec<Pick> = schedule
            .picks
            .iter()
            .map(|&pick| Pick { number: 0, pick })
            .collect();
        let ran = once(run, Box::new(Follow::exactly(&schedule.choices, &picks)));
        (report.schedules, report.steps) = (1, ran.choices.len() as u64);
        report.elapsed = begun.elapsed();
        let broken = if ran.hash == schedule.hash {
            ran.broken.clone()
        } else {
            let message = "these are not the steps that were recorded: was the program changed since?";
            Some(Broken {
                kind: FailureKind::NotDeterministic,
                message: message.to_owned(),
            })
        };
        report.failure = broken.map(|broken| Box::new(failure(options, place, 1, &ran, &ran, broken)));
        return report;
    }
    let mut chooser = options.strategy.chooser(options.seed, options.schedules);
    let found = loop {
        let late = options.time_limit.is_some_and(|limit| begun.elapsed() >= limit);
        if report.schedules >= options.schedules || late {
            break None;
        }
        if !chooser.begin() {
            report.exhausted = true;
            break None;
        }
        let (back, ran) = run(chooser);
        chooser = back;
        report.schedules += 1;
        report.steps += ran.choices.len() as u64;
        if ran.broken.is_some() {
            break Some(ran);
        }
    };
    report.pruned = chooser.redundant();
    report.elapsed = begun.elapsed();
    if let Some(found) = found {
        let (best, broken) = simplest(options, &found, run);
        report.failure = Some(Box::new(failure(
            options,
            place,
            report.schedules,
            &found,
            &best,
            broken,
        )));
    }
    report
}

fn once(run: &mut RunOnce<'_>, mut chooser: Box<dyn Chooser>) -> Ran {
    chooser.begin();
    run(chooser).1
}

/// Each leaves goroutines behind, with their stacks: so many do no harm.
const MOST_FAILURES: usize = 1000;

/// The simplest schedule that fails like this one, and in what way.
fn simplest(options: &Options, found: &Ran, run: &mut RunOnce<'_>) -> (Ran, Broken) {
    let Some(broken) = &found.broken else {
        unreachable!("only what has failed is shrunk")
    };
    let begun = Instant::now();
    let fails_like_it = |ran: &Ran| ran.broken.as_ref().is_some_and(|other| other.is_like(broken));
    let mut best = found.tried();
    let mut picks = found.picks.clone();
    if broken.kind != FailureKind::NotDeterministic && !options.shrink.is_zero() {
        // Half of the time for each: pieces are left out, and then all schedules with fewer
        // preemptions are tried.
        let mut least = best.cost;
        let mut failures = 0;
        best = shrink(best, |turns| {
            if begun.elapsed() >= options.shrink / 2 || failures == MOST_FAILURES {
                return Verdict::NoTime;
            }
            let ran = once(run, Box::new(Follow::loosely(turns, &picks)));
            if !fails_like_it(&ran) {
                return Verdict::Passes;
            }
            failures += 1;
            let tried = ran.tried();
            if tried.cost < least {
                least = tried.cost;
                picks = ran.picks;
            }
            Verdict::Fails(tried)
        });
        let exhaustive = matches!(options.strategy, Strategy::Exhaustive { .. });
        if let Some(bound) = best.cost.preemptions.checked_sub(1)
            && !exhaustive
        {
            let mut chooser: Box<dyn Chooser> = Box::new(Exhaustive::new(bound, options.schedules));
            let mut left = options.schedules;
            while left > 0 && begun.elapsed() < options.shrink && chooser.begin() {
                left -= 1;
                let (back, ran) = run(chooser);
                chooser = back;
                if fails_like_it(&ran) {
                    best = ran.tried();
                    picks = ran.picks;
                    break;
                }
            }
        }
    }
    // Once more as it will be run by whoever gets the text.
    let last = once(run, Box::new(Follow::exactly(&best.choices, &picks)));
    match &last.broken {
        Some(other) if other.is_like(broken) => {
            let broken = other.clone();
            (last, broken)
        }
        _ => {
            let message = format!(
                "a schedule failed ({}: {}), and did something else when it was run again: the program asks for a time, a random \
                 number, or what other threads do",
                broken.kind, broken.message
            );
            let kind = FailureKind::NotDeterministic;
            (last, Broken { kind, message })
        }
    }
}

fn failure(options: &Options, place: u16, found_at: u64, found: &Ran, best: &Ran, broken: Broken) -> Failure {
    let schedule = Schedule {
        place,
        choices: best.choices.clone(),
        picks: best.picks.iter().map(|pick| pick.pick).collect(),
        hash: best.hash,
    }
    .to_string();
    let file = options.svg.as_ref().map(|directory| {
        let path = directory.join(format!("schedule-{place:04x}-{:08x}.svg", best.hash as u32));
        let title = format!("{}: {}", broken.kind, broken.message);
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::write(&path, svg(&best.picture, &title)))
            .map(|()| path.clone())
            .map_err(|error| format!("{}: {error}", path.display()))
    });
    Failure {
        kind: broken.kind,
        message: broken.message,
        found_at,
        preemptions: best.preemptions,
        first_preemptions: found.preemptions,
        steps: best.choices.len(),
        schedule,
        table: best.picture.to_string(),
        svg: file,
    }
}
