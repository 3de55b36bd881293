//! A clock as an event source: what timers and tickers share. Its value is decided when somebody
//! receives.
//!
//! A clock is a deadline and nothing else as long as nobody waits for it. A receive looks at the
//! time, under the lock: past the deadline the value is there, before it the receiver waits, and
//! only then an alarm is set in the runtime's timers. So `stop` and `reset` leave no stale value
//! behind, a timer costs no heap entry until it is waited for, and one that nobody waits for keeps
//! no stuck program alive: the rules of Go since 1.23.
//!
//! Invariant, under the lock: if somebody waits and there is a deadline, the alarm is set for it
//! (or its call is on the way).

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::chan::ops;
use crate::rt::{self, CallTimer, RawLock, Task, explore};
use crate::source::{Operand, Polled, Source};
use crate::waitq::WaitQueue;

/// A value under a spin lock, for a few instructions at a time.
struct Locked<T> {
    lock: RawLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is touched under the lock only.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T> Locked<T> {
    fn new(value: T) -> Locked<T> {
        Locked {
            lock: RawLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `f` under the lock: no foreign code, no panic, no second time.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.lock.lock();
        // SAFETY: the lock is held until below.
        let result = f(unsafe { &mut *self.value.get() });
        // SAFETY: taken above.
        unsafe { self.lock.unlock() };
        result
    }
}

struct State {
    /// When the value is there; `None` for a timer that was stopped, or received from.
    when: Option<Instant>,
    /// For tickers.
    period: Option<Duration>,
    /// The deadline that the alarm was set for last, until it rang.
    armed: Option<Instant>,
}

impl State {
    /// Takes the value that is there at `now`; a ticker drops the ticks that were missed and keeps
    /// its phase.
    fn take_due(&mut self, now: Instant) -> Option<Instant> {
        let when = self.when.filter(|when| *when <= now)?;
        // A tick that no `Instant` can express never comes.
        self.when = self.period.and_then(|period| {
            let late = (now - when).as_nanos() % period.as_nanos();
            // The remainder is at most the lateness, which fits.
            let late = Duration::from_nanos(late as u64);
            now.checked_add(period.saturating_sub(late))
        });
        Some(when)
    }
}

/// What a timer or ticker with a channel shares with its channel.
///
/// ```
/// use gort_channels::{clock::Clock, macro_support, source::{Operand, RecvFrom}};
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// struct Timer(Arc<Clock>);
/// impl RecvFrom for Timer {
///     type Item = Instant;
///     fn operand(&self) -> Operand<'_, Instant> { self.0.operand() }
/// }
///
/// let due = Instant::now() + Duration::from_millis(1);
/// let timer = Timer(Clock::new(due, None));
/// assert_eq!(macro_support::recv(&timer), Some(due));
/// assert!(!timer.0.stop(), "its value was received");
/// ```
pub struct Clock {
    state: Locked<State>,
    waiters: Arc<Waiters>,
    alarm: OnceLock<Arc<CallTimer>>,
}

/// On its own, so that the runtime can ask, under its locks, whether anybody waits, and never ends
/// up with the last reference to the whole.
struct Waiters(WaitQueue);

// SAFETY: the queue is touched under the lock of its `Clock` only, but for the look at whether it
// is empty.
unsafe impl Sync for Waiters {}
// SAFETY: nothing in it is tied to a thread.
unsafe impl Send for Waiters {}

// SAFETY: one lock, in a shared part that does not move; waiters get instants only; `poll` runs
// nobody's code. It may arm the alarm, whose locks come after an event source's.
unsafe impl Source<Instant> for Clock {
    fn lock(&self) -> &RawLock {
        &self.state.lock
    }

    fn queue(&self) -> &WaitQueue {
        &self.waiters.0
    }

    unsafe fn poll(&self) -> Polled<Instant> {
        // SAFETY: the engine holds the lock.
        let state = unsafe { &mut *self.state.value.get() };
        match state.take_due(rt::now()) {
            Some(value) => Polled::Ready(value, None),
            None => {
                self.arm(state, false);
                Polled::Pending
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

impl Clock {
    /// A clock whose value is there from `first` on, and again after each `period`, which is not
    /// zero.
    #[inline]
    pub fn new(first: Instant, period: Option<Duration>) -> Arc<Clock> {
        Arc::new(Clock {
            state: Locked::new(State {
                when: Some(first),
                period,
                armed: None,
            }),
            waiters: Arc::new(Waiters(WaitQueue::new())),
            alarm: OnceLock::new(),
        })
    }

    /// What `<-clock` receives from. The value is the moment at which it was due.
    pub fn operand(self: &Arc<Clock>) -> Operand<'_, Instant> {
        self.prepare();
        Operand::source(&**self)
    }

    /// Before somebody may wait: makes the alarm, which cannot be done under the lock.
    fn prepare(self: &Arc<Clock>) {
        self.alarm.get_or_init(|| {
            let (ring, waiters) = (Arc::downgrade(self), Arc::clone(&self.waiters));
            CallTimer::for_listeners(move || Clock::rang(&ring), move || !waiters.0.looks_empty())
        });
    }

    /// Under the lock: sets the alarm for the deadline, if there is one; `again` even if it seems
    /// to be set.
    fn arm(&self, state: &mut State, again: bool) {
        if let (Some(when), Some(alarm)) = (state.when, self.alarm.get())
            && (again || state.armed != Some(when))
        {
            state.armed = Some(when);
            alarm.start(when);
        }
    }

    /// The alarm rang; perhaps for a deadline that has been changed since.
    fn rang(core: &Weak<Clock>) {
        let Some(core) = core.upgrade() else { return };
        let mut woken: Option<Task> = None;
        let mut more = Vec::new();
        core.state.with(|state| {
            let now = rt::now();
            if state.armed.is_some_and(|armed| armed <= now) {
                state.armed = None;
            }
            while state.when.is_some_and(|when| when <= now) {
                // SAFETY: the lock is held, and those who wait here wait for an instant.
                let Some(waiter) = (unsafe { core.waiters.0.take() }) else {
                    break;
                };
                if let Some(value) = state.take_due(now) {
                    // SAFETY: as above.
                    let task = unsafe { waiter.deliver(value) };
                    match &woken {
                        None => woken = Some(task),
                        Some(_) => more.push(task),
                    }
                }
            }
            if !core.waiters.0.looks_empty() {
                core.arm(state, true);
            }
        });
        for task in woken.into_iter().chain(more) {
            // SAFETY: taken out of the queue, once, under the lock that the commit of its park
            // released.
            unsafe { task.ready() };
        }
    }

    /// For whoever explores schedules.
    #[inline(always)]
    #[track_caller]
    fn announce(&self, op: explore::Op) {
        explore::point(op, std::ptr::from_ref(&self.state.lock).addr());
    }

    /// Takes the deadline away. Whether it was active: its value had not been received.
    #[track_caller]
    pub fn stop(&self) -> bool {
        self.announce(ops::STOP_TIMER);
        self.state.with(|state| {
            if state.armed.take().is_some()
                && let Some(alarm) = self.alarm.get()
            {
                alarm.stop();
            }
            state.when.take().is_some()
        })
    }

    /// Sets deadline and period anew. Gives what [`stop`](Clock::stop) would.
    #[track_caller]
    pub fn reset(&self, first: Instant, period: Option<Duration>) -> bool {
        self.announce(ops::RESET_TIMER);
        self.state.with(|state| {
            let was = state.when.replace(first).is_some();
            state.period = period;
            if !self.waiters.0.looks_empty() {
                self.arm(state, true);
            }
            was
        })
    }

    /// The value, taken if it is there.
    #[track_caller]
    pub fn try_take(&self) -> Option<Instant> {
        self.announce(ops::TRY_TIMER);
        let now = rt::now();
        self.state.with(|state| state.take_due(now))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm.get() {
            alarm.stop();
        }
    }
}
