//! Prints the MD5 of every file below a directory, as `find DIR -type f | sort | xargs md5sum` does.
//!
//! The bounded pipeline of "Go Concurrency Patterns: Pipelines and cancellation" (the Go blog): a walker goroutine, a
//! fixed number of digesters, a collector, and a `done` channel that ends them all early. Unlike there, a file that cannot
//! be read does not stop the others. Rooms: `args` (the command line), `walk` (which files, in which order), `digest` (one
//! file), `pipeline` (the goroutines), `report` (what a person sees).

mod args;
mod digest;
mod pipeline;
mod report;
mod walk;

use std::process::ExitCode;

use args::{Args, Command};
use report::Report;

#[gort::main]
fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Run(args)) => args,
        Ok(Command::Help) => {
            print!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(mistake) => {
            eprint!("md5all: {mistake}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    let mut report = Report::new();
    match run(args, &mut report) {
        // Nobody reads the rest (`md5all DIR | head`): that is how a pipe ends, not a failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(error) => report.problem(&format!("standard output: {error}")),
        Ok(()) => {}
    }
    if report.had_problems() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The collector: takes what was found, in order, to the report. An error is one of standard output.
fn run(args: Args, report: &mut Report) -> std::io::Result<()> {
    if args.sequential {
        let mut buffer = digest::buffer();
        for found in walk::Walk::new(args.root, walk::list) {
            report.found();
            let outcome =
                found.and_then(|path| digest::digest(path, &mut buffer, |source, part| source.fill(part)));
            report.outcome(outcome)?;
        }
    } else {
        let mut in_order = pipeline::InOrder::default();
        let (found, outcomes, _done) = pipeline::start(args.root, args.digesters);
        for (number, outcome) in outcomes {
            report.found_so_far(found.count());
            for outcome in in_order.put(number, outcome) {
                report.outcome(outcome)?; // leaving here drops `_done`: the goroutines stop
            }
        }
    }
    report.finish()
}
