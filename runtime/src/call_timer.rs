//! Arming a timer that runs a function, maybe as the first use of the runtime.

use std::sync::Arc;
use std::time::Instant;

use crate::here::Here;
use crate::sched::sleep::start_call;
use crate::timer::CallTimer;

impl CallTimer {
    /// Arms it: the function runs at `deadline`. If it is armed already, that deadline is
    /// forgotten. `true` if it was.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let timer = gort_runtime::CallTimer::new(|| ());
    /// assert!(!timer.start(Instant::now() + Duration::from_secs(60)));
    /// assert!(timer.start(Instant::now() + Duration::from_secs(90)), "armed anew");
    /// assert!(timer.stop());
    /// ```
    pub fn start(self: &Arc<CallTimer>, deadline: Instant) -> bool {
        // SAFETY: used at once.
        crate::boot::ensure(unsafe { Here::ask() });
        start_call(self, deadline)
    }
}
