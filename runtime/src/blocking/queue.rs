//! The queue between goroutines and helper threads: who is idle, when to start a thread, when to
//! leave, who takes a job out.
//!
//! Invariant: a queued job has a helper that will take it: one that is awake and comes back to the
//! queue, one that was notified, or one that the submitter was told to start. A helper comes back
//! when its call ends, and a call may wait for one that is still queued. So the bound on helpers is
//! not the last word:
//!
//! # Growth beyond the bound
//!
//! A submitter that finds the bound reached and nobody idle sees to it that the pool is *watched*:
//! by one more thread, which takes no jobs ([`Queue::watch`]). It is told that the pool starves
//! when for a whole *patience* no call has finished, though a job waits that no helper is about to
//! take. Then it starts more helpers ([`Queue::grow`]) than the bound allows, and looks again.
//! While no job waits it sleeps, and leaves after the time after which helpers leave.
//!
//! `finished` counts calls that were made, not jobs that were taken: the first job of a helper that
//! growth has brought is no sign that anything goes on. `starting` counts helpers that somebody was
//! told to start and that have not come yet: each is about to take a job, so growth does not count
//! that job once more.
//!
//! Whoever queues a job wakes the watch, under the lock, if it sleeps without a job. So at no time
//! are there jobs beyond what helpers are about to take, no watch, and nobody who was told to start
//! one.
//!
//! # Who removes a job
//!
//! A job stands for a parked goroutine, which must be readied exactly once. **Whoever takes the job
//! out, under the queue's lock, owns that `ready`**, and nobody else touches the job's frame:
//! * a helper ([`Queue::next`]), which makes the call first;
//! * a canceller ([`Queue::withdraw`]), which may do so from any thread, for jobs that came with a
//!   [`Ticket`]. Once a helper has the job there is nothing to withdraw: the call is waited for;
//! * the submitter, to whom [`Queue::submit`] gives the job back when its ticket had been withdrawn
//!   before it came;
//! * whoever could not start a thread: the only helper ([`Queue::helper_failed`]), the watch
//!   ([`Queue::watch_failed`]), or one of those by which the pool was to grow
//!   ([`Queue::growth_failed`]). It gets the jobs that no helper is about to take, of others too.
//!
//! A canceller that comes after the end of the call finds the job gone. It may have come before its
//! job as well (the goroutine arms the cancellation before it parks): the mark that it then leaves
//! in the ticket is what `submit` looks at. Mark and place are written under the lock only. A job
//! that is withdrawn may leave a helper behind that was notified or started for it and finds
//! nothing; it waits like any other.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::shim::{AtomicUsize, Condvar, Mutex, Ordering};

/// Jobs and helpers.
#[derive(Debug)]
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
    /// For the watch.
    starving: Condvar,
    /// Beyond it only growth starts helpers.
    bound: usize,
}

#[derive(Debug)]
struct State<J> {
    /// By the number of their arrival.
    jobs: BTreeMap<usize, J>,
    arrivals: usize,
    helpers: usize,
    /// Helpers that somebody was told to start and that have not come yet.
    starting: usize,
    /// Helpers that wait, including those that were notified and have not woken up yet.
    idle: usize,
    /// Calls that were made.
    finished: usize,
    watch: Watch,
}

/// Who sees whether the pool starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    Nobody,
    /// A thread that exists or that somebody was told to start. It looks at the jobs again before
    /// it sleeps or leaves.
    Awake,
    /// It waits for a job that has nobody.
    Asleep,
}

impl<J> State<J> {
    /// Jobs that no helper is about to take.
    fn forsaken(&self) -> usize {
        self.jobs.len().saturating_sub(self.idle + self.starting)
    }

    /// Takes as many out, the last that came.
    fn take_forsaken(&mut self) -> Orphans<J> {
        let forsaken = self.forsaken();
        let last = std::iter::from_fn(|| self.jobs.pop_last());
        last.take(forsaken).map(|(_, job)| job).collect()
    }
}

/// By what a canceller finds one job.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// `FRESH`, `WITHDRAWN`, or `QUEUED` plus the number of the job's arrival. Under the queue's
    /// lock, which orders it.
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

    /// For a caller that does not queue. Whether a withdrawal on another thread is seen is a matter
    /// of chance.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.place.load(Ordering::Relaxed) == WITHDRAWN
    }
}

/// Jobs for which no thread can be had: whoever gets them sees to it that their goroutines make the
/// calls themselves.
pub(crate) type Orphans<J> = Vec<J>;

/// What the submitter has to do.
#[derive(Debug)]
#[must_use]
pub(crate) enum Submitted<J> {
    /// Nothing.
    Queued,
    /// Start a helper thread; it is counted already.
    StartHelper,
    /// Start the thread that watches the pool.
    StartWatch,
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

/// What the watch has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The pool starves, and so many calls were finished by then.
    Starves { finished: usize },
    /// Nobody is needed any more.
    Leave,
}

/// Where a helper comes from when it asks for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Start,
    Call,
}

impl<J> Queue<J> {
    /// A queue without helpers; growth aside, there will be at most `bound`.
    pub(crate) fn new(bound: usize) -> Queue<J> {
        let state = State {
            jobs: BTreeMap::new(),
            arrivals: 0,
            helpers: 0,
            starting: 0,
            idle: 0,
            finished: 0,
            watch: Watch::Nobody,
        };
        Queue {
            state: Mutex::new(state),
            changed: Condvar::new(),
            starving: Condvar::new(),
            bound,
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
        } else if state.helpers < self.bound {
            state.helpers += 1;
            state.starting += 1;
            Submitted::StartHelper
        } else {
            self.want_watch(&mut state)
        }
    }

    /// There is a job that no helper is about to take.
    fn want_watch(&self, state: &mut State<J>) -> Submitted<J> {
        match std::mem::replace(&mut state.watch, Watch::Awake) {
            Watch::Nobody => return Submitted::StartWatch,
            Watch::Awake => {}
            Watch::Asleep => self.starving.notify_one(),
        }
        Submitted::Queued
    }

    /// Takes the ticket's job out if it waits; a job that is still to come will not be queued.
    /// `None` also if a helper has it, or had it.
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

    /// A helper that [`Queue::submit`] asked for could not be started. If there are others, its job
    /// is theirs, and the pool has to be watched. If there are none, gives back the jobs that wait.
    pub(crate) fn helper_failed(&self) -> (Submitted<J>, Orphans<J>) {
        let mut state = self.state.lock();
        state.helpers -= 1;
        state.starting -= 1;
        if state.helpers == 0 {
            (Submitted::Queued, state.take_forsaken())
        } else if state.forsaken() > 0 {
            (self.want_watch(&mut state), Vec::new())
        } else {
            (Submitted::Queued, Vec::new())
        }
    }

    /// The watch that somebody was told to start could not be started. Gives back the jobs that no
    /// helper is about to take: those that run may be waiting for one of them.
    pub(crate) fn watch_failed(&self) -> Orphans<J> {
        let mut state = self.state.lock();
        state.watch = Watch::Nobody;
        state.take_forsaken()
    }

    /// For the watch: comes back when the pool has starved for `patience`. It is told to leave when
    /// no job was left without a helper for `keep_alive`.
    pub(crate) fn watch(&self, patience: Duration, keep_alive: Duration) -> Verdict {
        let mut state = self.state.lock();
        loop {
            let starves = state.forsaken() > 0;
            let finished = state.finished;
            let limit = if starves {
                patience
            } else {
                state.watch = Watch::Asleep;
                keep_alive
            };
            let (back, timed_out) = self.starving.wait_for(state, limit);
            state = back;
            state.watch = Watch::Awake;
            if !timed_out {
                continue;
            }
            match (starves, state.forsaken() > 0) {
                (true, true) if state.finished == finished => return Verdict::Starves { finished },
                (false, false) => {
                    state.watch = Watch::Nobody;
                    return Verdict::Leave;
                }
                _ => {}
            }
        }
    }

    /// For the watch: at most `most` helpers more, for jobs that have none. It has to start those;
    /// they are counted already.
    pub(crate) fn grow(&self, most: usize) -> usize {
        let mut state = self.state.lock();
        let more = state.forsaken().min(most);
        state.helpers += more;
        state.starting += more;
        more
    }

    /// For the watch: `failed` of the helpers that [`Queue::grow`] asked for could not be started.
    /// Gives back their jobs.
    pub(crate) fn growth_failed(&self, failed: usize) -> Orphans<J> {
        let mut state = self.state.lock();
        state.helpers -= failed;
        state.starting -= failed;
        state.take_forsaken()
    }

    /// For models: every helper that waits, or will wait, has waited for long enough.
    #[cfg(loom)]
    pub(crate) fn let_time_pass(&self) {
        let _state = self.state.lock();
        self.changed.let_time_pass();
    }

    /// For models: the watch has waited for long enough, now and whenever it waits.
    #[cfg(loom)]
    pub(crate) fn let_patience_end(&self) {
        let _state = self.state.lock();
        self.starving.let_time_pass();
    }

    /// For models: whether there is a watch, or somebody who was told to start one.
    #[cfg(loom)]
    pub(crate) fn is_watched(&self) -> bool {
        self.state.lock().watch != Watch::Nobody
    }

    /// For models: jobs that nobody has taken, helpers, and those of them that wait.
    #[cfg(loom)]
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let state = self.state.lock();
        (state.jobs.len(), state.helpers, state.idle)
    }

    /// For a helper: its next job. It is told to leave when none came for `keep_alive`.
    pub(crate) fn next(&self, from: From, keep_alive: Duration) -> Next<J> {
        let mut state = self.state.lock();
        match from {
            From::Start => state.starting -= 1,
            From::Call => state.finished += 1,
        }
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
