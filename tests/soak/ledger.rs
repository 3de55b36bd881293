//! What came of everything that was done: counted by name, and the unexpected in words.

use std::collections::BTreeMap;
use std::fmt;

use gort::sync::Mutex;

/// So many unexpected outcomes are kept in words.
const KEPT: usize = 50;

/// Counts outcomes.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    expected: BTreeMap<(&'static str, &'static str), u64>,
    unexpected: u64,
    words: Vec<String>,
}

impl Ledger {
    /// Notes what came of `activity`.
    pub(crate) fn note(&self, activity: &'static str, outcome: Result<&'static str, String>) {
        let mut pages = self.0.lock();
        match outcome {
            Ok(name) => *pages.expected.entry((activity, name)).or_default() += 1,
            Err(words) => {
                pages.unexpected += 1;
                if pages.words.len() < KEPT {
                    pages.words.push(format!("{activity}: {words}"));
                }
            }
        }
    }

    /// How many outcomes were unexpected.
    pub(crate) fn unexpected(&self) -> u64 {
        self.0.lock().unexpected
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages = self.0.lock();
        let all: u64 = pages.expected.values().sum();
        writeln!(f, "{all} expected outcomes, {} unexpected", pages.unexpected)?;
        for ((activity, outcome), count) in &pages.expected {
            writeln!(f, "{count:9}  {activity}: {outcome}")?;
        }
        pages
            .words
            .iter()
            .try_for_each(|words| writeln!(f, "UNEXPECTED {words}"))
    }
}
