//! What the command line asks for.

use std::path::PathBuf;

use crate::rows::{self, Item};

pub(crate) const USAGE: &str = "usage: benches/run [scale] [OPTION VALUE]...

Measures gort and its rivals and prints a Markdown report. Without `scale`: every workload on 2 workers. With it: some of
them for 10^2 to 10^6 goroutines, and for 1, 2, 4 and 8 workers, for the plots.

  --rounds N          how often each side runs each workload (5; 3 for scale); 0 measures nothing, for --merge
  --sides A,B,...     of go,gort,gort-slab,gort-lto,gort-slab-lto,may,tokio,threads (all; for scale go,gort,gort-slab,tokio)
  --workloads A,B,... of those in benches/README.md (all)
  --sizes A,B,...     scale: how many goroutines (100,1000,10000,100000,1000000)
  --procs A,B,...     scale: how many workers (1,2,4,8)
  --ms N              how long one measured run should take, in milliseconds (500)
  --merge FILE        adds the figures of an earlier --json; may be given several times
  --json FILE         writes every figure of every round
  --markdown FILE     writes the report there, not to stdout
  --plots DIRECTORY   writes the plots there, as SVG";

#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) ms: usize,
    pub(crate) sides: Vec<String>,
    /// What every side is asked for in a round, in this order.
    pub(crate) items: Vec<Item>,
    pub(crate) merge: Vec<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) plots: Option<PathBuf>,
    /// The command line, for the report.
    pub(crate) command: String,
}

pub(crate) fn parse(args: &[String]) -> Result<Options, String> {
    let scale = args.first().is_some_and(|arg| arg == "scale");
    let (sides, known): (&[&str], Vec<String>) = if scale {
        (rows::SCALED_SIDES, rows::scaled_names())
    } else {
        (&rows::SIDES, rows::workload_names())
    };
    let mut options = Options {
        rounds: if scale { 3 } else { 5 },
        ms: 500,
        sides: sides.iter().map(|&side| side.into()).collect(),
        command: ["benches/run"]
            .into_iter()
            .chain(args.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" "),
        ..Options::default()
    };
    let mut workloads = known.clone();
    let (mut sizes, mut procs) = (vec![100, 1000, 10_000, 100_000, 1_000_000], vec![1, 2, 4, 8]);
    let mut args = args.iter().skip(usize::from(scale));
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--rounds" => options.rounds = number(arg, value)?,
            "--ms" => options.ms = number(arg, value)?,
            "--sides" => options.sides = names(arg, value, &rows::SIDES.map(String::from))?,
            "--workloads" => workloads = names(arg, value, &known)?,
            "--sizes" if scale => sizes = numbers(arg, value)?,
            "--procs" if scale => procs = numbers(arg, value)?,
            "--merge" => options.merge.push(value.into()),
            "--json" => options.json = Some(value.into()),
            "--markdown" => options.markdown = Some(value.into()),
            "--plots" => options.plots = Some(value.into()),
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    options.items = if scale {
        rows::scaled(&workloads, &sizes, &procs)
    } else {
        workloads.iter().map(|name| Item::new(name, 2)).collect()
    };
    Ok(options)
}

fn number(option: &str, text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("{option} takes a number, not {text:?}"))
}

fn numbers(option: &str, text: &str) -> Result<Vec<usize>, String> {
    text.split(',').map(|text| number(option, text)).collect()
}

fn names(option: &str, text: &str, known: &[String]) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(',').map(String::from).collect();
    match names.iter().find(|name| !known.contains(name)) {
        Some(stranger) => Err(format!("{option}: {stranger:?} is none of {}", known.join(","))),
        None => Ok(names),
    }
}
