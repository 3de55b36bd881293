//! A crew: goroutines of which one runs at a time, and somebody chooses which.
//!
//! A goroutine that is started by a member is one. Whoever makes a member runnable asks its crew
//! first. None of this is looked at unless there is a crew in this process: [`searches::any`].

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Instant;

use super::{G, GRef};
use crate::explore::director::{How, Op};
use crate::explore::reach::Reach;
use crate::explore::searches;

const END: Op = Op::new("end", "");
const GIVE_WAY: Op = Op::new("gosched", "");

/// What the lower floors ask of it.
pub(crate) trait Crew: Any + Sync + fmt::Debug {
    /// Numbers a new member.
    fn enlist(&'static self, g: &G);
    /// A member can go on. It comes back if it is to be queued now.
    fn admit(&self, g: GRef) -> Option<GRef>;
    /// `g`, a member that runs this, is about to do that. Returns when it is its turn.
    fn take_turn(&self, g: &G, op: Op, reach: Reach, site: Option<&'static Location<'static>>, how: How);
    /// Whether somebody chooses who goes on.
    fn directs(&self) -> bool {
        true
    }
    /// What time it is there.
    fn now(&self) -> Instant;
}

/// Which crew. One word, where a reference to a trait object has two.
pub(crate) type Membership = &'static &'static dyn Crew;

/// Makes `g` a member.
pub(crate) fn join(g: &G, crew: Membership) {
    g.crew.set(Some(NonNull::from(crew).cast()));
}

/// The crew that `g` is of.
pub(crate) fn of(g: &G) -> Option<&'static dyn Crew> {
    let membership = g.crew.get()?.cast::<&'static dyn Crew>();
    // SAFETY: only `join` sets it, to something that is borrowed for ever.
    Some(unsafe { *membership.as_ref() })
}

/// The crew for which this code runs: that of the goroutine, or the one whose timers this thread
/// expires.
#[cold]
pub(crate) fn current() -> Option<&'static dyn Crew> {
    if let Some(g) = super::current() {
        return of(g);
    }
    let acts_for = crate::tls::acts_for().cast::<G>();
    // SAFETY: null, or a member's control block, which is never freed; see `acting_for`.
    unsafe { acts_for.as_ref() }.and_then(of)
}

/// Runs `f`, which may start goroutines and ask for the time, for the crew of `member`, on a thread
/// that runs no goroutine at the moment.
pub(crate) fn acting_for<R>(member: GRef, f: impl FnOnce() -> R) -> R {
    struct Restore(*const ());
    impl Drop for Restore {
        fn drop(&mut self) {
            crate::tls::set_acts_for(self.0);
        }
    }
    let _restore = Restore(crate::tls::acts_for());
    crate::tls::set_acts_for(member.as_ptr().cast());
    f()
}

/// The time: of the crew, in which it stands still while anybody can go on, or else the real one.
///
/// ```
/// let now = gort_runtime::now();
/// assert!(now <= std::time::Instant::now());
/// ```
#[inline]
pub fn now() -> Instant {
    if searches::any()
        && let Some(crew) = current()
    {
        return crew.now();
    }
    Instant::now()
}

/// A goroutine can be queued, unless its crew says otherwise.
#[inline(always)]
pub(crate) fn admit(g: GRef) -> Option<GRef> {
    if searches::any() { admit_member(g) } else { Some(g) }
}

#[cold]
fn admit_member(g: GRef) -> Option<GRef> {
    match of(&g) {
        Some(crew) => crew.admit(g),
        None => Some(g),
    }
}

/// A new goroutine, not queued yet: it is of the crew of whoever starts it.
#[inline(always)]
pub(crate) fn inherit(g: &G) {
    if searches::any()
        && let Some(crew) = current()
    {
        crew.enlist(g);
    }
}

/// The goroutine that runs this code is about to do that. Returns when it is its turn.
#[cold]
pub(crate) fn take_turn(op: Op, reach: Reach, site: Option<&'static Location<'static>>, how: How) {
    if let Some(g) = super::current()
        && let Some(crew) = of(g)
    {
        crew.take_turn(g, op, reach, site, how);
    }
}

/// A member gives way to the others. `false` if it is none, or nobody chooses who goes on.
#[cold]
pub(crate) fn give_way(g: &G, site: &'static Location<'static>) -> bool {
    let crew = of(g).filter(|crew| crew.directs());
    if let Some(crew) = crew {
        crew.take_turn(g, GIVE_WAY, Reach::Nothing, Some(site), How::GivesWay);
    }
    crew.is_some()
}

/// A member has done its job, and nobody knows yet.
#[cold]
pub(crate) fn ends(g: &G) {
    if let Some(crew) = of(g) {
        let own = std::ptr::from_ref(g).addr();
        crew.take_turn(g, END, Reach::Writes(own), None, How::Plain);
    }
}
