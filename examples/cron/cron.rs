//! Entries, and the goroutine that runs them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gort::context::{self, Context};
use gort::prelude::*;
use gort::sync::{Mutex, WaitGroup};
use gort::time::Timer;

use super::chain::Wrapper;

pub(crate) trait Job: Send + Sync {
    fn run(&self);
}

impl<F: Fn() + Send + Sync> Job for F {
    fn run(&self) {
        self();
    }
}

pub(crate) trait Schedule: Send + Sync {
    /// The first time after `now`, if there is any.
    fn next(&self, now: Instant) -> Option<Instant>;
}

/// Always after the same time.
pub(crate) struct Every(pub(crate) Duration);

impl Schedule for Every {
    fn next(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct EntryId(pub(crate) u32);

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    /// `None` while the scheduler has not been started, or if the schedule has come to its end.
    pub(crate) next: Option<Instant>,
    /// When it ran last.
    pub(crate) previous: Option<Instant>,
    schedule: Arc<dyn Schedule>,
    job: Arc<dyn Job>,
}

/// Runs jobs when they are due. Everything can be called at any time.
pub(crate) struct Cron {
    state: Mutex<State>,
    chain: Vec<Wrapper>,
    /// The jobs that run.
    jobs: WaitGroup,
}

#[derive(Default)]
struct State {
    last_id: u32,
    running: Option<Running>,
    /// While it does not run: then the goroutine owns them.
    entries: Vec<Entry>,
}

/// The ways to a scheduler that runs.
struct Running {
    add: Sender<Entry>,
    remove: Sender<EntryId>,
    snapshot: Sender<Sender<Vec<Entry>>>,
    stop: Sender<()>,
    runner: JoinHandle<Vec<Entry>>,
}

impl Cron {
    /// Every job is wrapped into all of `chain`, the first of it outermost.
    pub(crate) fn new(chain: Vec<Wrapper>) -> Cron {
        Cron {
            state: Mutex::default(),
            chain,
            jobs: WaitGroup::new(),
        }
    }

    pub(crate) fn schedule(&self, schedule: impl Schedule + 'static, job: impl Job + 'static) -> EntryId {
        let wrap = |job, wrapper: &Wrapper| wrapper(job);
        let job = self.chain.iter().rev().fold(Arc::new(job) as Arc<dyn Job>, wrap);
        let mut state = self.state.lock();
        state.last_id += 1;
        let id = EntryId(state.last_id);
        let entry = Entry {
            id,
            next: None,
            previous: None,
            schedule: Arc::new(schedule),
            job,
        };
        match &state.running {
            Some(running) => chan!(running.add <- entry),
            None => state.entries.push(entry),
        }
        id
    }

    pub(crate) fn remove(&self, id: EntryId) {
        let mut state = self.state.lock();
        match &state.running {
            Some(running) => chan!(running.remove <- id),
            None => state.entries.retain(|entry| entry.id != id),
        }
    }

    /// A copy of the entries as they are now.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let state = self.state.lock();
        let Some(running) = &state.running else {
            return state.entries.clone();
        };
        let reply = chan!(Vec<Entry>, 1);
        chan!(running.snapshot <- reply.tx());
        chan!(<-reply).expect("the scheduler runs")
    }

    /// Starts the scheduler in a goroutine of its own; does nothing if it runs.
    pub(crate) fn start(&self) {
        let mut state = self.state.lock();
        if state.running.is_some() {
            return;
        }
        let (add, remove, snapshot, stop) = (chan!(Entry), chan!(EntryId), chan!(_), chan!(()));
        let scheduler = Scheduler {
            entries: std::mem::take(&mut state.entries),
            jobs: self.jobs.clone(),
            add: add.rx(),
            remove: remove.rx(),
            snapshot: snapshot.rx(),
            stop: stop.rx(),
        };
        state.running = Some(Running {
            add: add.tx(),
            remove: remove.tx(),
            snapshot: snapshot.tx(),
            stop: stop.tx(),
            runner: go!(name = "cron"; scheduler.run()),
        });
    }

    /// Stops the scheduler if it runs. The context ends when all jobs have that run now.
    pub(crate) fn stop(&self) -> Context {
        let mut state = self.state.lock();
        if let Some(running) = state.running.take() {
            chan!(running.stop <- ());
            state.entries = running.runner.join().expect("it does not panic");
        }
        let (ctx, cancel) = context::with_cancel(context::background());
        go!([jobs = self.jobs.clone()] {
            jobs.wait();
            cancel();
        });
        ctx
    }
}

/// What the goroutine owns.
struct Scheduler {
    entries: Vec<Entry>,
    jobs: WaitGroup,
    add: Receiver<Entry>,
    remove: Receiver<EntryId>,
    snapshot: Receiver<Sender<Vec<Entry>>>,
    stop: Receiver<()>,
}

impl Scheduler {
    fn run(mut self) -> Vec<Entry> {
        let mut now = Instant::now();
        for entry in &mut self.entries {
            entry.next = entry.schedule.next(now);
        }
        loop {
            // Those that are never due come last.
            self.entries
                .sort_by_key(|entry| (entry.next.is_none(), entry.next));
            let next = self.entries.first().and_then(|entry| entry.next);
            let timer = next.map(|next| Timer::new(next.saturating_duration_since(now)));
            // As long as the entries stay as they are, so does the timer.
            loop {
                select! {
                    <-timer => {
                        now = Instant::now();
                        self.start_due(now);
                        break;
                    }
                    Some(mut entry) = <-self.add => {
                        now = Instant::now();
                        entry.next = entry.schedule.next(now);
                        self.entries.push(entry);
                        break;
                    }
                    Some(reply) = <-self.snapshot => chan!(reply <- self.entries.clone()),
                    Some(id) = <-self.remove => {
                        now = Instant::now();
                        self.entries.retain(|entry| entry.id != id);
                        break;
                    }
                    <-self.stop => return self.entries,
                }
            }
        }
    }

    fn start_due(&mut self, now: Instant) {
        let is_due = |entry: &&mut Entry| entry.next.is_some_and(|next| next <= now);
        for entry in self.entries.iter_mut().take_while(is_due) {
            go!(self.jobs => [job = Arc::clone(&entry.job)] { job.run() });
            entry.previous = entry.next;
            entry.next = entry.schedule.next(now);
        }
    }
}
