//! From the steps of a schedule to what the table shows.

use std::collections::HashMap;
use std::panic::Location;

use gort_runtime::explore::Op;

use super::chooser::Number;
use super::table::{Picture, Row, base};

/// What a goroutine is called, and where it was started.
pub(super) type Name = (Option<String>, &'static Location<'static>);

/// A step that was taken.
pub(super) struct Taken {
    pub(super) number: Number,
    pub(super) op: Op,
    /// Where the object lies, if it is one.
    pub(super) object: Option<usize>,
    pub(super) site: &'static Location<'static>,
    /// It has waited for this.
    pub(super) resumes: bool,
    pub(super) preempts: bool,
    pub(super) waits: bool,
}

/// `b worker`: the letter is that of `GORT_SCHEDULE`.
pub(super) fn title(names: &[Name], number: Number) -> String {
    let letter = match u8::try_from(number) {
        Ok(small @ 0..26) => char::from(b'a' + small).to_string(),
        _ => number.to_string(),
    };
    match names.get(usize::from(number)) {
        Some((Some(name), _)) => format!("{letter} {name}"),
        Some((None, site)) => format!("{letter} {}:{}", base(site.file()), site.line()),
        None => letter,
    }
}

/// Where a step is. A guard unlocks in its destructor, whose caller nobody knows: shown is where it was locked.
fn site(before: &[Taken], taken: &Taken) -> &'static Location<'static> {
    if !taken.op.verb.ends_with("unlock") {
        return taken.site;
    }
    let mut own = before.iter().rev().filter(|other| other.number == taken.number);
    if own.clone().next().is_some_and(|last| last.op.object == "cond") {
        // It is part of the wait.
        return taken.site;
    }
    let locked = own.find(|other| other.object == taken.object);
    locked.map_or(taken.site, |other| other.site)
}

/// `woke`: by step.
pub(super) fn picture(
    names: &[Name],
    steps: &[Taken],
    woke: &[(usize, Number)],
    ends: Vec<(Number, String)>,
) -> Picture {
    // Objects are numbered as they appear, each kind by itself.
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    let mut of_kind: HashMap<&str, usize> = HashMap::new();
    let mut rows: Vec<Row> = Vec::with_capacity(steps.len());
    // By step: its row.
    let mut row_of: Vec<Option<usize>> = Vec::with_capacity(steps.len());
    // Of whom a preemption is still to be shown.
    let mut star: Option<Number> = None;
    for (step, taken) in steps.iter().enumerate() {
        if taken.op.verb == "start" {
            // Nothing happens there: what matters is the first operation.
            star = taken.preempts.then_some(taken.number);
            row_of.push(None);
            continue;
        }
        let preempts = taken.preempts || star.take() == Some(taken.number);
        row_of.push(Some(rows.len()));
        let mut text = taken.op.verb.to_owned();
        if !taken.op.object.is_empty() {
            text = format!("{text} {}", taken.op.object);
            if let Some(object) = taken.object {
                let number = numbers.entry(object).or_insert_with(|| {
                    let count = of_kind.entry(taken.op.object).or_default();
                    *count += 1;
                    *count
                });
                text = format!("{text} {number}");
            }
        }
        if taken.resumes {
            text = format!("… {text}");
        }
        rows.push(Row {
            number: taken.number,
            text,
            site: site(&steps[..step], taken),
            preempts,
            waits: taken.waits,
            woke: Vec::new(),
        });
    }
    for &(step, number) in woke {
        if let Some(Some(row)) = row_of.get(step) {
            rows[*row].woke.push(number);
        }
    }
    let all = 0..names.len();
    Picture {
        names: all.map(|number| title(names, number as Number)).collect(),
        rows,
        ends,
    }
}
