//! docs/GO_COMPATIBILITY.md says the truth: every behaviour is there once, every test that it names
//! exists and cites its row, and every row that a test cites is accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rows of Go's behaviours.
const ROWS: std::ops::RangeInclusive<usize> = 1..=174;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the table says of a row.
struct Row<'a> {
    behaviour: &'a str,
    verdict: &'a str,
    /// `file` or `file::test`.
    tests: Vec<&'a str>,
}

fn table(text: &str) -> BTreeMap<usize, Row<'_>> {
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Ok(number) = cells[0].parse() else { continue };
        assert_eq!(cells.len(), 3, "three cells: {line}");
        // Code in backquotes that names a file of this repository.
        let tests = cells[2]
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| code.contains(".rs"))
            .collect();
        let row = Row {
            behaviour: cells[1],
            verdict: cells[2],
            tests,
        };
        assert!(rows.insert(number, row).is_none(), "row {number} is there twice");
    }
    rows
}

/// The numbers that a text cites.
fn cited(text: &str) -> BTreeSet<usize> {
    text.split("GS-")
        .skip(1)
        .filter_map(|rest| {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            rest[..digits].parse().ok()
        })
        .collect()
}

fn check(number: usize, test: &str) {
    let (file, name) = test
        .split_once("::")
        .map_or((test, None), |(file, name)| (file, Some(name)));
    let text = fs::read_to_string(root().join(file))
        .unwrap_or_else(|error| panic!("row {number} names {file}: {error}"));
    assert!(
        cited(&text).contains(&number),
        "row {number} names {file}, which does not cite GS-{number}"
    );
    if let Some(name) = name {
        assert!(
            text.contains(&format!("fn {name}(")),
            "row {number} names {test}, which does not exist"
        );
    }
}

fn rust_files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_row_is_accounted_for() {
    let text = fs::read_to_string(root().join("docs/GO_COMPATIBILITY.md")).expect("the table");
    let rows = table(&text);
    assert_eq!(
        rows.keys().copied().collect::<Vec<_>>(),
        ROWS.collect::<Vec<_>>(),
        "the rows of the table"
    );

    let mut count = BTreeMap::from([("holds", 0), ("differs", 0), ("open", 0)]);
    for (&number, row) in &rows {
        let (kind, rest) = row
            .verdict
            .split_once(": ")
            .unwrap_or_else(|| panic!("row {number}: no verdict"));
        *count
            .get_mut(kind)
            .unwrap_or_else(|| panic!("row {number}: {kind} is no verdict")) += 1;
        assert!(
            !row.behaviour.is_empty() && !rest.is_empty(),
            "row {number} is empty"
        );
        assert!(
            kind != "holds" || !row.tests.is_empty(),
            "row {number} holds, but no test shows it"
        );
        assert!(
            kind != "open" || row.tests.is_empty(),
            "row {number} is open, but tests show it"
        );
        row.tests.iter().for_each(|test| check(number, test));
    }

    // Nothing is cited behind the table's back.
    let mut files = Vec::new();
    for folder in [
        "tests",
        "interop",
        "src",
        "channels/src",
        "sync/src",
        "runtime/src",
        "runtime/tests",
        "messages/tests",
    ] {
        rust_files(&root().join(folder), &mut files);
    }
    for file in files {
        for number in cited(&fs::read_to_string(&file).expect("a source")) {
            let row = rows.get(&number);
            assert!(
                row.is_some_and(|row| !row.verdict.starts_with("open")),
                "{} cites GS-{number}, which is open or no row",
                file.display()
            );
        }
    }
    println!(
        "of {} behaviours of Go {} hold, {} differ by design, {} are open",
        rows.len(),
        count["holds"],
        count["differs"],
        count["open"]
    );
}
