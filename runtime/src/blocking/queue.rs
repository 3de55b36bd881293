//! The queue between goroutines and helper threads: who is idle, when to start a thread, when to leave.
//!
//! Invariant: a queued job has a helper that will take it: one that is awake and comes back to the queue, one that was
//! notified, or one that the submitter was told to start.

use std::collections::VecDeque;
use std::time::Duration;

use crate::shim::{Condvar, Mutex};

/// Jobs and helpers.
#[derive(Debug)]
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    max_helpers: usize,
}

#[derive(Debug)]
struct State<J> {
    jobs: VecDeque<J>,
    helpers: usize,
    /// Helpers that wait, including those that were notified and have not woken up yet.
    idle: usize,
}

/// What the submitter has to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Submitted {
    /// Nothing.
    Queued,
    /// Start a helper thread; it is counted already.
    StartHelper,
}

/// What a helper has to do.
#[derive(Debug)]
pub(crate) enum Next<J> {
    Job(J),
    /// It is not counted any more.
    Leave,
}

impl<J> Queue<J> {
    pub(crate) fn new(max_helpers: usize) -> Queue<J> {
        let state = State {
            jobs: VecDeque::new(),
            helpers: 0,
            idle: 0,
        };
        Queue {
            state: Mutex::new(state),
            changed: Condvar::new(),
            max_helpers,
        }
    }

    pub(crate) fn submit(&self, job: J) -> Submitted {
        let mut state = self.state.lock();
        state.jobs.push_back(job);
        if state.idle >= state.jobs.len() {
            drop(state);
            self.changed.notify_one();
            Submitted::Queued
        } else if state.helpers < self.max_helpers {
            state.helpers += 1;
            Submitted::StartHelper
        } else {
            Submitted::Queued
        }
    }

    /// A helper that [`Queue::submit`] asked for could not be started. `true` if jobs wait and there is none to take them:
    /// another helper may have done the job and left meanwhile.
    pub(crate) fn helper_failed(&self) -> bool {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.helpers == 0 && !state.jobs.is_empty()
    }

    /// For models: every helper that waits, or will wait, runs out of patience.
    #[cfg(loom)]
    pub(crate) fn let_time_pass(&self) {
        let _state = self.state.lock();
        self.changed.let_time_pass();
    }

    /// For models: jobs that nobody has taken, helpers, and those of them that wait.
    #[cfg(loom)]
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let state = self.state.lock();
        (state.jobs.len(), state.helpers, state.idle)
    }

    /// For a helper: its next job. It is told to leave when none came for `keep_alive`.
    pub(crate) fn next(&self, keep_alive: Duration) -> Next<J> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Next::Job(job);
            }
            state.idle += 1;
            let (back, timed_out) = self.changed.wait_for(state, keep_alive);
            state = back;
            state.idle -= 1;
            if timed_out && state.jobs.is_empty() {
                state.helpers -= 1;
                return Next::Leave;
            }
        }
    }
}
