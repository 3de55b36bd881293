//! Switching away: park with a commit, yield. What channels and locks wait with.

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::time::Instant;

use crate::bias::lock::RawLock;
use crate::claim::Claim;
use crate::explore::searches;
use crate::g::{G, GRef, Request, crew};
use crate::here::Here;
use crate::reason::WaitReason;
use crate::sched::unwinding;
use crate::sched::worker::Worker;

/// Switches away from the current goroutine (or blocks the current OS thread) until its [`Task`](crate::Task) is readied.
///
/// `commit` runs after the switch, on the worker's own stack: that is where the lock is released under which the task was
/// published, so that nobody can resume a goroutine that still runs. On an OS thread it runs in place.
///
/// # Safety
/// * Exactly one [`Task::ready`](crate::Task::ready) happens for a task made by this goroutine or thread, and not before `commit` made the task
///   reachable for others.
/// * `commit` does not panic, block or park, and touches nothing on the parked stack after the release that lets a waker in.
#[inline(always)]
#[track_caller]
pub unsafe fn park<C: FnOnce()>(reason: WaitReason, commit: C) {
    let Some(g) = crate::g::current() else {
        // SAFETY: handed on.
        return unsafe { park_thread(commit, None) };
    };
    // SAFETY: handed on; it is the current goroutine.
    unsafe { park_goroutine(g, reason, Location::caller(), commit) };
}

/// Like [`park`] with a commit that frees `lock`, which the caller holds. The commit needs nothing of the parked stack, and the lock says
/// what will be touched first when somebody comes to wake the goroutine.
///
/// # Safety
/// As [`park`]; and the caller holds the lock. `here` was asked since the goroutine waited last.
#[inline(always)]
#[track_caller]
pub unsafe fn park_holding(here: Here, reason: WaitReason, lock: &RawLock) {
    let Some(g) = crate::g::current_at(here) else {
        // SAFETY: handed on; the lock is held.
        return unsafe { park_thread(|| lock.unlock(), None) };
    };
    // SAFETY: handed on; it is the current goroutine.
    unsafe { park_goroutine_holding(g, reason, Location::caller(), lock) };
}

/// Like [`park`], for one that waits on several objects, or on one that has no lock: reports find them.
///
/// # Safety
/// As [`park`]; and `objects` stays where it is until this returns.
#[inline(always)]
#[track_caller]
pub unsafe fn park_on<C: FnOnce()>(reason: WaitReason, objects: *const [*const ()], commit: C) {
    let Some(g) = crate::g::current() else {
        // SAFETY: handed on.
        return unsafe { park_thread(commit, None) };
    };
    let mut noted = Noted {
        mark: &raw const NOTED,
        objects: objects.cast(),
        count: objects.len(),
        commit: ManuallyDrop::new(commit),
    };
    prepare(g, reason, Location::caller());
    // SAFETY: handed on; it is the current goroutine.
    unsafe { leave(g, Request::Park(run_noted::<C>, (&raw mut noted).cast())) };
}

/// What a goroutine leaves on its stack that parks by [`park_on`]. Reports read it from outside.
#[repr(C)]
pub(crate) struct Noted<C> {
    /// The address of [`NOTED`]: tells it from the commits of the others.
    pub(crate) mark: *const u8,
    pub(crate) objects: *const *const (),
    pub(crate) count: usize,
    commit: ManuallyDrop<C>,
}

/// Marks what is [`Noted`].
pub(crate) static NOTED: u8 = 1;

/// As [`run_commit`].
unsafe fn run_noted<C: FnOnce()>(noted: *mut ()) {
    // SAFETY: the pointer is the parked frame's `Noted<C>`, whose commit is taken once.
    let commit = unsafe { (&raw mut (*noted.cast::<Noted<C>>()).commit).read() };
    ManuallyDrop::into_inner(commit)();
}

/// Like [`park`], but when `deadline` comes the timer tries to win `claim` with [`Claim::TIMEOUT`] and, if it does, readies
/// the task itself.
///
/// # Safety
/// As [`park`]; and every other waker wins `claim` before it readies the task.
#[track_caller]
pub unsafe fn park_until<C: FnOnce()>(reason: WaitReason, deadline: Instant, claim: &Claim, commit: C) {
    let Some(g) = GRef::current() else {
        // SAFETY: handed on.
        return unsafe { park_thread(commit, Some((deadline, claim))) };
    };
    // SAFETY: handed on; it is the current goroutine.
    unsafe {
        crate::sched::sleep::park_goroutine_until(g, reason, Location::caller(), deadline, claim, commit)
    };
}

/// Blocks this OS thread. With a deadline, the thread itself plays the timer.
///
/// # Safety
/// As [`park`].
unsafe fn park_thread<C: FnOnce()>(commit: C, limit: Option<(Instant, &Claim)>) {
    crate::tls::with_waiter(|waiter| {
        commit();
        match limit {
            None => waiter.wait(),
            Some((deadline, claim)) => {
                // Somebody else won in time: its `ready` is on the way.
                if !waiter.wait_until(deadline) && !claim.try_claim(Claim::TIMEOUT) {
                    waiter.wait();
                }
            }
        }
    });
}

/// Parks `g`; see [`crate::park`].
///
/// # Safety
/// As [`crate::park`], and `g` is the goroutine that runs this code.
#[inline(always)]
pub(crate) unsafe fn park_goroutine<C: FnOnce()>(
    g: &G,
    reason: WaitReason,
    site: &'static Location<'static>,
    commit: C,
) {
    let mut commit = ManuallyDrop::new(commit);
    prepare(g, reason, site);
    // SAFETY: by the caller.
    unsafe { leave(g, Request::Park(run_commit::<C>, (&raw mut commit).cast())) };
}

/// Parks `g`, which holds `lock`; see [`crate::park_holding`].
///
/// # Safety
/// As [`crate::park_holding`], and `g` is the goroutine that runs this code.
#[inline(always)]
pub(crate) unsafe fn park_goroutine_holding(
    g: &G,
    reason: WaitReason,
    site: &'static Location<'static>,
    lock: &RawLock,
) {
    prepare(g, reason, site);
    let lock = std::ptr::from_ref(lock).cast_mut().cast();
    // SAFETY: by the caller.
    unsafe { leave(g, Request::Park(unlock, lock)) };
}

/// Switches away from `g`, which stays runnable, and lets `commit` see to it that it comes back.
///
/// # Safety
/// `g` is the goroutine that runs this code; nobody queues it before the commit, and then it is queued once.
pub(crate) unsafe fn hand_over<C: FnOnce()>(g: &G, commit: C) {
    let mut commit = ManuallyDrop::new(commit);
    if unwinding::is_under_way() {
        unwinding::set_aside(g);
    }
    // SAFETY: by the caller.
    unsafe { leave(g, Request::Park(run_commit::<C>, (&raw mut commit).cast())) };
}

/// Switches away with that request, and comes back.
///
/// # Safety
/// `g` is the goroutine that runs this code; what the request asks for may be done.
#[inline(always)]
unsafe fn leave(g: &G, request: Request) {
    g.set_request(request);
    // SAFETY: `g` runs this code, and its request is in place.
    unsafe { crate::g::suspend(g) };
    if g.panics_aside.get() != 0 {
        unwinding::take_back(g);
    }
}

/// The commit of whoever parks with a lock. Not inlined: reports know it by its address.
#[inline(never)]
pub(crate) unsafe fn unlock(lock: *mut ()) {
    // SAFETY: the goroutine that parked holds the lock. Until it is free nobody can take the goroutine out of where it waits, so the lock
    // is still there.
    unsafe { (*lock.cast::<RawLock>()).unlock() };
}

/// Everything before the switch that needs no knowledge of the commit; never suspends, so its return is predicted.
#[inline]
fn prepare(g: &G, reason: WaitReason, site: &'static Location<'static>) {
    g.set_waiting(reason, site);
    if unwinding::is_under_way() {
        unwinding::set_aside(g);
    }
}

/// Runs a commit on the worker's stack. The closure is moved out first: it lies on a stack that may be running again before
/// the commit is over.
unsafe fn run_commit<C: FnOnce()>(commit: *mut ()) {
    // SAFETY: the pointer is the parked frame's `ManuallyDrop<C>`, which is taken once.
    let commit = ManuallyDrop::into_inner(unsafe { commit.cast::<ManuallyDrop<C>>().read() });
    commit();
}

/// Lets other goroutines run; the current one stays runnable and goes to the end of its worker's queue.
///
/// On a thread that is no goroutine it yields the thread.
///
/// ```
/// gort_runtime::gosched();
/// ```
#[doc(alias = "Gosched")]
#[inline(always)]
#[track_caller]
pub fn gosched() {
    let Some(g) = crate::g::current() else {
        return crate::sys::thread::yield_now();
    };
    if searches::any() && crew::give_way(g, Location::caller()) {
        return;
    }
    if unwinding::is_under_way() {
        unwinding::set_aside(g);
    }
    // SAFETY: `g` runs this code.
    unsafe { leave(g, Request::Yield) };
}

/// To be called by an operation that found nothing to do and does not wait: every so often it yields, so that a loop which
/// polls (`select!` with a `default`, `try_recv`) lets others run, whatever GOMAXPROCS is. Go preempts such a loop.
///
/// ```
/// gort_runtime::polled_in_vain();
/// ```
#[inline]
#[track_caller]
pub fn polled_in_vain() {
    if searches::any()
        && let Some(g) = crate::g::current()
        && crew::give_way(g, Location::caller())
    {
        return;
    }
    // SAFETY: not used after the switch below.
    if unsafe { Here::ask() }
        .worker()
        .is_some_and(Worker::count_vain_poll)
    {
        gosched();
    }
}
