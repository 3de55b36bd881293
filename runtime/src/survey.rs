//! What every goroutine is at, for a report that is made while others run.
//!
//! Each goroutine is looked at once, and nobody is stopped: what is read of it is atomic, and counts
//! only if it is still the same goroutine, in the same kind of state, afterwards.

use std::fmt;
use std::panic::Location;

use crate::g::label::Title;
use crate::g::{G, GRef, pool};
use crate::reason::WaitReason;
use crate::sched::Runtime;

/// More goroutines than this are counted, not described.
const DESCRIBED: usize = 1000;

/// What all goroutines are at. `Display` has a paragraph for each of them.
pub(crate) struct Survey {
    all: Vec<Entry>,
}

struct Entry {
    id: u64,
    name: Option<String>,
    spawned_at: &'static Location<'static>,
    doing: Doing,
}

enum Doing {
    Waits(WaitReason, &'static Location<'static>),
    /// With its stack, in lines.
    Runs(String),
    /// It is in a queue.
    IsRunnable,
}

impl Survey {
    /// Looks at everybody. Goroutine `first` is described first, the others by their numbers.
    ///
    /// Not for a goroutine: it blocks the thread while names of functions are looked up.
    pub(crate) fn make(rt: &'static Runtime, first: u64) -> Survey {
        let mut blocks: Vec<GRef> = Vec::new();
        pool::for_each(|g| {
            if g.id() != 0 {
                blocks.push(g);
            }
        });
        let mut all: Vec<Entry> = blocks.iter().filter_map(|g| Entry::of(rt, g)).collect();
        all.sort_unstable_by_key(|entry| (entry.id != first, entry.id));
        Survey { all }
    }
}

impl Entry {
    /// `None` if it has ended.
    fn of(rt: &'static Runtime, g: &G) -> Option<Entry> {
        let id = g.id();
        let (spawned_at, name) = g.read_label()?;
        let doing = match g.reason() {
            Some(reason) => Doing::Waits(reason, g.wait_site()?),
            None if g.life.is_done() => return None,
            None => match rt.posts().find(|(_, post)| std::ptr::eq(post.running(), g)) {
                Some((index, post)) => Doing::Runs(crate::stall::stack_of(index, post)),
                None => Doing::IsRunnable,
            },
        };
        (id != 0 && g.id() == id).then_some(Entry {
            id,
            name,
            spawned_at,
            doing,
        })
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.all.iter().take(DESCRIBED) {
            write!(f, "\n{entry}")?;
        }
        match self.all.len().saturating_sub(DESCRIBED) {
            0 => Ok(()),
            more => writeln!(f, "\n...and {more} more goroutines"),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Title(self.id, self.name.as_deref()))?;
        let stack = match &self.doing {
            Doing::Waits(reason, site) => {
                writeln!(f, " [{reason}]:\n\twaiting at {site}")?;
                ""
            }
            Doing::Runs(stack) => {
                writeln!(f, " [running]:")?;
                stack
            }
            Doing::IsRunnable => {
                writeln!(f, " [runnable]:")?;
                ""
            }
        };
        writeln!(f, "\tspawned at {}", self.spawned_at)?;
        f.write_str(stack)
    }
}
