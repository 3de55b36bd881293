//! A timer that calls a function.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use gort_runtime::CallTimer;

use super::deadline;
use crate::sync::Mutex;

/// The shared part of a timer that calls a function.
pub(super) struct Call {
    /// When to call; `None` once it was called, or stopped.
    when: Mutex<Option<Instant>>,
    alarm: OnceLock<Weak<CallTimer>>,
    /// Locked while it runs.
    function: Mutex<Box<dyn FnMut() + Send>>,
}

impl Call {
    /// The timer, armed.
    pub(super) fn start(after: Duration, function: Box<dyn FnMut() + Send>) -> (Arc<Call>, Arc<CallTimer>) {
        let when = deadline(after);
        let call = Arc::new(Call {
            when: Mutex::new(Some(when)),
            alarm: OnceLock::new(),
            function: Mutex::new(function),
        });
        // The runtime keeps the alarm while it is set, and the alarm keeps the function: it is
        // called even if nobody keeps the timer.
        let rung = Arc::clone(&call);
        let alarm = CallTimer::named("time.after_func", move || Call::rang(&rung));
        // Nobody else has set it.
        let _ = call.alarm.set(Arc::downgrade(&alarm));
        alarm.start(when);
        (call, alarm)
    }

    fn rang(this: &Arc<Call>) {
        if this.take_due() {
            // A call timer runs in a goroutine of its own.
            (this.function.lock())();
        }
    }

    fn take_due(&self) -> bool {
        let mut slot = self.when.lock();
        let Some(when) = *slot else { return false };
        let due = when <= gort_runtime::now();
        if due {
            *slot = None;
        } else if let Some(alarm) = self.alarm.get().and_then(Weak::upgrade) {
            // The call was on its way when the timer was set anew.
            alarm.start(when);
        }
        due
    }

    /// Whether the function will not be called because of this.
    pub(super) fn stop(&self, alarm: &Arc<CallTimer>) -> bool {
        let mut slot = self.when.lock();
        alarm.stop();
        slot.take().is_some()
    }

    pub(super) fn reset(&self, alarm: &Arc<CallTimer>, after: Duration) -> bool {
        let when = deadline(after);
        let mut slot = self.when.lock();
        alarm.start(when);
        slot.replace(when).is_some()
    }
}
