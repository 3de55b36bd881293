//! Builds the sides whose tools are present, runs them in turn (A B C A B C …) and reports:
//! Markdown, JSON, plots.
//!
//! A round runs every side once for every workload, one process each, so that a slow spell of the
//! machine falls on all of them alike. What is reported for a side is the median of its rounds,
//! with the smallest and the largest.

mod options;
mod plots;
mod process;
mod record;
mod report;
mod rows;
mod served;
mod sides;

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use options::Options;
use process::Limits;
use record::{Machine, Record};
use sides::Side;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{}", options::USAGE);
        return ExitCode::SUCCESS;
    }
    let options = match options::parse(&args) {
        Ok(options) => options,
        Err(mistake) => {
            eprintln!("{mistake}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("driver: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let mut record = Record::new(Machine::this());
    // Before anything is measured, so that a file that cannot be read costs nothing.
    for path in &options.merge {
        record
            .merge(Record::read(path)?)
            .map_err(|why| format!("{}: {why}", path.display()))?;
    }
    if options.rounds > 0 {
        measure(options, &mut record)?;
    }
    save(options, &record)?;
    if let Some(directory) = &options.plots {
        for (name, svg) in plots::draw(&record)? {
            write(&directory.join(name), &svg)?;
        }
    }
    let report = report::markdown(&record, options);
    match &options.markdown {
        Some(path) => write(path, &report),
        None => {
            println!("{report}");
            Ok(())
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let write = || {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(path, text)
    };
    write().map_err(|error| format!("{}: {error}", path.display()))
}

fn measure(options: &Options, record: &mut Record) -> Result<(), String> {
    let sides: Vec<Side> = options
        .sides
        .iter()
        .filter_map(|name| sides::build(name))
        .collect();
    if sides.is_empty() {
        return Err("nothing to measure: no side could be built".into());
    }
    record.commands.push(options.command.clone());
    for side in &sides {
        record.side(&side.name, &side.version);
    }
    // What has failed in this run is not tried again: it may have cost a minute.
    let mut failed = Vec::new();
    for round in 1..=options.rounds {
        // What the first side can do, others are asked for in the same round.
        let mut common = served::Common::default();
        for item in &options.items {
            for side in sides.iter().filter(|side| side.can(item)) {
                if failed.contains(&(item, &side.name)) {
                    continue;
                }
                eprintln!(
                    "round {round}/{}: {} {} ({} workers)",
                    options.rounds, item.workload, side.name, item.procs
                );
                let printed = if served::is_one(&item.workload) {
                    side.serve(item, options.ms, &sides[0], &mut common)
                } else {
                    side.measure(item, options.ms, Limits::of(&side.name))
                };
                match printed {
                    Ok(printed) => record.add(item, side, printed),
                    Err(reason) => {
                        eprintln!("driver: {} on {}: {reason}", item.workload, side.name);
                        record.fail(item, &side.name, reason);
                        failed.push((item, &side.name));
                    }
                }
            }
        }
        // Of a run that is ended before its end, what there is.
        save(options, record)?;
    }
    Ok(())
}

fn save(options: &Options, record: &Record) -> Result<(), String> {
    match &options.json {
        Some(path) => write(path, &record.json()),
        None => Ok(()),
    }
}
