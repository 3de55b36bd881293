//! The queue between goroutines and helper threads: who is idle, when to start a thread, when to leave.
//!
//! Invariant: a queued job has a helper that will take it: one that is awake and comes back to the queue, one that was
//! notified, or one that the submitter was told to start.

use std::collections::VecDeque;
use std::time::Duration;

use crate::shim::{Condvar, Mutex};

/// Jobs and helpers.
#[derive(Debug)]
pub(super) struct Queue<J> {
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
pub(super) enum Submitted {
    /// Nothing.
    Queued,
    /// Start a helper thread; it is counted already.
    StartHelper,
}

/// What a helper has to do.
#[derive(Debug)]
pub(super) enum Next<J> {
    Job(J),
    /// It is not counted any more.
    Leave,
}

impl<J> Queue<J> {
    pub(super) fn new(max_helpers: usize) -> Queue<J> {
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

    pub(super) fn submit(&self, job: J) -> Submitted {
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

    /// A helper that [`Queue::submit`] asked for could not be started. `true` if there is none at all.
    pub(super) fn helper_failed(&self) -> bool {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.helpers == 0
    }

    /// For a helper: its next job. It is told to leave when none came for `keep_alive`.
    pub(super) fn next(&self, keep_alive: Duration) -> Next<J> {
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
