//! What is asked of whoever explores, and told.

use std::any::Any;
use std::panic::Location;

use super::reach::Reach;

/// A kind of operation, as tables show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// What is done: `send`.
    pub verb: &'static str,
    /// To what: `chan`. Empty if there is no object.
    pub object: &'static str,
}

impl Op {
    /// Does `verb` to an `object`.
    pub const fn new(verb: &'static str, object: &'static str) -> Op {
        Op { verb, object }
    }
}

/// What a goroutine is about to do.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub op: Op,
    /// What that touches.
    pub reach: Reach,
    /// Where. For an operation in a destructor, whose caller nobody knows, the place of the one
    /// before.
    pub site: &'static Location<'static>,
}

/// How an operation is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// If it waits, it goes on to touch what it waited for.
    Plain,
    /// If it waits, whoever wakes it has done all that was to be done.
    HandedOver,
    /// It only lets others go first.
    GivesWay,
}

/// A goroutine that can go on.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Its place in the order of starts.
    pub number: u16,
    /// Its next step.
    pub step: &'a Step,
    /// It has waited for what its step says, and goes on with it.
    pub resumes: bool,
    /// It has given way, and nobody else has made a step since.
    pub gave_way: bool,
}

/// Stands in [`Turn::woke`] for: a handle was dropped whose like are counted.
pub const DROPPED: u16 = u16::MAX;
/// Stands in [`Turn::woke`] for: a timer was set.
pub const SET_TIMER: u16 = u16::MAX - 1;

/// Who goes on?
#[derive(Debug)]
pub struct Turn<'a> {
    /// Who made the step before.
    pub last: Option<u16>,
    /// Who could not go on before that step and can now; and what else it has done that has an
    /// order.
    pub woke: &'a [u16],
    /// By rising number; at least one.
    pub enabled: &'a [Candidate<'a>],
}

/// Whoever explores.
pub trait Director: Any + Send {
    /// Chooses, by its place among those who can go on. None: that is enough.
    fn choose(&mut self, turn: &Turn<'_>) -> Option<usize>;
    /// Chooses below `count`, for the goroutine whose step it is: which arm of a select.
    fn pick(&mut self, count: usize) -> usize;
    /// A goroutine was started, and gets this number.
    fn started(&mut self, number: u16, name: Option<&str>, site: &'static Location<'static>);
}

/// How a schedule has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everybody has ended.
    Passed,
    /// A goroutine panicked and nobody could observe it.
    Panicked {
        /// Whose.
        number: u16,
        /// With its place.
        message: String,
    },
    /// These wait, and nobody can wake them. The first one has number 0 unless that has ended.
    Stuck(Vec<Waiting>),
    /// The director did not choose.
    Stopped,
}

/// A goroutine that waits at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order of starts.
    pub number: u16,
    /// The goroutine's number.
    pub id: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// For what, in Go's words.
    pub reason: &'static str,
    /// Where.
    pub site: Option<&'static Location<'static>>,
}
