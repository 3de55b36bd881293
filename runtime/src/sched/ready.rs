//! Waking: the one place that makes goroutines runnable.

use crate::explore::searches;
use crate::g::crew;
use crate::g::join::Joiner;
use crate::g::task::{Other, Task};
use crate::g::{GRef, NO_HOME};
use crate::here::Here;
use crate::sched::worker::Worker;
use crate::sched::{runtime, shake, spawn, this_worker};

impl Task {
    /// Makes it runnable: the goroutine is queued, the thread unblocked, the waker woken.
    ///
    /// # Safety
    /// A task that was made by [`Task::current`]: whoever made it parks ([`park`](crate::park) and
    /// its kin) after that, the commit of that park has made the task reachable (or this is the
    /// last thing that the commit does), and this is the only `ready` of any task for that park. Of
    /// a task that was made by [`Task::from_waker`] nothing is asked.
    ///
    /// ```compile_fail,E0133
    /// gort_runtime::Task::current().ready(); // nobody parks: the next wait would end before it began
    /// ```
    #[inline]
    pub unsafe fn ready(self) {
        // SAFETY: used once, before anything else happens; the rest by the caller.
        unsafe { self.ready_here(Here::ask()) };
    }

    /// The same for one who has asked already, and does not use the answer afterwards.
    ///
    /// # Safety
    /// As [`Task::ready`].
    #[doc(hidden)]
    #[inline]
    pub unsafe fn ready_here(self, here: Here) {
        match self.as_goroutine() {
            Some(g) => {
                // A goroutine's task owns nothing.
                std::mem::forget(self);
                ready(here, g);
            }
            None => self.unblock(here),
        }
    }

    /// The same for a task that is no goroutine.
    #[inline(never)]
    fn unblock(self, here: Here) {
        let waker = match self.into_other() {
            Other::Thread(parker) => return parker.wake_by_ref(),
            Other::Waker(waker) => waker,
        };
        let in_place = if here.worker().is_some() {
            !here.goroutine().is_null()
        } else {
            !crate::tls::serves()
        };
        if in_place {
            waker.wake();
        } else {
            // Nobody takes the place of who runs this: it expires timers, or runs a commit.
            spawn::detached("waker", move || waker.wake());
        }
    }
}

impl Joiner {
    /// By whoever the end of the goroutine gave it to, once.
    pub(crate) fn tell(self) {
        match self {
            // SAFETY: a task that parks for the end was put into its cell by the commit of that
            // park, and it was taken out of there once, as the protocol of `g::join` has it.
            Joiner::Task(task) => unsafe { task.ready() },
            Joiner::Call(call) => call(),
            Joiner::Both(both) => {
                let (call, task) = *both;
                call();
                // SAFETY: as above.
                unsafe { task.ready() };
            }
        }
    }
}

/// Queues a goroutine that was parked and wakes somebody for it if need be.
#[inline]
pub(crate) fn ready(here: Here, g: GRef) {
    if searches::any() {
        return ready_member(g);
    }
    match here.worker() {
        Some(worker) => ready_on(worker, g),
        None => ready_outside(g),
    }
}

/// The same for one that may be of a crew. Apart, as it is asked for the worker anew: so that the
/// others keep nothing across the question whether the crew lets it go.
#[cold]
#[inline(never)]
pub(super) fn ready_member(g: GRef) {
    if let Some(g) = crew::admit(g) {
        if shake::is_on() && g.crew.get().is_none() {
            shake::queue(g);
        } else {
            queue_now(g);
        }
    }
}

/// The same for one whose turn it is in its crew.
pub(crate) fn queue_now(g: GRef) {
    match this_worker() {
        Some(worker) => ready_on(worker, g),
        None => ready_outside(g),
    }
}

/// The same on a worker's own stack, between two runs: it looks for the next one at once, and
/// nobody else has to. Unless it is absent: then it may not run this one at all.
pub(super) fn queue_between_runs(g: GRef) {
    match this_worker() {
        Some(worker) if !is_absent(worker) => {
            queue_on(worker, g, false);
        }
        _ => queue_now(g),
    }
}

fn is_absent(worker: &Worker) -> bool {
    let post = worker.runtime().post(worker.index());
    post.is_none_or(|post| post.is_absent())
}

#[inline]
fn ready_on(worker: &Worker, g: GRef) {
    g.prefetch();
    if queue_on(worker, g, false) {
        worker.runtime().notify_from(worker);
    }
}

/// Queues a goroutine, `behind` the others or in run-next if that is free. `true` if any worker may
/// take it, and the caller has to wake one.
#[inline(always)]
fn queue_on(worker: &Worker, g: GRef, behind: bool) -> bool {
    let rt = worker.runtime();
    match rt.bound_to(g) {
        None if behind => worker.push(g),
        None => worker.push_ready(g),
        Some(index) => {
            if index != worker.index() || g.home() == NO_HOME {
                rt.send_bound(g, index);
            } else if behind {
                worker.push_bound(g);
            } else {
                worker.push_ready_bound(g);
            }
            return false;
        }
    }
    true
}

/// Queues goroutines that were parked, in this order, and wakes somebody for them if need be.
///
/// While one is queued, what the switch to another one touches is fetched: none of them may have
/// run for long.
///
/// `behind`: others were due before them and may not have run yet, so run-next, which would
/// overtake those, is not for them.
pub(crate) fn ready_all(goroutines: &[GRef], behind: bool) {
    if searches::any() {
        let mut free: Vec<GRef> = goroutines.to_vec();
        free.retain(|&g| crew::admit(g).is_some());
        if shake::is_on() {
            return shake::queue_all(&mut free);
        }
        return queue_all(&free, behind);
    }
    queue_all(goroutines, behind);
}

fn queue_all(goroutines: &[GRef], behind: bool) {
    /// How many goroutines ahead: fetching takes about as long as queueing so many.
    const AHEAD: usize = 8;
    let Some(worker) = this_worker() else {
        return goroutines.iter().for_each(|&g| ready_outside(g));
    };
    let mut queued = false;
    goroutines.iter().take(AHEAD).for_each(|g| g.prefetch_more());
    for (index, &g) in goroutines.iter().enumerate() {
        if let Some(later) = goroutines.get(index + AHEAD) {
            later.prefetch_more();
        }
        queued |= queue_on(worker, g, behind);
    }
    if queued {
        worker.runtime().notify_from(worker);
    }
}

/// Wakes those whom a look at the poller gave.
pub(crate) fn ready_polled(woken: Vec<crate::poll::Task>) {
    for task in woken {
        // SAFETY: its claim was won and it was taken out of its queue, once, under the lock that
        // the commit of its park released.
        unsafe { task.ready() };
    }
}

#[cold]
fn ready_outside(g: GRef) {
    let rt = runtime();
    match rt.bound_to(g) {
        None => {
            rt.global.push(g);
            rt.notify_global();
        }
        Some(index) => rt.send_bound(g, index),
    }
}
