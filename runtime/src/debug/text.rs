//! A snapshot as text: in the forms of Go's dumps, so that eyes and tools that know those read
//! these.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use crate::debug::goroutine::{Goroutine, Status};
use crate::debug::stacks::Frame;
use crate::debug::{Grouped, Snapshot};
use crate::g::label::Title;

/// Go says how long somebody has waited from one minute on.
const WORTH_SAYING: Duration = Duration::from_secs(60);

/// What stands between the brackets.
struct Brackets<'a>(&'a Goroutine);

impl fmt::Display for Brackets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goroutine = self.0;
        match goroutine.status {
            Status::Running => f.write_str("running")?,
            Status::Runnable => f.write_str("runnable")?,
            Status::Waiting(reason) => write!(f, "{reason}")?,
        }
        if let Some(length) = goroutine.waiting_for.filter(|length| *length >= WORTH_SAYING) {
            write!(f, ", {} minutes", length.as_secs() / 60)?;
        }
        if goroutine.locked {
            f.write_str(", locked to thread")?;
        }
        Ok(())
    }
}

/// Go's form: a headline, its functions, who started it.
impl fmt::Display for Goroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} [{}]:",
            Title(self.id, self.name.as_deref()),
            Brackets(self)
        )?;
        let frames = self.known_frames();
        for frame in frames {
            writeln!(f, "{frame}")?;
        }
        let is_told = frames.iter().any(|frame| frame.file.is_some());
        if !is_told && matches!(self.status, Status::Waiting(_)) {
            writeln!(f, "\twaiting at {}", self.wait_site)?;
        }
        match self.creator {
            Some(creator) => writeln!(f, "created by go! in goroutine {creator}")?,
            None => writeln!(f, "created by go! outside of goroutines")?,
        }
        writeln!(f, "\t{}", self.spawn_site)
    }
}

/// Go's form of `debug=2`: a paragraph for each goroutine.
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, goroutine) in self.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{goroutine}")?;
        }
        Ok(())
    }
}

/// Go's form of `debug=1`: equal stacks once, with how many goroutines have them, most first.
impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        type Key<'a> = (Status, &'a [Frame], &'static str, u32);
        let mut groups: HashMap<Key<'_>, Vec<&Goroutine>> = HashMap::new();
        for goroutine in self.0 {
            // Those without frames are told apart by where they are.
            let site = goroutine.wait_site;
            let place = match goroutine.known_frames() {
                [] => (site.file(), site.line()),
                _ => ("", 0),
            };
            let key = (goroutine.status, goroutine.known_frames(), place.0, place.1);
            groups.entry(key).or_default().push(goroutine);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        // Those of the same number by who is the first, so that the text is the same each time.
        groups.sort_unstable_by_key(|(_, members)| (std::cmp::Reverse(members.len()), members[0].id));
        writeln!(f, "goroutine profile: total {}", self.0.len())?;
        for ((_, frames, ..), members) in groups {
            let first = members[0];
            write!(f, "{} @", members.len())?;
            frames
                .iter()
                .try_for_each(|frame| write!(f, " {:#x}", frame.address()))?;
            writeln!(f, "\n# [{}]", Brackets(first))?;
            for frame in frames {
                write!(
                    f,
                    "#\t{:#x}\t{}",
                    frame.address(),
                    frame.function().unwrap_or("?")
                )?;
                match frame.place() {
                    Some(place) => writeln!(f, "\t{place}")?,
                    None => writeln!(f)?,
                }
            }
            if frames.is_empty() {
                writeln!(f, "#\tat {}", first.wait_site)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
