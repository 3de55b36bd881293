//! Waiting for the clock: sleeps, parks with a deadline, timers that call. Arming tells the
//! timekeeper; what is due is made runnable, or called.

use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Instant;

use crate::claim::Claim;
use crate::explore::director::SET_TIMER;
use crate::explore::{group, searches};
use crate::g::{G, GRef, crew};
use crate::panic_value::Panic;
use crate::reason::WaitReason;
use crate::sched::park::{gosched, park_goroutine};
use crate::sched::timekeeper::Armed;
use crate::sched::{ready, runtime, spawn, this_worker};
use crate::sys::clock;
use crate::timer::{CallTimer, Expired, Shard, Timer};

/// Parks until `deadline` or until a waker won `claim`; see [`crate::park_until`].
///
/// # Safety
/// As [`crate::park_until`], and `g` runs this code.
pub(crate) unsafe fn park_goroutine_until<C: FnOnce()>(
    g: GRef,
    reason: WaitReason,
    site: &'static Location<'static>,
    deadline: Instant,
    claim: &Claim,
    commit: C,
) {
    let timer = Timer::for_park(claim, g);
    let at = NonNull::from(&timer);
    let deadline = clock::to_nanos(deadline);
    let arm_and_commit = move || {
        // Armed first: the caller's commit may let a waker in, and then this frame may be gone. The
        // timer may fire in between; the goroutine it wakes then still has to get past the locks
        // that `commit` releases, or, if there are none, nothing below touches its stack. SAFETY:
        // the goroutine is off its stack and stays in this function until the timer is out of the
        // heap.
        unsafe { arm_on_this_worker(&g, deadline, at) };
        commit();
    };
    // SAFETY: handed on; the timer readies only after it won the claim.
    unsafe { park_goroutine(&g, reason, site, arm_and_commit) };
    if claim.winner() != Some(Claim::TIMEOUT) {
        timer.cancel();
    }
}

/// Arms a timer on the shard of the worker that runs this code, and sees to it that somebody wakes
/// up for it.
///
/// # Safety
/// As [`Shard::arm`].
unsafe fn arm_on_this_worker(g: &G, deadline: u64, timer: NonNull<Timer>) {
    let shard = timer_shard(Some(g));
    // SAFETY: handed on.
    unsafe { shard.arm(deadline, timer) };
    timer_armed(shard, deadline);
}

/// Lets the goroutine (or thread) sleep until `deadline`. If that has passed, it lets others run
/// and goes on.
///
/// ```
/// let before = std::time::Instant::now();
/// gort_runtime::sleep_until(before + std::time::Duration::from_millis(5));
/// assert!(before.elapsed().as_millis() >= 5);
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) {
    let Some(sleeper) = GRef::current() else {
        return std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    };
    if deadline <= crew::now() {
        // Nothing to wait for. But a loop that sleeps shall let others run, however short its
        // sleeps are.
        return gosched();
    }
    let deadline = clock::to_nanos(deadline);
    let arm = move || {
        // The goroutine is off its stack, and this is its only waker.
        let shard = timer_shard(Some(&sleeper));
        shard.add_sleeper(deadline, sleeper);
        timer_armed(shard, deadline);
    };
    // SAFETY: this goroutine runs this code, and the commit makes it known to exactly one waker.
    unsafe { park_goroutine(&sleeper, WaitReason::Sleep, Location::caller(), arm) };
}

/// Arms a timer that calls; see [`CallTimer::start`].
pub(crate) fn start_call(timer: &Arc<CallTimer>, deadline: Instant) -> bool {
    let deadline = clock::to_nanos(deadline);
    let shard = timer_shard(None);
    let was_armed = timer.start_in(shard, deadline);
    timer_armed(shard, deadline);
    was_armed
}

/// Makes the call of a timer that is due.
fn ring(timer: Arc<CallTimer>) {
    // This may be the last reference, so what the function holds is dropped where the function is
    // called.
    if let Some(name) = timer.goroutine_name() {
        return spawn::detached(name, move || timer.call());
    }
    // Nothing may unwind past those who wait for others that are due.
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        timer.call();
        drop(timer);
    }));
    if let Err(payload) = caught {
        crate::fatal::die(&format_args!(
            "panic: in a timer's function: {}\n",
            Panic::new(payload, None).message()
        ));
    }
}

/// Makes runnable, or calls, what was due. `true` if anything was.
pub(super) fn deliver(due: Expired) -> bool {
    let any = !due.goroutines.is_empty() || !due.calls.is_empty();
    ready::ready_all(&due.goroutines, due.behind);
    due.calls.into_iter().for_each(ring);
    any
}

/// The shard for a timer that is armed by this code, or, in the commit of a goroutine, for that.
pub(crate) fn timer_shard(of: Option<&G>) -> &'static Shard {
    if searches::any()
        && let Some(group) = of.map_or_else(group::current, |g| group::member(g).map(|(group, _)| group))
    {
        group.note(SET_TIMER);
        return group.shard();
    }
    match this_worker() {
        Some(worker) => worker.timers(),
        None => match runtime().post(0) {
            Some(post) => &post.timers,
            None => unreachable!("a started runtime has a worker"),
        },
    }
}

/// A timer was armed: the timekeeper must not sleep past it.
pub(crate) fn timer_armed(shard: &Shard, deadline: u64) {
    let rt = runtime();
    if searches::any() && !rt.posts().any(|(_, post)| std::ptr::eq(&post.timers, shard)) {
        // A crew's own: it knows.
        return;
    }
    match rt.timekeeper.armed(deadline, clock::now) {
        Armed::Watched => {}
        Armed::Nudge(keeper) => {
            // It is not taken off the list, so its thread must not be started if it has ended
            // since: then it had left the role before, and looked at the timers afterwards.
            if let Some(post) = rt.post(keeper) {
                post.nudge();
            }
        }
        // A searcher will see to the role when it leaves or sleeps. Without one, a sleeper is
        // woken: it finds nothing and takes the role when it goes back to sleep.
        Armed::Wake => rt.notify(),
    }
}
