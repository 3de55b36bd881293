//! What goroutines wait on.

use std::panic::Location;

use crate::debug::tag::Handles;
use crate::reason::WaitReason;

/// What a goroutine waits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectKind {
    /// A channel.
    Channel,
    /// A mutex.
    Mutex,
    /// A read-write lock.
    RwLock,
    /// A wait group.
    WaitGroup,
    /// A condition variable.
    Cond,
    /// A `Once`, a `OnceCell` or a `OnceValue`.
    Once,
    /// A semaphore.
    Semaphore,
    /// A barrier.
    Barrier,
    /// A goroutine that is joined.
    Goroutine,
    /// A scope, or what else waits for its members.
    Scope,
    /// A timer, a ticker, or another source of a `select!`.
    Source,
}

impl ObjectKind {
    /// What somebody waits on for this reason, if it is one object that is known.
    pub(super) fn of(reason: WaitReason) -> Option<ObjectKind> {
        Some(match reason {
            WaitReason::ChanReceive | WaitReason::ChanSend => ObjectKind::Channel,
            WaitReason::MutexLock => ObjectKind::Mutex,
            WaitReason::RwLockRead | WaitReason::RwLockWrite => ObjectKind::RwLock,
            WaitReason::WaitGroupWait => ObjectKind::WaitGroup,
            WaitReason::CondWait => ObjectKind::Cond,
            WaitReason::OnceDo => ObjectKind::Once,
            WaitReason::SemaphoreAcquire => ObjectKind::Semaphore,
            WaitReason::BarrierWait => ObjectKind::Barrier,
            WaitReason::Join => ObjectKind::Goroutine,
            WaitReason::Scope => ObjectKind::Scope,
            WaitReason::Select => ObjectKind::Channel,
            _ => return None,
        })
    }

    /// In a word or two: `channel`, `wait group`.
    ///
    /// ```
    /// assert_eq!(gort_runtime::debug::ObjectKind::WaitGroup.as_str(), "wait group");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            ObjectKind::Channel => "channel",
            ObjectKind::Mutex => "mutex",
            ObjectKind::RwLock => "rwlock",
            ObjectKind::WaitGroup => "wait group",
            ObjectKind::Cond => "cond",
            ObjectKind::Once => "once",
            ObjectKind::Semaphore => "semaphore",
            ObjectKind::Barrier => "barrier",
            ObjectKind::Goroutine => "goroutine",
            ObjectKind::Scope => "scope",
            ObjectKind::Source => "source",
        }
    }
}

/// One object that a goroutine waits on. `Display`: `channel "jobs"`, else `channel 0x7f… of u32 (made at src/main.rs:7:16)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    pub(super) kind: ObjectKind,
    pub(super) number: usize,
    pub(super) name: Option<&'static str>,
    pub(super) made: Option<&'static Location<'static>>,
    pub(super) item: Option<&'static str>,
    /// Of a channel.
    pub(super) handles: Option<Handles>,
    /// Of a mutex: an address in the frame that locked it.
    pub(super) locked_in: Option<usize>,
    pub(super) holder: Option<u64>,
}

impl Object {
    pub(super) fn new(kind: ObjectKind, number: usize) -> Object {
        Object {
            kind,
            number,
            name: None,
            made: None,
            item: None,
            handles: None,
            locked_in: None,
            holder: None,
        }
    }

    /// What it is.
    ///
    /// ```
    /// # fn kinds(goroutine: &gort_runtime::debug::Goroutine) -> Vec<&str> {
    /// goroutine.waits_on().iter().map(|object| object.kind().as_str()).collect()
    /// # }
    /// ```
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// A number that is the same for the same object for as long as it lives: an address in it, or the number of a goroutine.
    ///
    /// ```
    /// use gort_runtime::debug::Goroutine;
    ///
    /// fn wait_on_the_same(one: &Goroutine, other: &Goroutine) -> bool {
    ///     one.waits_on().iter().any(|object| other.waits_on().iter().any(|with| with.number() == object.number()))
    /// }
    /// # let _ = wait_on_the_same;
    /// ```
    pub fn number(&self) -> usize {
        self.number
    }

    /// The name that it was given: `ch.named("jobs")`.
    ///
    /// ```
    /// # fn names(goroutine: &gort_runtime::debug::Goroutine) -> Vec<&str> {
    /// goroutine.waits_on().iter().filter_map(|object| object.name()).collect()
    /// # }
    /// ```
    pub fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// Where it was made: known of channels.
    ///
    /// ```
    /// # fn print(object: &gort_runtime::debug::Object) {
    /// if let Some(site) = object.made_at() {
    ///     println!("{object} was made at {site}");
    /// }
    /// # }
    /// ```
    pub fn made_at(&self) -> Option<&'static Location<'static>> {
        self.made
    }

    /// The goroutine that holds it: known of a mutex that a goroutine has locked.
    ///
    /// ```
    /// # fn print(object: &gort_runtime::debug::Object) {
    /// if let Some(holder) = object.holder() {
    ///     println!("{object} is held by goroutine {holder}");
    /// }
    /// # }
    /// ```
    pub fn holder(&self) -> Option<u64> {
        self.holder
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.kind.as_str();
        match (self.name, self.kind) {
            (Some(name), _) => write!(f, "{kind} {name:?}"),
            (None, ObjectKind::Goroutine) => write!(f, "{kind} {}", self.number),
            (None, _) => {
                write!(f, "{kind} {:#x}", self.number)?;
                if let Some(item) = self.item {
                    write!(f, " of {item}")?;
                }
                match self.made {
                    Some(made) => write!(f, " (made at {made})"),
                    None => Ok(()),
                }
            }
        }
    }
}
