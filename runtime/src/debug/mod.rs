//! Every goroutine of the program: what it is at, since when, on what it waits, its stack.
//!
//! A [`Snapshot`] looks at each goroutine once, and stops nobody: what is read of a control block is atomic, and counts only if it
//! is still the same afterwards; the stack of one that waits is copied by the kernel, twice (`parked`); one that runs on another thread is
//! interrupted for as long as it takes to copy its stack (`sys::capture`). Names of functions are looked up later, when somebody
//! asks for them.

use crate::reason::WaitReason;
use crate::sched::Runtime;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod elsewhere;
mod goroutine;
mod graph;
mod holders;
mod json;
mod judge;
mod look;
mod object;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod objects;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod parked;
pub(crate) mod report;
mod stacks;
mod stuck;
mod svg;
#[doc(hidden)]
pub mod tag;
mod tally;
mod text;
pub(crate) mod watch;

pub use goroutine::{Goroutine, Status};
pub use graph::{WaitGraph, wait_graph};
pub use object::{Object, ObjectKind};
pub use stacks::Frame;
pub use stuck::{Certainty, Stuck, StuckGoroutine, stuck};

/// All goroutines, each as it was when it was looked at. `Display` prints them in the form of Go's dumps.
///
/// ```
/// gort_runtime::run(|| {
///     let all = gort_runtime::debug::goroutines();
///     assert!(!all.is_empty());
///     eprint!("{all}");
/// });
/// ```
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    all: Vec<Goroutine>,
}

/// A [`Snapshot`] to be printed with equal stacks together; see [`Snapshot::grouped`].
#[derive(Debug, Clone, Copy)]
pub struct Grouped<'a>(&'a Snapshot);

/// Looks at every goroutine, each once, and stops nobody. May be called from goroutines and threads, also when no worker is free.
/// Empty if there is no goroutine.
///
/// The caller's thread reads the stacks: some microseconds for each goroutine.
///
/// ```
/// let handle = gort_runtime::go(|| {
///     let all = gort_runtime::debug::goroutines();
///     all.iter().flat_map(|goroutine| goroutine.frames()).count()
/// });
/// let frames = handle.join().unwrap();
/// assert!(cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) || frames > 0);
/// ```
#[doc(alias = "Stack")]
#[doc(alias = "GoroutineProfile")]
pub fn goroutines() -> Snapshot {
    take(true)
}

/// As [`goroutines`], without their frames and without how much of their stacks they use: in a tenth of the time.
///
/// ```
/// let many = gort_runtime::debug::goroutines_without_frames();
/// assert!(many.iter().all(|goroutine| goroutine.frames().is_empty()));
/// ```
pub fn goroutines_without_frames() -> Snapshot {
    take(false)
}

/// A word of somebody's stack as it is noted, so that a search for it does not find the note.
fn hidden(word: usize) -> usize {
    !word
}

/// Whether nothing can ever wake it.
fn waits_for_nothing(reason: WaitReason) -> bool {
    matches!(
        reason,
        WaitReason::ChanReceiveNil | WaitReason::ChanSendNil | WaitReason::SelectNoCases
    )
}

fn take(with_frames: bool) -> Snapshot {
    match crate::sched::if_started() {
        Some(rt) => Snapshot::take(rt, with_frames),
        None => Snapshot::default(),
    }
}

impl Snapshot {
    pub(crate) fn take(rt: &'static Runtime, with_frames: bool) -> Snapshot {
        let all = look::Looker::new(rt, with_frames, false).look_at_all();
        Snapshot { all }
    }

    /// With what each has access to.
    fn take_with_reach(rt: &'static Runtime) -> Snapshot {
        let all = look::Looker::new(rt, false, true).look_at_all();
        Snapshot { all }
    }

    /// How many goroutines there were.
    ///
    /// ```
    /// println!("{} goroutines", gort_runtime::debug::goroutines_without_frames().len());
    /// ```
    #[doc(alias = "NumGoroutine")]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there was none.
    ///
    /// ```
    /// gort_runtime::run(|| assert!(!gort_runtime::debug::goroutines_without_frames().is_empty()));
    /// ```
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The goroutines, by their numbers.
    ///
    /// ```
    /// for goroutine in gort_runtime::debug::goroutines().iter() {
    ///     println!("{goroutine}");
    /// }
    /// ```
    pub fn iter(&self) -> std::slice::Iter<'_, Goroutine> {
        self.all.iter()
    }

    /// The goroutine with this number.
    ///
    /// ```
    /// assert!(gort_runtime::debug::goroutines_without_frames().get(0).is_none());
    /// ```
    pub fn get(&self, id: u64) -> Option<&Goroutine> {
        let position = self.all.binary_search_by_key(&id, |goroutine| goroutine.id);
        position.ok().map(|position| &self.all[position])
    }

    /// Those with the same stack together, with their number, most first: the form of Go's goroutine profile.
    ///
    /// ```
    /// eprint!("{}", gort_runtime::debug::goroutines().grouped());
    /// ```
    #[doc(alias = "Lookup")]
    pub fn grouped(&self) -> Grouped<'_> {
        Grouped(self)
    }

    /// As JSON, for tools: `{"version": 1, "goroutines": [...]}`. `docs/DEBUG.md` has the schema.
    ///
    /// ```
    /// assert!(gort_runtime::debug::goroutines().to_json().starts_with("{\"version\":1"));
    /// ```
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}

impl<'a> IntoIterator for &'a Snapshot {
    type Item = &'a Goroutine;
    type IntoIter = std::slice::Iter<'a, Goroutine>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
