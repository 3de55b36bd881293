//! The picture of a schedule: a column a goroutine, a row a step with its line, read from top to
//! bottom.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::panic::Location;

use super::chooser::Number;

/// A step as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) number: Number,
    /// `send chan 1`.
    pub(crate) text: String,
    pub(crate) site: &'static Location<'static>,
    /// Who ran before could have gone on.
    pub(crate) preempts: bool,
    /// After it, it waits.
    pub(crate) waits: bool,
    pub(crate) woke: Vec<Number>,
}

/// A whole schedule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    /// What the goroutines are called, by number.
    pub(crate) names: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// How each of them stands at the end, where there is something to say.
    pub(crate) ends: Vec<(Number, String)>,
}

/// Longer tables are cut at the top: what matters is near the end.
const ROWS: usize = 120;
/// Longer texts are cut.
const WIDTH: usize = 48;

impl Picture {
    /// The file of which most lines are: it is not named with them.
    pub(super) fn file(&self) -> Option<&'static str> {
        let mut count: BTreeMap<&'static str, usize> = BTreeMap::new();
        for row in &self.rows {
            *count.entry(row.site.file()).or_default() += 1;
        }
        let most = count.into_iter().max_by_key(|(_, lines)| *lines);
        most.map(|(file, _)| file)
    }

    /// What stands in a row; lines of `file` without it.
    pub(super) fn cell(&self, row: &Row, file: Option<&str>) -> String {
        let line = row.site.line();
        let mut cell = match file {
            Some(file) if file == row.site.file() => format!("{} :{line}", row.text),
            _ => format!("{} {}:{line}", row.text, base(row.site.file())),
        };
        if row.waits {
            cell.push_str(", waits");
        }
        cell
    }
}

/// The last two parts of a path: `src/lib.rs`, since many files are called `lib.rs` or `mod.rs`.
pub(super) fn base(path: &str) -> &str {
    let slash = |c| c == '/' || c == '\\';
    match path.rmatch_indices(slash).nth(1) {
        Some((at, _)) => &path[at + 1..],
        None => path,
    }
}

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    // A panic's message may have several lines.
    let text = text.lines().next().unwrap_or_default();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file();
        let from = self.rows.len().saturating_sub(ROWS);
        let rows: Vec<(Number, String)> = self.rows[from..]
            .iter()
            .map(|row| (row.number, cut(&self.cell(row, file), WIDTH)))
            .collect();
        let ends: Vec<(Number, String)> = self
            .ends
            .iter()
            .map(|(number, text)| (*number, cut(text, WIDTH)))
            .collect();
        let mut widths: Vec<usize> = self
            .names
            .iter()
            .map(|name| cut(name, WIDTH).chars().count())
            .collect();
        for (number, text) in rows.iter().chain(&ends) {
            if let Some(width) = widths.get_mut(usize::from(*number)) {
                *width = (*width).max(text.chars().count());
            }
        }
        if let Some(file) = file {
            writeln!(f, "lines of {file}; a star: who ran before could have gone on")?;
        } else {
            writeln!(f, "a star: who ran before could have gone on")?;
        }
        let header = |index: usize| cut(&self.names[index], WIDTH);
        line(f, "step", &widths, header)?;
        rule(f, &widths)?;
        if from > 0 {
            writeln!(f, "     … {from} steps before")?;
        }
        for (index, (number, text)) in rows.iter().enumerate() {
            let star = if self.rows[from + index].preempts { "*" } else { "" };
            let label = format!("{star}{}", from + index + 1);
            let here = usize::from(*number);
            line(f, &label, &widths, |column| {
                if column == here {
                    text.clone()
                } else {
                    String::new()
                }
            })?;
        }
        rule(f, &widths)?;
        if !ends.is_empty() {
            line(f, "end", &widths, |column| {
                ends.iter()
                    .find(|(number, _)| usize::from(*number) == column)
                    .map_or_else(String::new, |(_, text)| text.clone())
            })?;
        }
        Ok(())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    label: &str,
    widths: &[usize],
    cell: impl Fn(usize) -> String,
) -> fmt::Result {
    let mut whole = format!("{label:>6}");
    for (column, width) in widths.iter().enumerate() {
        write!(whole, " │ {:width$}", cell(column))?;
    }
    writeln!(f, "{}", whole.trim_end())
}

fn rule(f: &mut fmt::Formatter<'_>, widths: &[usize]) -> fmt::Result {
    f.write_str("───────")?;
    for width in widths {
        f.write_str("┼")?;
        for _ in 0..width + 2 {
            f.write_str("─")?;
        }
    }
    writeln!(f)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[track_caller]
    fn row(number: Number, text: &str) -> Row {
        Row {
            number,
            text: text.to_owned(),
            site: Location::caller(),
            preempts: false,
            waits: false,
            woke: Vec::new(),
        }
    }

    pub(in super::super) fn example() -> Picture {
        let mut rows = vec![
            row(0, "spawn"),
            row(1, "lock mutex 1"),
            row(0, "lock mutex 1"),
            row(1, "unlock mutex 1"),
        ];
        rows[1].preempts = true;
        rows[2].waits = true;
        rows[3].woke = vec![0];
        Picture {
            names: vec!["main".into(), "worker <1>".into()],
            rows,
            ends: vec![(1, "panic: it & went\nwrong".into())],
        }
    }

    #[test]
    fn a_row_has_its_column_and_its_line() {
        let picture = example();
        let line = |row: usize| picture.rows[row].site.line();
        let [a, b, c, d] = [line(0), line(1), line(2), line(3)];
        let expected = format!(
            "\
lines of src/testing/explore/table.rs; a star: who ran before could have gone on
  step │ main                     │ worker <1>
───────┼──────────────────────────┼─────────────────────
     1 │ spawn :{a}               │
    *2 │                          │ lock mutex 1 :{b}
     3 │ lock mutex 1 :{c}, waits │
     4 │                          │ unlock mutex 1 :{d}
───────┼──────────────────────────┼─────────────────────
   end │                          │ panic: it & went
"
        );
        assert_eq!(picture.to_string(), expected);
    }

    #[test]
    fn a_long_table_shows_its_end() {
        let mut picture = example();
        picture.rows = (0..500).map(|_| row(0, "load")).collect();
        let text = picture.to_string();
        assert!(text.contains("… 380 steps before") && text.contains("   500 │ load"));
        assert_eq!(text.lines().count(), ROWS + 6);
    }

    #[test]
    fn long_texts_are_cut_and_paths_are_short() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(base("/home/me/project/src/lib.rs"), "src/lib.rs");
        assert_eq!(base("lib.rs"), "lib.rs");
    }
}
