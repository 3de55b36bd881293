//! The crew whose schedules are explored: who can go on, whose turn it is, what time it is.
//!
//! **One at a time.** `active` is the member that runs, or is in a worker's queue; nobody else of
//! the crew is in one. A member that becomes runnable is noted; if nobody is active, one of those
//! noted is chosen and queued. Whoever stops (waits, ends, or has to let another one go first) is
//! replaced in the same way, *after* it has left its stack.
//!
//! **Time** stands still while anybody can go on. When nobody can, and nobody waits for something
//! outside of the crew, it jumps to the next of the crew's timers, which are in a shard of their
//! own. If there is none, they wait for ever.
//!
//! A group is never freed, since timers point to its shard; one that ended well is used again.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::calm::Calm;
use super::director::{DROPPED, Director, Ending, How, Op, Step};
use super::reach::Reach;
use super::state::{Active, Inner, Member};
use crate::g::crew::{self, Crew, Membership};
use crate::g::{self, G, GRef};
use crate::sys::clock::{self, NEVER};
use crate::timer::{Expired, Shard};

/// What a member does that has not begun.
const START: Op = Op::new("start", "");
/// A number of goroutines that nobody explores.
const MOST: usize = 60_000;

pub(crate) struct Group {
    membership: OnceLock<Membership>,
    /// What the scheduler does when a member announces an operation.
    turn: TakeTurn,
    inner: Mutex<Inner>,
    shard: Shard,
    /// On the scheduler's scale.
    now: AtomicU64,
    /// Its beginning.
    start: AtomicU64,
    /// No other bubble has this number; 0: it is none.
    bubble: AtomicU32,
}

/// `sched/turn` has it.
pub(crate) type TakeTurn = fn(&G, Op, Reach, Option<&'static Location<'static>>, How);

/// What the caller has to do.
pub(crate) enum Next {
    /// Queue it.
    Run(GRef),
    /// Expire the crew's timers, of which this is a member, with [`Group::expire`]; then ask again.
    Expire(GRef),
    /// Call it: the schedule has ended.
    End(Box<dyn FnOnce() + Send>),
    Nothing,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").finish_non_exhaustive()
    }
}

impl Crew for Group {
    fn enlist(&'static self, g: &G) {
        let mut inner = self.inner.lock();
        let reused = inner.calm.as_mut().and_then(Calm::reuse);
        let number = reused.unwrap_or(inner.members.len().min(MOST) as u16);
        if reused.is_none() && inner.members.len() > MOST {
            let message = format!("more than {MOST} goroutines");
            inner.ending.get_or_insert(Ending::Panicked { number, message });
        }
        let site = g.spawn_site();
        let member = Member {
            g: None,
            runnable: false,
            gave_way: false,
            handed_over: false,
            resumes: false,
            step: Step {
                op: START,
                reach: Reach::Nothing,
                site,
            },
            foreign: false,
            open: false,
        };
        match reused {
            Some(number) => inner.members[usize::from(number)] = member,
            None => inner.members.push(member),
        }
        inner.alive += 1;
        if let Some(director) = &mut inner.director {
            director.started(number, g.name(), site);
        }
        g.flags.number.set(number);
        let membership = self.membership.get_or_init(|| {
            let crew: &'static dyn Crew = self;
            Box::leak(Box::new(crew))
        });
        crew::join(g, membership);
        // Its panics are told with the schedule, not when they happen.
        g.flags.recovering.set(1);
    }

    fn admit(&self, g: GRef) -> Option<GRef> {
        let mut inner = self.inner.lock();
        let number = g.flags.number.get();
        // One that was left behind by a schedule that is over never runs again.
        let member = inner.members.get_mut(usize::from(number))?;
        member.resumes = member.g.is_some();
        member.g = Some(g);
        member.runnable = true;
        if member.handed_over {
            member.step.reach = Reach::Nothing;
        }
        inner.stops_waiting(number);
        inner.can_go_on(number);
        if inner.active != Active::Nobody {
            return None;
        }
        inner.choose()
    }

    fn take_turn(&self, g: &G, op: Op, reach: Reach, site: Option<&'static Location<'static>>, how: How) {
        (self.turn)(g, op, reach, site, how);
    }

    fn now(&self) -> Instant {
        clock::to_instant(self.now.load(Ordering::Relaxed))
    }
}

impl Group {
    /// A member has panicked, and nobody can observe that.
    pub(crate) fn failed(&self, g: &G, message: &str, location: Option<&str>) {
        let message = match location {
            Some(location) => format!("{message} (at {location})"),
            None => message.to_owned(),
        };
        let number = g.flags.number.get();
        self.inner
            .lock()
            .ending
            .get_or_insert(Ending::Panicked { number, message });
    }

    /// One without members.
    pub(crate) fn new(
        director: Option<Box<dyn Director>>,
        turn: TakeTurn,
        on_end: impl FnOnce() + Send + 'static,
    ) -> &'static Group {
        let inner = Inner {
            calm: director.is_none().then(Calm::default),
            waiting: None,
            open: 0,
            main_ended: false,
            director,
            members: Vec::new(),
            active: Active::Nobody,
            last: None,
            woke: Vec::new(),
            alive: 0,
            ending: None,
            on_end: Some(Box::new(on_end)),
            quiet: 0,
        };
        let group = SPARE.lock().pop().unwrap_or_else(|| {
            Box::leak(Box::new(Group {
                membership: OnceLock::new(),
                turn,
                inner: Mutex::new(Inner::empty()),
                shard: Shard::new(),
                now: AtomicU64::new(0),
                start: AtomicU64::new(0),
                bubble: AtomicU32::new(0),
            }))
        });
        let now = clock::now();
        group.now.store(now, Ordering::Relaxed);
        group.start.store(now, Ordering::Relaxed);
        let bubble = match inner.calm {
            Some(_) => BUBBLES.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1),
            None => 0,
        };
        group.bubble.store(bubble, Ordering::Relaxed);
        *group.inner.lock() = inner;
        group
    }

    /// The end: gives the director back, and how it ended.
    pub(crate) fn dissolve(&'static self) -> (Option<Box<dyn Director>>, Ending) {
        let mut inner = std::mem::replace(&mut *self.inner.lock(), Inner::empty());
        let ending = inner.ending.take().unwrap_or(Ending::Passed);
        if ending == Ending::Passed {
            // What is left there belongs to timers that nobody stopped: they never ring.
            let mut left = Expired::default();
            self.shard.expire(NEVER - 1, usize::MAX, &mut left);
            if left.goroutines.is_empty() {
                SPARE.lock().push(self);
            }
        }
        (inner.director.take(), ending)
    }

    pub(crate) fn bubble(&self) -> u32 {
        self.bubble.load(Ordering::Relaxed)
    }

    /// Member `number` is about to do something with a channel that is of no bubble, or not.
    pub(crate) fn set_foreign(&self, number: u16, foreign: bool) {
        self.inner.lock().members[usize::from(number)].foreign = foreign;
    }

    /// How long ago the crew began, on its clock.
    pub(crate) fn age(&self) -> Duration {
        let nanos = self.now.load(Ordering::Relaxed) - self.start.load(Ordering::Relaxed);
        Duration::from_nanos(nanos)
    }

    /// The first member has done its job.
    pub(crate) fn main_has_ended(&self) {
        self.inner.lock().main_ended = true;
    }

    pub(crate) fn has_main_ended(&self) -> bool {
        self.inner.lock().main_ended
    }

    /// Member `number` is about to wait until all others are durably blocked. `false` if another
    /// one does.
    pub(crate) fn await_others(&self, number: u16) -> bool {
        let mut inner = self.inner.lock();
        let free = inner.waiting.is_none();
        if free {
            inner.waiting = Some(number);
        }
        free
    }

    pub(crate) fn shard(&self) -> &Shard {
        &self.shard
    }

    /// Notes that the step under way has done something that has an order.
    pub(crate) fn note(&self, what: u16) {
        self.inner.lock().woke.push(what);
    }

    /// Changes how many want no announcements.
    pub(crate) fn hush(&self, by: i32) {
        let mut inner = self.inner.lock();
        inner.quiet = inner.quiet.saturating_add_signed(by);
    }

    /// Chooses below `count`.
    pub(crate) fn pick(&self, count: usize) -> usize {
        match &mut self.inner.lock().director {
            Some(director) if count > 1 => director.pick(count),
            _ => 0,
        }
    }

    /// The active member `number` is about to make a step. Who goes first: None, if it may go on
    /// itself.
    pub(crate) fn announce(
        &self,
        number: u16,
        op: Op,
        reach: Reach,
        site: Option<&'static Location<'static>>,
        how: How,
    ) -> Option<Next> {
        let mut inner = self.inner.lock();
        if inner.quiet > 0 || inner.active != Active::One(number) {
            return None;
        }
        if inner.ending.is_some() {
            // It goes no further: what it does now nobody wants to know, and perhaps it would never
            // stop.
            return Some(inner.end());
        }
        if inner.calm.is_some() {
            // Nobody is preempted.
            if how != How::GivesWay {
                return None;
            }
            inner.can_go_on(number);
        }
        let member = &mut inner.members[usize::from(number)];
        member.step.op = op;
        member.step.reach = reach;
        member.step.site = site.unwrap_or(member.step.site);
        member.handed_over = how == How::HandedOver;
        member.resumes = false;
        member.gave_way = how == How::GivesWay;
        member.runnable = true;
        match inner.choose() {
            Some(chosen) if chosen.flags.number.get() == number => None,
            Some(chosen) => Some(Next::Run(chosen)),
            None => Some(inner.end()),
        }
    }

    /// The active member `number` has left its stack and waits, or has ended. Who is next?
    pub(crate) fn stopped(&self, number: u16, has_ended: bool) -> Next {
        let mut inner = self.inner.lock();
        if has_ended && let Some(member) = inner.members.get_mut(usize::from(number)) {
            member.g = None;
            inner.alive -= 1;
            inner.woke.push(DROPPED);
            if let Some(calm) = &mut inner.calm {
                calm.has_ended(number);
            }
        }
        if inner.active != Active::One(number) {
            return Next::Nothing;
        }
        if !has_ended {
            inner.begins_to_wait(number);
        }
        inner.active = Active::Nobody;
        self.next(&mut inner)
    }

    /// Makes runnable, or calls, what is due next. Everybody that becomes runnable has done so when
    /// this returns.
    pub(crate) fn expire(&self, deliver: impl FnOnce(Expired)) -> Next {
        let mut due = Expired::default();
        let at = self.shard.next();
        self.now.fetch_max(at, Ordering::Relaxed);
        self.shard.expire(at, usize::MAX, &mut due);
        deliver(due);
        let mut inner = self.inner.lock();
        inner.active = Active::Nobody;
        self.next(&mut inner)
    }

    fn next(&self, inner: &mut Inner) -> Next {
        if inner.ending.is_some() {
            return inner.end();
        }
        if inner.any_can_go_on() {
            return match inner.choose() {
                Some(chosen) => Next::Run(chosen),
                None => inner.end(),
            };
        }
        if inner.alive == 0 {
            inner.ending = Some(Ending::Passed);
            return inner.end();
        }
        if inner.open > 0 {
            return Next::Nothing;
        }
        if let Some(number) = inner.waiting.take() {
            // All others are durably blocked.
            inner.members[usize::from(number)].runnable = true;
            inner.can_go_on(number);
            return match inner.choose() {
                Some(chosen) => Next::Run(chosen),
                None => inner.end(),
            };
        }
        let time_passes = inner.calm.is_none() || !inner.main_ended;
        let mut waiting = inner.members.iter().filter_map(|member| member.g);
        if self.shard.next() != NEVER
            && time_passes
            && let Some(member) = waiting.next()
        {
            inner.active = Active::Gathering;
            return Next::Expire(member);
        }
        inner.ending = Some(Ending::Stuck(inner.stuck()));
        inner.end()
    }
}

/// How many bubbles there were.
static BUBBLES: AtomicU32 = AtomicU32::new(0);
/// Groups that can be used again.
static SPARE: Mutex<Vec<&'static Group>> = Mutex::new(Vec::new());

fn group_of(crew: &'static dyn Crew) -> Option<&'static Group> {
    let crew: &'static dyn Any = crew;
    crew.downcast_ref()
}

/// The group for which this code runs.
pub(crate) fn current() -> Option<&'static Group> {
    crew::current().and_then(group_of)
}

/// The group of the goroutine that runs this code, and its number in it.
pub(crate) fn here() -> Option<(&'static Group, u16)> {
    member(g::current()?)
}

/// The group of `g`, and its number in it.
pub(crate) fn member(g: &G) -> Option<(&'static Group, u16)> {
    Some((group_of(crew::of(g)?)?, g.flags.number.get()))
}

/// The group and number of one that has just switched away, if its group has to be told: not if it
/// did so to let another one go first.
#[cold]
pub(crate) fn leaving(g: &G) -> Option<(&'static Group, u16)> {
    if g.flags.handing_over.get() {
        None
    } else {
        member(g)
    }
}

/// For [`searches::listen`](super::searches::listen).
pub(crate) fn takes_panic(goroutine: *const (), message: &str, location: Option<&str>) -> bool {
    // SAFETY: whoever tells of a panic has the goroutine's control block.
    let g = unsafe { &*goroutine.cast::<G>() };
    let member = member(g);
    if let Some((group, _)) = member {
        group.failed(g, message, location);
    }
    member.is_some()
}
