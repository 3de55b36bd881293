//! The report in Markdown: ratios with goals, all figures, what stands in for what, how it was
//! measured.

use std::fmt::Write;

use crate::options::Options;
use crate::plots;
use crate::record::{Record, Summary};
use crate::rows::{ROWS, Row, SERVED_ROWS, SIDES, STAND_INS};

/// The workers of the tables; other numbers are in the plots.
const PROCS: usize = 2;

/// To a `String`, which takes everything.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {
        writeln!($text, $($format)*).expect("a string")
    };
}

pub(crate) fn markdown(record: &Record, options: &Options) -> String {
    let sides: Vec<&str> = SIDES
        .into_iter()
        .filter(|&name| record.sides.iter().any(|side| side.0 == name))
        .collect();
    let measured = |row: &&Row| {
        sides.iter().any(|side| {
            record.get(row.workload, PROCS, side, row.figure).is_some()
                || record.failure(row.workload, PROCS, side).is_some()
        })
    };
    let served: Vec<&Row> = SERVED_ROWS.iter().filter(measured).collect();
    let rows: Vec<&Row> = ROWS.iter().filter(measured).collect();
    let mut text = String::from("# Benchmarks\n\n");
    conditions(&mut text, record);
    if !served.is_empty() {
        outside(&mut text, record, &sides, &served);
    }
    if !rows.is_empty() {
        if sides.contains(&"go") && sides.len() > 1 {
            line!(
                text,
                "\n## Ratios to Go\n\nSmaller is better. ✓ and ✗: whether the goal is reached. \\*: something stands in for \
                 what that side lacks, see below.\n"
            );
            ratios(&mut text, record, &sides, &rows);
        }
        line!(text, "\n## All figures\n\nMedian (smallest to largest).\n");
        figures(&mut text, record, &sides, &rows);
        failures(&mut text, record);
        stand_ins(&mut text, &sides, &rows);
    }
    pictures(&mut text, record, options);
    text
}

fn conditions(text: &mut String, record: &Record) {
    let machine = &record.machine;
    line!(
        text,
        "Written by `benches/run`; [benches/README.md](../benches/README.md) says what each workload does, and how to repeat this.\n"
    );
    line!(
        text,
        "{} cores ({}), {} GB, {}. Every side on 2 workers, except where a plot says otherwise; one process for each \
         figure, the sides in turn. Where several rounds were run, a figure is their median.\n",
        machine.cores,
        machine.processor,
        machine.memory_gb,
        machine.kernel
    );
    line!(text, "```sh");
    for command in &record.commands {
        line!(text, "{command}");
    }
    line!(text, "```\n");
    for (name, version) in &record.sides {
        line!(text, "- {name}: {version}");
    }
}

/// Servers whose clients are not in the process.
fn outside(text: &mut String, record: &Record, sides: &[&str], rows: &[&Row]) {
    // Those that are no servers have no column.
    let sides: Vec<&str> = sides
        .iter()
        .copied()
        .filter(|side| {
            rows.iter()
                .any(|row| record.get(row.workload, PROCS, side, row.figure).is_some())
        })
        .collect();
    line!(
        text,
        "\n## Servers, with clients in another process\n\nHow long a client waits for its answer, and what the server's process \
         takes of the processors for it. The clients run on the same cores.\n"
    );
    if sides.contains(&"go") && sides.len() > 1 {
        line!(
            text,
            "Ratios to Go: smaller is better. ✓ and ✗: whether the goal is reached.\n"
        );
        ratios(text, record, &sides, rows);
        line!(text, "\nMedian (smallest to largest):\n");
    }
    figures(text, record, &sides, rows);
}

fn ratios(text: &mut String, record: &Record, sides: &[&str], rows: &[&Row]) {
    line!(text, "| workload | Go | {} | goal |", sides[1..].join(" | "));
    line!(text, "|---|---:|{}---:|", "---:|".repeat(sides.len() - 1));
    for row in rows {
        let go = record.get(row.workload, PROCS, "go", row.figure);
        let mut cells = vec![go.map_or("–".into(), |(s, unit)| quantity(s.median, unit))];
        for side in &sides[1..] {
            let own = record.get(row.workload, PROCS, side, row.figure);
            cells.push(match (own, go) {
                (Some((own, _)), Some((go, _))) => {
                    let ratio = own.median / go.median;
                    format!("{ratio:.2}{}{}", mark(row, side, ratio), star(row, side))
                }
                (Some(_), None) => "?".into(),
                (None, _) => missing(record, row, side),
            });
        }
        let goal = match row.goal {
            None => String::new(),
            Some((any, slab)) if any == slab => format!("{any}"),
            Some((any, slab)) => format!("{any} (slab {slab})"),
        };
        line!(text, "| {} | {} | {goal} |", row.label, cells.join(" | "));
    }
}

/// Whether a backing of gort has reached the goal.
fn mark(row: &Row, side: &str, ratio: f64) -> &'static str {
    let goal = match (row.goal, side.trim_end_matches("-lto")) {
        (Some((any, _)), "gort") => any,
        (Some((_, slab)), "gort-slab") => slab,
        _ => return "",
    };
    if ratio <= goal { " ✓" } else { " ✗" }
}

fn star(row: &Row, side: &str) -> &'static str {
    let stands_in = STAND_INS
        .iter()
        .any(|(name, workloads, _)| *name == side && workloads.contains(&row.workload));
    if stands_in { " \\*" } else { "" }
}

fn missing(record: &Record, row: &Row, side: &str) -> String {
    match record.failure(row.workload, PROCS, side) {
        Some(_) => "cannot".into(),
        None => "–".into(),
    }
}

fn figures(text: &mut String, record: &Record, sides: &[&str], rows: &[&Row]) {
    line!(text, "| workload | {} |", sides.join(" | "));
    line!(text, "|---|{}", "---:|".repeat(sides.len()));
    for row in rows {
        let cell = |side: &&str| match record.get(row.workload, PROCS, side, row.figure) {
            Some((s, unit)) => spread(s, unit),
            None => missing(record, row, side),
        };
        let cells: Vec<_> = sides.iter().map(cell).collect();
        line!(text, "| {} | {} |", row.label, cells.join(" | "));
    }
}

fn failures(text: &mut String, record: &Record) {
    if record.failures.is_empty() {
        return;
    }
    line!(text, "\nWhat a side was asked for and did not do:\n");
    for failure in &record.failures {
        line!(
            text,
            "- {}, {}: {}",
            failure.side,
            failure.workload,
            failure.reason
        );
    }
}

fn stand_ins(text: &mut String, sides: &[&str], rows: &[&Row]) {
    let concerns = |workloads: &[&str]| rows.iter().any(|row| workloads.contains(&row.workload));
    let all: Vec<_> = STAND_INS
        .iter()
        .filter(|(side, workloads, _)| sides.contains(side) && concerns(workloads))
        .collect();
    if all.is_empty() {
        return;
    }
    line!(text, "\n## What stands in for what\n");
    for (side, workloads, what) in all {
        line!(text, "- {side} ({}): {what}.", workloads.join(", "));
    }
}

fn pictures(text: &mut String, record: &Record, options: &Options) {
    let Some(directory) = &options.plots else {
        return;
    };
    let beside = options.markdown.as_deref().and_then(|path| path.parent());
    let shown = beside
        .and_then(|beside| directory.strip_prefix(beside).ok())
        .unwrap_or(directory);
    let all = plots::present(record);
    if all.is_empty() {
        return;
    }
    line!(text, "\n## Plots\n");
    for (name, title) in all {
        line!(text, "![{title}]({})\n", shown.join(name).display());
    }
    line!(text, "{}", include_str!("../../plots.md").trim_end());
}

/// Three figures are as many as such a measurement carries.
fn short(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

/// With the unit that gives it few digits.
fn quantity(value: f64, unit: &str) -> String {
    let (divisor, unit) = scale(value, unit);
    format!("{} {unit}", short(value / divisor))
}

fn spread(s: Summary, unit: &str) -> String {
    let (divisor, unit) = scale(s.median, unit);
    let [median, min, max] = [s.median, s.min, s.max].map(|v| short(v / divisor));
    format!("{median} {unit} ({min} to {max})")
}

fn scale(value: f64, unit: &str) -> (f64, &str) {
    match unit {
        "ns" if value >= 10_000.0 => (1000.0, "µs"),
        "B" if value >= 10_000.0 => (1000.0, "kB"),
        unit => (1.0, unit),
    }
}
