//! Builds the sides whose tools are present, runs them in turn (A B C A B C …) and prints a Markdown table.
//!
//! A round runs every side once for every workload, one process each, so that a slow spell of the machine falls on all
//! of them alike. What is printed for a side is the median of its rounds, with the smallest and the largest.

use std::collections::BTreeMap;
use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str =
    "usage: benches/run [--rounds N] [--sides go,gort,may,tokio,threads] [--workloads spawn,ring,...]

Prints a Markdown table of medians in ns per operation, with (min to max) and the ratio to Go.
BENCH_MS (500) is how long one measured run should take.";

/// The order of the columns; ratios are to the first that was measured, which is Go where Go is present.
const SIDES: &[&str] = &["go", "gort", "may", "tokio", "threads"];
const WORKLOADS: &[&str] = &[
    "spawn",
    "yield",
    "yield-alone",
    "pingpong",
    "buffered1x1",
    "select4",
    "ring",
    "sieve",
    "mutex16",
    "rwlock16",
    "waitgroup16",
    "cond",
];

/// A process that takes longer than this has hung: it is ended, named, and the others go on.
const PATIENCE: Duration = Duration::from_secs(60);

struct Options {
    rounds: usize,
    sides: Vec<String>,
    workloads: Vec<String>,
}

/// A side that built: how it is called, and what says its version.
struct Side {
    name: String,
    program: PathBuf,
    version: String,
    /// What it can do.
    workloads: Vec<String>,
}

/// ns per operation of every round, by workload and side.
type Figures = BTreeMap<(String, String), Vec<f64>>;

/// Printed below the table for the sides in it: where a rival lacks the thing, what was measured in its place.
const STAND_INS: &[(&str, &str)] = &[
    (
        "may",
        "has only unbounded channels: its `spsc` stands in for every channel, so its producers never wait (its sieve \
         gets just the numbers it needs); `cqueue` with four arms stands in for select",
    ),
    (
        "tokio",
        "has no unbuffered channel: `mpsc` of capacity 1 stands in; the batch of `spawn` is awaited by join handles",
    ),
];

fn main() -> ExitCode {
    if env::args().skip(1).any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let options = match parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(mistake) => {
            eprintln!("{mistake}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let sides: Vec<Side> = options.sides.iter().filter_map(|name| build(name)).collect();
    if sides.is_empty() {
        eprintln!("driver: nothing to measure: no side could be built");
        return ExitCode::FAILURE;
    }
    let mut figures = Figures::new();
    for round in 1..=options.rounds {
        for workload in &options.workloads {
            for side in sides.iter().filter(|side| side.workloads.contains(workload)) {
                eprintln!("round {round}/{}: {workload} {}", options.rounds, side.name);
                match measure(side, workload) {
                    Ok(ns) => figures
                        .entry((workload.clone(), side.name.clone()))
                        .or_default()
                        .push(ns),
                    Err(why) => eprintln!("driver: {workload} on {}: {why}", side.name),
                }
            }
        }
    }
    print_table(&options, &sides, &figures);
    ExitCode::SUCCESS
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        rounds: 5,
        sides: list(&SIDES.join(","), ','),
        workloads: list(&WORKLOADS.join(","), ','),
    };
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        let (known, into) = match arg.as_str() {
            "--rounds" => {
                options.rounds = value
                    .parse()
                    .ok()
                    .filter(|&n| n > 0)
                    .ok_or("--rounds takes a number above 0")?;
                continue;
            }
            "--sides" => (SIDES, &mut options.sides),
            "--workloads" => (WORKLOADS, &mut options.workloads),
            _ => return Err(format!("unknown option {arg}")),
        };
        *into = list(&value, ',');
        if let Some(stranger) = into.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("{arg}: unknown name {stranger:?}"));
        }
    }
    Ok(options)
}

fn list(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::to_owned).collect()
}

/// Builds one side; `None` (and a line on stderr) where its tools are missing or it does not build.
fn build(name: &str) -> Option<Side> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The driver stands where cargo puts the other binaries too.
    let programs = env::current_exe().ok()?.parent()?.to_owned();
    let (mut command, program, version) = if name == "go" {
        let program = programs.join("go-bench");
        let mut command = Command::new("go");
        command
            .current_dir(here.join("rivals/go"))
            .args(["build", "-o"])
            .arg(&program)
            .arg(".");
        (command, program, output(Command::new("go").arg("version")))
    } else {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(here)
            .args(["build", "--release", "--features", name, "--bin", name]);
        command.env("CARGO_TARGET_DIR", programs.parent()?);
        let tree = [
            "tree",
            "--depth=1",
            "--prefix=none",
            "--format={p}",
            "--features",
            name,
        ];
        let package = if name == "threads" { "parking_lot" } else { name };
        let version = output(Command::new("cargo").current_dir(here).args(tree)).and_then(|tree| {
            let line = tree
                .lines()
                .find(|line| line.split(' ').next() == Some(package))?;
            Some(line.split(" (").next()?.to_owned())
        });
        (command, programs.join(name), version)
    };
    match command.stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Some(Side {
            workloads: list(&output(Command::new(&program).arg("--list"))?, '\n'),
            name: name.into(),
            program,
            version: version.unwrap_or_else(|| name.into()),
        }),
        Ok(_) => {
            eprintln!("driver: {name} does not build: left out");
            None
        }
        Err(error) => {
            eprintln!("driver: {name} is left out: {error}");
            None
        }
    }
}

/// What a command prints, trimmed, if it can be run and succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn measure(side: &Side, workload: &str) -> Result<f64, String> {
    let mut child = Command::new(&side.program)
        .arg(workload)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let status = wait(&mut child).map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("ended with {status}"));
    }
    // One line, which the pipe held until now.
    let mut text = String::new();
    let mut stdout = child.stdout.take().ok_or("no stdout")?;
    stdout
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let mut words = text.split_whitespace();
    match (words.next(), words.next().and_then(|ns| ns.parse().ok())) {
        (Some(name), Some(ns)) if name == workload => Ok(ns),
        _ => Err(format!("printed {text:?}")),
    }
}

/// Waits until the process ends, or kills it once [`PATIENCE`] is over.
fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                format!("still running after {} s: killed", PATIENCE.as_secs()),
            ));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn print_table(options: &Options, sides: &[Side], figures: &Figures) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "2 workers each, {cores} cores, {} rounds in turn; ns per operation: median (min to max).\n",
        options.rounds
    );
    for side in sides {
        println!("- {}: {}", side.name, side.version);
    }
    print!("\n| workload |");
    for side in sides {
        print!(" {} |", side.name);
    }
    for side in &sides[1..] {
        print!(" {} / {} |", side.name, sides[0].name);
    }
    println!("\n|---|{}", "---:|".repeat(sides.len() * 2 - 1));
    for workload in &options.workloads {
        let of = |side: &Side| {
            figures
                .get(&(workload.clone(), side.name.clone()))
                .map(|ns| Summary::of(ns))
        };
        print!("| {workload} |");
        for side in sides {
            match of(side) {
                Some(s) => print!(" {} ({} to {}) |", short(s.median), short(s.min), short(s.max)),
                None => print!(" – |"),
            }
        }
        for side in &sides[1..] {
            match (of(side), of(&sides[0])) {
                (Some(s), Some(base)) => print!(" {:.2} |", s.median / base.median),
                _ => print!(" – |"),
            }
        }
        println!();
    }
    println!();
    for (name, what) in STAND_INS
        .iter()
        .filter(|(name, _)| sides.iter().any(|side| side.name == *name))
    {
        println!("{name} {what}.");
    }
}

struct Summary {
    min: f64,
    median: f64,
    max: f64,
}

impl Summary {
    fn of(figures: &[f64]) -> Summary {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (middle, last) = (sorted.len() / 2, sorted.len() - 1);
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        };
        Summary {
            min: sorted[0],
            median,
            max: sorted[last],
        }
    }
}

/// Three figures are as many as such a measurement carries.
fn short(ns: f64) -> String {
    if ns < 100.0 {
        format!("{ns:.1}")
    } else {
        format!("{ns:.0}")
    }
}
