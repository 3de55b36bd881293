//! What is known of one goroutine.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::debug::object::Object;
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
    /// For whoever looks who has access to what; else empty.
    pub(super) reach: Reach,
}

/// What of a goroutine is needed to say to what it has access.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    /// Its stack's addresses.
    pub(super) stack: std::ops::Range<usize>,
    /// What lies in the part that is in use, or may be, each word inverted. `None`: it is not known.
    pub(super) words: Option<Vec<usize>>,
    /// Its control block, whose job has begun.
    pub(super) block: std::ops::Range<usize>,
    /// Since when it waits, on the scheduler's clock.
    pub(super) since: u64,
    /// The scope that it is a member of, or 0.
    pub(super) scope: usize,
    /// Whether a time limit, or something outside, may wake it.
    pub(super) may_wake: bool,
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

    /// What it waits on, as far as that is known: the channel of a receive or a send, all channels of a `select!`, the lock, the wait
    /// group, the goroutine that is joined. Empty for those that do not wait, and for waits with a time limit.
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
