//! What timers and tickers share: a source whose value is decided when somebody receives.
//!
//! A timer is a deadline and nothing else as long as nobody waits for it. A receive looks at the clock, under the lock: past the
//! deadline the value is there, before it the receiver waits, and only then an alarm is set in the runtime's timers. So
//! `stop` and `reset` leave no stale value behind, a timer costs no heap entry until it is waited for, and one that
//! nobody waits for keeps no stuck program alive: the rules of Go since 1.23.
//!
//! Invariant, under the lock: if somebody waits and there is a deadline, the alarm is set for it (or its call is on the way).
#![allow(unsafe_code, reason = "an event source, and a cell under a spin lock")]

use std::cell::UnsafeCell;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use gort_channels::source::{Polled, Source, WaitQueue};
use gort_runtime::{CallTimer, RawLock, Task};

use super::{FAR, deadline};
use crate::sync::Mutex;

/// A value under a spin lock, for a few instructions at a time.
pub(super) struct Locked<T> {
    lock: RawLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is touched under the lock only.
unsafe impl<T: Send> Sync for Locked<T> {}

impl<T> Locked<T> {
    pub(super) fn new(value: T) -> Locked<T> {
        Locked {
            lock: RawLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `f` under the lock: no foreign code, no panic, no second time.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
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
    /// Takes the value that is there at `now`; a ticker drops the ticks that were missed and keeps its phase.
    fn take_due(&mut self, now: Instant) -> Option<Instant> {
        let when = self.when.filter(|when| *when <= now)?;
        self.when = self.period.map(|period| {
            let late = (now - when).as_nanos() % period.as_nanos();
            // The remainder is at most the lateness, which fits.
            let late = Duration::from_nanos(late as u64);
            now.checked_add(period.saturating_sub(late).min(FAR))
                .unwrap_or(now)
        });
        Some(when)
    }
}

/// The shared part of a timer or ticker with a channel.
pub(super) struct Core {
    state: Locked<State>,
    waiters: Arc<Waiters>,
    alarm: OnceLock<Arc<CallTimer>>,
}

/// On its own, so that the runtime can ask, under its locks, whether anybody waits, and never ends up with the last
/// reference to the whole.
struct Waiters(WaitQueue);

// SAFETY: the queue is touched under the lock of its `Core` only, but for the look at whether it is empty.
unsafe impl Sync for Waiters {}
// SAFETY: nothing in it is tied to a thread.
unsafe impl Send for Waiters {}

// SAFETY: one lock, in a shared part that does not move; waiters get instants only; `poll` runs nobody's code. It may arm
// the alarm, whose locks come after an event source's.
unsafe impl Source<Instant> for Core {
    fn lock(&self) -> &RawLock {
        &self.state.lock
    }

    fn queue(&self) -> &WaitQueue {
        &self.waiters.0
    }

    unsafe fn poll(&self) -> Polled<Instant> {
        // SAFETY: the engine holds the lock.
        let state = unsafe { &mut *self.state.value.get() };
        match state.take_due(Instant::now()) {
            Some(value) => Polled::Ready(value, None),
            None => {
                self.arm(state, false);
                Polled::Pending
            }
        }
    }
}

impl Core {
    pub(super) fn new(first: Duration, period: Option<Duration>) -> Arc<Core> {
        Arc::new(Core {
            state: Locked::new(State {
                when: Some(deadline(first)),
                period,
                armed: None,
            }),
            waiters: Arc::new(Waiters(WaitQueue::new())),
            alarm: OnceLock::new(),
        })
    }

    /// To be called before somebody may wait: makes the alarm, which cannot be done under the lock.
    pub(super) fn prepare(self: &Arc<Core>) {
        self.alarm.get_or_init(|| {
            let (ring, waiters) = (Arc::downgrade(self), Arc::clone(&self.waiters));
            CallTimer::for_listeners(move || Core::rang(&ring), move || !waiters.0.looks_empty())
        });
    }

    /// Under the lock: sets the alarm for the deadline, if there is one; `again` even if it seems to be set.
    fn arm(&self, state: &mut State, again: bool) {
        if let (Some(when), Some(alarm)) = (state.when, self.alarm.get())
            && (again || state.armed != Some(when))
        {
            state.armed = Some(when);
            alarm.start(when);
        }
    }

    /// The alarm rang; perhaps for a deadline that has been changed since.
    fn rang(core: &Weak<Core>) {
        let Some(core) = core.upgrade() else { return };
        let mut woken: Option<Task> = None;
        let mut more = Vec::new();
        core.state.with(|state| {
            let now = Instant::now();
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
            // SAFETY: taken out of the queue, once, under the lock that the commit of its park released.
            unsafe { task.ready() };
        }
    }

    /// Whether it was active: its value had not been received.
    pub(super) fn stop(&self) -> bool {
        self.state.with(|state| {
            if state.armed.take().is_some()
                && let Some(alarm) = self.alarm.get()
            {
                alarm.stop();
            }
            state.when.take().is_some()
        })
    }

    /// As [`Core::stop`], and sets the deadline anew.
    pub(super) fn reset(&self, first: Duration, period: Option<Duration>) -> bool {
        let when = deadline(first);
        self.state.with(|state| {
            let was = state.when.replace(when).is_some();
            state.period = period;
            if !self.waiters.0.looks_empty() {
                self.arm(state, true);
            }
            was
        })
    }

    /// The value, if it is there.
    pub(super) fn try_take(&self) -> Option<Instant> {
        let now = Instant::now();
        self.state.with(|state| state.take_due(now))
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm.get() {
            alarm.stop();
        }
    }
}

/// The shared part of a timer that calls a function.
pub(super) struct Call {
    /// When to call; `None` once it was called, or stopped.
    when: Locked<Option<Instant>>,
    alarm: OnceLock<Weak<CallTimer>>,
    /// Locked while it runs.
    function: Mutex<Box<dyn FnMut() + Send>>,
}

impl Call {
    /// The timer, armed.
    pub(super) fn start(after: Duration, function: Box<dyn FnMut() + Send>) -> (Arc<Call>, Arc<CallTimer>) {
        let when = deadline(after);
        let call = Arc::new(Call {
            when: Locked::new(Some(when)),
            alarm: OnceLock::new(),
            function: Mutex::new(function),
        });
        // The runtime keeps the alarm while it is set, and the alarm keeps the function: it is called even if nobody keeps
        // the timer.
        let rung = Arc::clone(&call);
        let alarm = CallTimer::named("time.after_func", move || Call::rang(&rung));
        // Nobody else has set it.
        let _ = call.alarm.set(Arc::downgrade(&alarm));
        alarm.start(when);
        (call, alarm)
    }

    fn rang(this: &Arc<Call>) {
        let due = this.when.with(|slot| {
            let when = (*slot)?;
            if when <= Instant::now() {
                *slot = None;
                return Some(());
            }
            // A call that was on its way when the timer was set anew.
            if let Some(alarm) = this.alarm.get().and_then(Weak::upgrade) {
                alarm.start(when);
            }
            None
        });
        if due.is_some() {
            // A call timer runs in a goroutine of its own.
            (this.function.lock())();
        }
    }

    /// Whether the function will not be called because of this.
    pub(super) fn stop(&self, alarm: &Arc<CallTimer>) -> bool {
        self.when.with(|slot| {
            alarm.stop();
            slot.take().is_some()
        })
    }

    pub(super) fn reset(&self, alarm: &Arc<CallTimer>, after: Duration) -> bool {
        let when = deadline(after);
        self.when.with(|slot| {
            alarm.start(when);
            slot.replace(when).is_some()
        })
    }
}
