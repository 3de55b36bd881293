//! One schedule of a real program: between the strategy, which knows numbers and reaches, and the
//! runtime, which knows goroutines.

use std::panic::Location;
use std::sync::Arc;

use gort_runtime::explore::{self, Director, Ending, Reach};

use super::chooser::{Chooser, Enabled, Last, Number, Turn};
use super::picture::{Name, Taken, picture, title};
use super::report::FailureKind;
use super::schedule::{Hash, Pick};
use super::search::{Broken, Ran};
use super::table::Picture;

/// Asks the strategy, and writes down what it says.
struct Recorder {
    /// None only while it is given back.
    chooser: Option<Box<dyn Chooser>>,
    max_steps: usize,
    taken: Vec<Taken>,
    /// By step: whom it woke.
    woke: Vec<(usize, Number)>,
    picks: Vec<Pick>,
    preemptions: usize,
    last_reach: Reach,
    names: Vec<Name>,
    over: Option<Broken>,
}

impl Director for Recorder {
    fn choose(&mut self, turn: &explore::Turn<'_>) -> Option<usize> {
        let enabled: Vec<Enabled<'_>> = turn
            .enabled
            .iter()
            .map(|candidate| Enabled {
                number: candidate.number,
                reach: &candidate.step.reach,
                gave_way: candidate.gave_way,
            })
            .collect();
        self.note_end_of_step(turn.woke, |number| enabled.iter().any(|one| one.number == number));
        if self.taken.len() >= self.max_steps {
            let most = self.max_steps;
            self.over = Some(Broken {
                kind: FailureKind::StepLimit,
                message: format!("more than {most} steps, and no end: perhaps a livelock"),
            });
            return None;
        }
        let question = Turn {
            last: turn.last.map(|number| Last {
                number,
                reach: &self.last_reach,
                woke: turn.woke,
            }),
            enabled: &enabled,
        };
        let number = self.chooser.as_mut()?.choose(&question);
        let Some(index) = enabled.iter().position(|one| one.number == number) else {
            let message = "whoever went on there when the schedule was recorded cannot go on now";
            self.over = Some(Broken {
                kind: FailureKind::NotDeterministic,
                message: message.to_owned(),
            });
            return None;
        };
        let preempts = question.preempts(number);
        self.preemptions += usize::from(preempts);
        let chosen = &turn.enabled[index];
        self.last_reach.clone_from(&chosen.step.reach);
        self.taken.push(Taken {
            number,
            op: chosen.step.op,
            object: chosen.step.reach.object(),
            site: chosen.step.site,
            resumes: chosen.resumes,
            preempts,
            waits: false,
        });
        Some(index)
    }

    fn pick(&mut self, count: usize) -> usize {
        let number = self.taken.last().map_or(0, |taken| taken.number);
        let Some(chooser) = &mut self.chooser else {
            return 0;
        };
        let pick = chooser.pick(number, count);
        self.picks.push(Pick {
            number,
            pick: pick as u16,
        });
        pick
    }

    fn started(&mut self, _: Number, name: Option<&str>, site: &'static Location<'static>) {
        self.names.push((name.map(str::to_owned), site));
    }
}

impl Recorder {
    fn note_end_of_step(&mut self, woke: &[Number], can_go_on: impl Fn(Number) -> bool) {
        let Some(step) = self.taken.len().checked_sub(1) else {
            return;
        };
        let last = &mut self.taken[step];
        last.waits = last.op.verb != "end" && !can_go_on(last.number);
        let goroutines = woke.iter().filter(|&&number| number < explore::SET_TIMER);
        self.woke.extend(goroutines.map(|&number| (step, number)));
    }

    /// What the ending means, and what stands under the columns.
    fn judge(&mut self, ending: Ending, deny_leaks: bool) -> Option<(Broken, Vec<(Number, String)>)> {
        let waiting = match ending {
            Ending::Passed => return None,
            Ending::Panicked { number, message } => {
                let end = format!("panic: {message}");
                let kind = FailureKind::Panic;
                return Some((Broken { kind, message }, vec![(number, end)]));
            }
            Ending::Stopped => return Some((self.over.take()?, Vec::new())),
            Ending::Stuck(waiting) => waiting,
        };
        let (kind, head) = if waiting.iter().any(|one| one.number == 0) {
            (FailureKind::Deadlock, "all goroutines are asleep")
        } else if deny_leaks {
            (
                FailureKind::Leak,
                "the closure has returned, and these wait for ever",
            )
        } else {
            return None;
        };
        let lines: Vec<String> = waiting
            .iter()
            .map(|one| {
                let line = format!(
                    "\n    goroutine {} [{}]",
                    title(&self.names, one.number),
                    one.reason
                );
                one.site
                    .map_or_else(|| line.clone(), |site| format!("{line} at {site}"))
            })
            .collect();
        let ends = waiting
            .iter()
            .map(|one| (one.number, format!("[{}]", one.reason)));
        let message = format!("{head}:{}", lines.concat());
        Some((Broken { kind, message }, ends.collect()))
    }
}

fn hash_of(taken: &[Taken]) -> u64 {
    let mut hash = Hash::new();
    for step in taken {
        hash.step(step.number, step.op.verb, step.site);
    }
    hash.finish()
}

/// Runs the program once.
pub(super) fn run<F>(
    chooser: Box<dyn Chooser>,
    max_steps: usize,
    deny_leaks: bool,
    program: &Arc<F>,
) -> (Box<dyn Chooser>, Ran)
where
    F: Fn() + Send + Sync + 'static,
{
    let recorder = Recorder {
        chooser: Some(chooser),
        max_steps,
        taken: Vec::new(),
        woke: Vec::new(),
        picks: Vec::new(),
        preemptions: 0,
        last_reach: Reach::Nothing,
        names: Vec::new(),
        over: None,
    };
    let program = Arc::clone(program);
    let (mut recorder, ending) = explore::run_once(recorder, move || program());
    let waits: Vec<Number> = match &ending {
        Ending::Stuck(waiting) => waiting.iter().map(|one| one.number).collect(),
        _ => Vec::new(),
    };
    recorder.note_end_of_step(&[], |number| !waits.contains(&number));
    let Some(mut chooser) = recorder.chooser.take() else {
        unreachable!("it is taken once")
    };
    let last = recorder.taken.last().map(|taken| taken.number);
    chooser.end(last.map(|number| Last {
        number,
        reach: &recorder.last_reach,
        woke: &[],
    }));
    // Of schedules that pass nobody asks, and there are many.
    let judged = recorder.judge(ending, deny_leaks);
    let hash = if judged.is_some() || chooser.repeats() {
        hash_of(&recorder.taken)
    } else {
        0
    };
    let (broken, picture) = match judged {
        Some((broken, ends)) => {
            let picture = picture(&recorder.names, &recorder.taken, &recorder.woke, ends);
            (Some(broken), picture)
        }
        None => (None, Picture::default()),
    };
    let ran = Ran {
        choices: recorder.taken.iter().map(|taken| taken.number).collect(),
        picks: recorder.picks,
        preemptions: recorder.preemptions,
        hash,
        broken,
        picture,
    };
    (chooser, ran)
}
