//! The queue between goroutines and helper threads: who is idle, when to start a thread, when to leave, who takes a job out.
//!
//! Invariant: a queued job has a helper that will take it: one that is awake and comes back to the queue, one that was
//! notified, or one that the submitter was told to start.
//!
//! # Who removes a job
//!
//! A job stands for a parked goroutine, which must be readied exactly once. **Whoever takes the job out, under the queue's lock, owns
//! that `ready`**, and nobody else touches the job's frame:
//! * a helper ([`Queue::next`]), which makes the call first;
//! * a canceller ([`Queue::withdraw`]), which may do so from any thread, for jobs that came with a [`Ticket`]. Once a helper has the job
//!   there is nothing to withdraw: the call is waited for;
//! * the submitter, to whom [`Queue::submit`] gives the job back when its ticket had been withdrawn before it came;
//! * a submitter that could not start the helper it was told to start, if that leaves no helper at all
//!   ([`Queue::helper_failed`]): it gets all jobs that wait, of others too.
//!
//! A canceller that comes after the end of the call finds the job gone. It may have come before its job as well (the goroutine
//! arms the cancellation before it parks): the mark that it then leaves in the ticket is what `submit` looks at. Mark and
//! place are written under the lock only. A job that is withdrawn may leave a helper behind that was notified or started for it and
//! finds nothing; it waits like any other.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::shim::{AtomicUsize, Condvar, Mutex, Ordering};

/// Jobs and helpers.
#[derive(Debug)]
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    max_helpers: usize,
}

#[derive(Debug)]
struct State<J> {
    /// By the number of their arrival.
    jobs: BTreeMap<usize, J>,
    arrivals: usize,
    helpers: usize,
    /// Helpers that wait, including those that were notified and have not woken up yet.
    idle: usize,
}

/// By what a canceller finds one job.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// `FRESH`, `WITHDRAWN`, or `QUEUED` plus the number of the job's arrival. Under the queue's lock, which orders it.
    place: AtomicUsize,
}

/// The job has not come.
const FRESH: usize = 0;
/// It has not come, and need not.
const WITHDRAWN: usize = 1;
const QUEUED: usize = 2;

impl Ticket {
    pub(crate) fn new() -> Ticket {
        Ticket {
            place: AtomicUsize::new(FRESH),
        }
    }

    /// For a caller that does not queue. Whether a withdrawal on another thread is seen is a matter of chance.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.place.load(Ordering::Relaxed) == WITHDRAWN
    }
}

/// What the submitter has to do.
#[derive(Debug)]
#[must_use]
pub(crate) enum Submitted<J> {
    /// Nothing.
    Queued,
    /// Start a helper thread; it is counted already.
    StartHelper,
    /// The ticket was withdrawn before: ready the goroutine.
    Withdrawn(J),
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
            jobs: BTreeMap::new(),
            arrivals: 0,
            helpers: 0,
            idle: 0,
        };
        Queue {
            state: Mutex::new(state),
            changed: Condvar::new(),
            max_helpers,
        }
    }

    pub(crate) fn submit(&self, job: J, ticket: Option<&Ticket>) -> Submitted<J> {
        let mut state = self.state.lock();
        if let Some(ticket) = ticket {
            if ticket.is_withdrawn() {
                return Submitted::Withdrawn(job);
            }
            ticket.place.store(QUEUED + state.arrivals, Ordering::Relaxed);
        }
        let number = state.arrivals;
        state.arrivals += 1;
        state.jobs.insert(number, job);
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

    /// Takes the ticket's job out if it waits; a job that is still to come will not be queued. `None` also if a helper has
    /// it, or had it.
    pub(crate) fn withdraw(&self, ticket: &Ticket) -> Option<J> {
        let mut state = self.state.lock();
        match ticket.place.load(Ordering::Relaxed) {
            FRESH | WITHDRAWN => {
                ticket.place.store(WITHDRAWN, Ordering::Relaxed);
                None
            }
            queued => state.jobs.remove(&(queued - QUEUED)),
        }
    }

    /// A helper that [`Queue::submit`] asked for could not be started. Gives back the jobs that wait if there is none to take
    /// them.
    pub(crate) fn helper_failed(&self) -> impl Iterator<Item = J> + use<J> {
        let mut state = self.state.lock();
        state.helpers -= 1;
        let orphans = if state.helpers == 0 {
            std::mem::take(&mut state.jobs)
        } else {
            BTreeMap::new()
        };
        orphans.into_values()
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
            if let Some((_, job)) = state.jobs.pop_first() {
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
