//! What is known of one goroutine.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::debug::stacks::{Calls, Frame};
use crate::reason::WaitReason;

/// What a goroutine is at.
///
/// ```
/// use gort_runtime::debug::{self, Status};
///
/// gort_runtime::run(|| {
///     let all = debug::goroutines();
///     assert!(all.iter().any(|goroutine| goroutine.status() == Status::Running));
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// A worker runs it.
    Running,
    /// It could run, and will when a worker is free.
    Runnable,
    /// It is parked.
    Waiting(WaitReason),
}

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
        }
    }
}

/// One object that a goroutine waits on. `Display`: `channel 0x7f…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    kind: ObjectKind,
    number: usize,
}

impl Object {
    pub(super) fn new(kind: ObjectKind, number: usize) -> Object {
        Object { kind, number }
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

    /// A number that is the same for the same object for as long as it lives: an address in it.
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
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:#x}", self.kind.as_str(), self.number)
    }
}

/// One goroutine, as it was when it was looked at.
#[derive(Debug, Clone)]
pub struct Goroutine {
    pub(super) id: u64,
    pub(super) name: Option<String>,
    pub(super) status: Status,
    pub(super) waiting_for: Option<Duration>,
    pub(super) objects: Vec<Object>,
    pub(super) wait_site: &'static Location<'static>,
    pub(super) spawn_site: &'static Location<'static>,
    pub(super) creator: Option<u64>,
    pub(super) calls: Option<Arc<Calls>>,
    pub(super) stack_used: usize,
    pub(super) stack_size: usize,
    pub(super) locked: bool,
}

impl Goroutine {
    /// Its number, which no other goroutine of this process has or had.
    ///
    /// ```
    /// let handle = gort_runtime::go(|| gort_runtime::debug::goroutines());
    /// let id = handle.id();
    /// assert!(handle.join().unwrap().iter().any(|goroutine| goroutine.id() == id));
    /// ```
    #[doc(alias = "goid")]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its name, if it was given one.
    ///
    /// ```
    /// let named = gort_runtime::Spawn::new().name("worker").go(gort_runtime::debug::goroutines);
    /// assert!(named.join().unwrap().iter().any(|goroutine| goroutine.name() == Some("worker")));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What it is at.
    ///
    /// ```
    /// # use gort_runtime::debug::{Goroutine, Status};
    /// fn is_parked(goroutine: &Goroutine) -> bool {
    ///     matches!(goroutine.status(), Status::Waiting(_))
    /// }
    /// # let _ = is_parked;
    /// ```
    pub fn status(&self) -> Status {
        self.status
    }

    /// For how long it has been waiting; `None` if it is not. The scheduler notes the time with a clock that is up to 10 ms behind, so
    /// it may be that much less.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use gort_runtime::debug::Goroutine;
    /// fn has_waited_for_a_minute(goroutine: &Goroutine) -> bool {
    ///     goroutine.waiting_for().is_some_and(|length| length > Duration::from_secs(60))
    /// }
    /// # let _ = has_waited_for_a_minute;
    /// ```
    pub fn waiting_for(&self) -> Option<Duration> {
        self.waiting_for
    }

    /// What it waits on, as far as that is known: the channel of a receive or a send, the lock, the wait group. Empty for those that do
    /// not wait, for `select!`, and for waits with a time limit.
    ///
    /// ```
    /// # fn print(goroutine: &gort_runtime::debug::Goroutine) {
    /// for object in goroutine.waits_on() {
    ///     println!("goroutine {} waits on {object}", goroutine.id());
    /// }
    /// # }
    /// ```
    pub fn waits_on(&self) -> &[Object] {
        &self.objects
    }

    /// Where it waits; where it was started if it does not.
    ///
    /// ```
    /// # fn print(goroutine: &gort_runtime::debug::Goroutine) {
    /// println!("goroutine {} waits at {}", goroutine.id(), goroutine.wait_site());
    /// # }
    /// ```
    pub fn wait_site(&self) -> &'static Location<'static> {
        self.wait_site
    }

    /// Where it was started.
    ///
    /// ```
    /// # fn print(goroutine: &gort_runtime::debug::Goroutine) {
    /// println!("goroutine {} was started at {}", goroutine.id(), goroutine.spawn_site());
    /// # }
    /// ```
    pub fn spawn_site(&self) -> &'static Location<'static> {
        self.spawn_site
    }

    /// The number of the goroutine that started it; `None` if that was no goroutine.
    ///
    /// ```
    /// # fn print(goroutine: &gort_runtime::debug::Goroutine) {
    /// match goroutine.creator() {
    ///     Some(creator) => println!("started by goroutine {creator}"),
    ///     None => println!("started by a thread"),
    /// }
    /// # }
    /// ```
    pub fn creator(&self) -> Option<u64> {
        self.creator
    }

    /// The user's functions that are active on its stack, innermost first: nothing of gort above the call that waits, nothing below the
    /// goroutine's own function. Empty if it has not begun, or if its stack could not be read.
    ///
    /// Names are looked up at the first call, which may take long: the program's debug information is read then.
    ///
    /// ```
    /// # fn print(goroutine: &gort_runtime::debug::Goroutine) {
    /// for frame in goroutine.frames() {
    ///     println!("{:?} at {:?}:{:?}", frame.function(), frame.file(), frame.line());
    /// }
    /// # }
    /// ```
    #[doc(alias = "Callers")]
    pub fn frames(&self) -> Vec<Frame> {
        self.known_frames().to_vec()
    }

    pub(super) fn known_frames(&self) -> &[Frame] {
        self.calls.as_ref().map_or(&[], |calls| calls.frames())
    }

    /// Bytes of its stack that are in use; 0 if it has not begun, or was not looked into.
    ///
    /// ```
    /// # fn is_deep(goroutine: &gort_runtime::debug::Goroutine) -> bool {
    /// goroutine.stack_used() > goroutine.stack_size() / 2
    /// # }
    /// # let _ = is_deep;
    /// ```
    pub fn stack_used(&self) -> usize {
        self.stack_used
    }

    /// Bytes that its stack has; 0 if it has not begun.
    ///
    /// ```
    /// # fn sum(all: &gort_runtime::debug::Snapshot) -> usize {
    /// all.iter().map(|goroutine| goroutine.stack_size()).sum()
    /// # }
    /// # let _ = sum;
    /// ```
    pub fn stack_size(&self) -> usize {
        self.stack_size
    }

    /// Whether it has the thread that it runs on to itself.
    ///
    /// ```
    /// # fn locked(all: &gort_runtime::debug::Snapshot) -> usize {
    /// all.iter().filter(|goroutine| goroutine.locked_to_thread()).count()
    /// # }
    /// # let _ = locked;
    /// ```
    #[doc(alias = "LockOSThread")]
    pub fn locked_to_thread(&self) -> bool {
        self.locked
    }
}
