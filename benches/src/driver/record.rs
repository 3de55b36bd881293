//! Every figure of every round, with what it was measured on: what `--json` writes and `--merge`
//! reads.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::process::meminfo;
use crate::rows::Item;
use crate::sides::{Printed, Side, output};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) machine: Machine,
    /// Of all runs that were merged.
    pub(crate) commands: Vec<String>,
    /// Name and version.
    pub(crate) sides: Vec<(String, String)>,
    pub(crate) figures: Vec<Figures>,
    /// What a side was asked for and did not do.
    pub(crate) failures: Vec<Failure>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) kernel: String,
    pub(crate) memory_gb: u64,
}

/// The rounds of one figure of one workload of one side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) workload: String,
    pub(crate) procs: usize,
    pub(crate) side: String,
    pub(crate) figure: String,
    pub(crate) unit: String,
    pub(crate) rounds: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) workload: String,
    pub(crate) procs: usize,
    pub(crate) side: String,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Machine {
    pub(crate) fn this() -> Machine {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        Machine {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: model
                .and_then(|line| line.split(": ").nth(1))
                .unwrap_or("unknown")
                .into(),
            kernel: output(Command::new("uname").arg("-sr")).unwrap_or_else(|| "unknown".into()),
            memory_gb: meminfo("MemTotal:").unwrap_or(0) >> 30,
        }
    }
}

impl Record {
    pub(crate) fn new(machine: Machine) -> Record {
        Record {
            machine,
            ..Record::default()
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Record, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a record has nothing that JSON lacks");
        text.push('\n');
        text
    }

    pub(crate) fn side(&mut self, name: &str, version: &str) {
        if !self.sides.iter().any(|side| side.0 == name) {
            self.sides.push((name.into(), version.into()));
        }
    }

    /// A side has printed figures of a workload.
    pub(crate) fn add(&mut self, item: &Item, side: &Side, printed: Vec<Printed>) {
        for printed in printed {
            self.insert(Figures {
                workload: item.workload.clone(),
                procs: item.procs,
                side: side.name.clone(),
                figure: printed.figure,
                unit: printed.unit,
                rounds: vec![printed.value],
            });
        }
    }

    fn insert(&mut self, new: Figures) {
        let same = |old: &&mut Figures| {
            (&old.workload, old.procs, &old.side, &old.figure)
                == (&new.workload, new.procs, &new.side, &new.figure)
        };
        match self.figures.iter_mut().find(same) {
            Some(old) => old.rounds.extend(new.rounds),
            None => self.figures.push(new),
        }
    }

    pub(crate) fn fail(&mut self, item: &Item, side: &str, reason: String) {
        self.failures.push(Failure {
            workload: item.workload.clone(),
            procs: item.procs,
            side: side.into(),
            reason,
        });
    }

    /// Adds the rounds of another record.
    ///
    /// # Errors
    /// If it is from another machine: such figures have no median in common.
    pub(crate) fn merge(&mut self, other: Record) -> Result<(), String> {
        if self.machine != other.machine {
            return Err(format!("measured on another machine: {:?}", other.machine));
        }
        self.commands.extend(other.commands);
        other.sides.iter().for_each(|side| self.side(&side.0, &side.1));
        other.figures.into_iter().for_each(|figures| self.insert(figures));
        for failure in other.failures {
            if !self.failures.contains(&failure) {
                self.failures.push(failure);
            }
        }
        Ok(())
    }

    pub(crate) fn get(
        &self,
        workload: &str,
        procs: usize,
        side: &str,
        figure: &str,
    ) -> Option<(Summary, &str)> {
        let found = self.figures.iter().find(|f| {
            (f.workload.as_str(), f.procs, f.side.as_str(), f.figure.as_str())
                == (workload, procs, side, figure)
        })?;
        Some((Summary::of(&found.rounds)?, &found.unit))
    }

    pub(crate) fn failure(&self, workload: &str, procs: usize, side: &str) -> Option<&Failure> {
        self.failures
            .iter()
            .find(|f| (f.workload.as_str(), f.procs, f.side.as_str()) == (workload, procs, side))
    }
}

impl Summary {
    pub(crate) fn of(rounds: &[f64]) -> Option<Summary> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (middle, last) = (sorted.len() / 2, sorted.len().checked_sub(1)?);
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        };
        Some(Summary {
            min: sorted[0],
            median,
            max: sorted[last],
        })
    }
}
