//! The sides: how each is built, what says its version, how one of its workloads is run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{self, Limits};
use crate::rows::Item;
use crate::served;

/// A side that was built.
pub(crate) struct Side {
    pub(crate) name: String,
    program: PathBuf,
    pub(crate) version: String,
    /// What it can be asked for.
    workloads: Vec<String>,
}

/// A line that a side printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) figure: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
}

/// Builds one side, in a target directory of its own, so that the features of one do not rebuild
/// another's crates.
///
/// `None` (and a line on stderr) where its tools are missing or it does not build.
pub(crate) fn build(name: &str) -> Option<Side> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The driver itself stands in TARGET/driver/release.
    let target = env::current_exe().ok()?.ancestors().nth(3)?.join(name);
    let (mut command, program, version);
    if name == "go" {
        program = target.join("go-bench");
        command = Command::new("go");
        command
            .current_dir(here.join("rivals/go"))
            .args(["build", "-o"])
            .arg(&program)
            .arg(".");
        version = output(Command::new("go").arg("version"));
    } else {
        let (plain, lto) = match name.strip_suffix("-lto") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (binary, feature) = match plain {
            "gort-slab" => ("gort", "slab-stacks"),
            name => (name, name),
        };
        program = target.join("release").join(binary);
        let features = ["--no-default-features", "--features", feature];
        command = cargo(here);
        command
            .args(["build", "--quiet", "--release", "--bin", binary])
            .args(features);
        command.env("CARGO_TARGET_DIR", &target);
        if lto {
            command
                .env("CARGO_PROFILE_RELEASE_LTO", "fat")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
        }
        version = output(
            cargo(here)
                .args([
                    "tree",
                    "--depth=1",
                    "--prefix=none",
                    "--edges=normal",
                    "--format={p}",
                ])
                .args(features),
        )
        .map(|tree| versions(&tree, name));
    }
    match command.stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Some(Side {
            workloads: output(Command::new(&program).arg("--list"))?
                .lines()
                .map(String::from)
                .collect(),
            name: name.into(),
            program,
            version: version.unwrap_or_else(|| "unknown".into()),
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

fn cargo(here: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(here);
    cargo
}

/// The crates that a side depends on, with their versions.
fn versions(tree: &str, name: &str) -> String {
    let crates = tree.lines().filter(|line| !line.starts_with("gort-bench "));
    let mut text = crates
        .map(|line| line.split(" (").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join(", ");
    if name.starts_with("gort-slab") {
        text.push_str(", feature `slab-stacks`");
    }
    if name.ends_with("-lto") {
        text.push_str(", built with `lto = \"fat\"` and `codegen-units = 1`");
    }
    text
}

/// What a command prints, trimmed, if it can be run and succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Side {
    pub(crate) fn can(&self, item: &Item) -> bool {
        let wanted = if served::is_one(&item.workload) {
            "serve"
        } else {
            item.name()
        };
        self.workloads.iter().any(|name| name == wanted)
    }

    /// Runs it as a server, for clients in this process. `first` stands behind a proxy.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn serve(
        &self,
        item: &Item,
        ms: usize,
        first: &Side,
        common: &mut served::Common,
    ) -> Result<Vec<Printed>, String> {
        served::measure(
            &item.workload,
            &self.program,
            &first.program,
            item.procs,
            ms,
            common,
        )
    }

    /// Runs a workload in a process of its own.
    ///
    /// # Errors
    /// In words, when it fails, or takes more time or memory than `limits`.
    pub(crate) fn measure(&self, item: &Item, ms: usize, limits: Limits) -> Result<Vec<Printed>, String> {
        let mut command = Command::new(&self.program);
        command
            .arg(&item.workload)
            .env("BENCH_MS", ms.to_string())
            .env("BENCH_PROCS", item.procs.to_string());
        let printed = process::run(&mut command, limits)?;
        let figures: Option<Vec<_>> = printed.lines().map(|line| parse(line, &item.workload)).collect();
        figures
            .filter(|figures| !figures.is_empty())
            .ok_or_else(|| format!("printed {printed:?}"))
    }
}

/// `WORKLOAD FIGURE VALUE UNIT`.
fn parse(line: &str, workload: &str) -> Option<Printed> {
    let words: Vec<_> = line.split(' ').collect();
    let [name, figure, value, unit] = words[..] else {
        return None;
    };
    (name == workload).then_some(())?;
    Some(Printed {
        figure: figure.into(),
        value: value.parse().ok()?,
        unit: unit.into(),
    })
}
