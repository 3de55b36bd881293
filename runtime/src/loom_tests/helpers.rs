//! The helper pool's queue: the real `Queue`, with loom threads for helpers.
//!
//! Time runs out when the model says so, at any moment between two steps of the others; every helper that waits then, or
//! begins to wait later, is told to leave. In the models where time does not pass, it is the last job that ends it: a job that
//! nobody takes is loom's deadlock.
//!
//! Breaches that were tried, each of which fails a model: `submit` notifies nobody; counts an idle helper once for two jobs; does not count
//! the helper it asks for; ignores the limit. `next` leaves although jobs wait; keeps a helper counted as idle, or one that left
//! as there. `helper_failed` does not uncount the helper, or reports a failure although the job was done.

use loom::sync::Notify;
use loom::thread;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use super::model;
use crate::blocking::queue::{Next, Queue, Submitted};

type Helper = thread::JoinHandle<()>;

/// A job that is done when two of its kind have begun.
const MEETS: usize = 99;

struct Pool {
    queue: Queue<usize>,
    meeting: Notify,
    // Not part of the protocol, so none of loom's:
    most: usize,
    living: StdAtomicUsize,
    met: StdAtomicUsize,
    /// How many jobs were done, and after how many time is up.
    done: StdAtomicUsize,
    last: usize,
    helpers: StdMutex<Vec<Helper>>,
}

impl Pool {
    /// At most `most` helpers; time is up when `last` jobs are done.
    fn new(most: usize, last: usize) -> Arc<Pool> {
        Arc::new(Pool {
            queue: Queue::new(most),
            meeting: Notify::new(),
            most,
            living: StdAtomicUsize::new(0),
            met: StdAtomicUsize::new(0),
            done: StdAtomicUsize::new(0),
            last,
            helpers: StdMutex::default(),
        })
    }

    /// As `blocking::submit`.
    fn submit(pool: &Arc<Pool>, job: usize) {
        if pool.queue.submit(job) == Submitted::StartHelper {
            Pool::start(pool);
        }
    }

    fn start(pool: &Arc<Pool>) {
        let living = pool.living.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(living <= pool.most, "{living} helpers");
        let me = Arc::clone(pool);
        let helper = thread::spawn(move || me.help());
        pool.helpers.lock().unwrap().push(helper);
    }

    /// As `blocking::help`.
    fn help(&self) {
        while let Next::Job(job) = self.queue.next(Duration::from_secs(10)) {
            if job == MEETS && self.met.fetch_add(1, Ordering::SeqCst) == 0 {
                // Loom's `Notify` may wake for no reason.
                while self.met.load(Ordering::SeqCst) < 2 {
                    self.meeting.wait();
                }
            } else if job == MEETS {
                self.meeting.notify();
            }
            if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.last {
                self.queue.let_time_pass();
            }
        }
        self.living.fetch_sub(1, Ordering::SeqCst);
    }

    /// After everything was submitted: waits for the helpers. All jobs are done, and nobody is counted any more.
    fn finish(&self, jobs: usize) {
        loop {
            let Some(helper) = self.helpers.lock().unwrap().pop() else {
                break;
            };
            helper.join().unwrap();
        }
        assert_eq!(self.done.load(Ordering::SeqCst), jobs);
        assert_eq!(self.queue.counts(), (0, 0, 0));
    }
}

/// Every job is taken without help from the clock, by one helper or by two. All executions.
#[test]
fn loom_helpers_take_every_job() {
    for most in [1, 2] {
        model(None, move || {
            let pool = Pool::new(most, 2);
            Pool::submit(&pool, 1);
            Pool::submit(&pool, 2);
            pool.finish(2);
        });
    }
}

/// An idle helper takes the next job, and a second one is only started if it does not suffice. Preemption bound 3.
#[test]
fn loom_helpers_two_submitters() {
    for most in [1, 2] {
        model(Some(3), move || {
            let pool = Pool::new(most, 3);
            Pool::submit(&pool, 1);
            let other = Arc::clone(&pool);
            let other = thread::spawn(move || Pool::submit(&other, 2));
            if most == 1 {
                Pool::submit(&pool, 3);
            } else {
                // A third helper thread would be one too many for loom: join first.
                other.join().unwrap();
                Pool::submit(&pool, 3);
                return pool.finish(3);
            }
            other.join().unwrap();
            pool.finish(3);
        });
    }
}

/// Two jobs that need each other get two helpers, whether or not the first helper is idle by then. Preemption bound 3.
#[test]
fn loom_helpers_one_job_does_not_wait_for_another() {
    model(Some(3), || {
        let pool = Pool::new(2, 3);
        Pool::submit(&pool, 1);
        Pool::submit(&pool, MEETS);
        Pool::submit(&pool, MEETS);
        pool.finish(3);
    });
}

/// Helpers leave because their time is up while jobs come. Preemption bound 3.
#[test]
fn loom_helpers_leave_while_jobs_come() {
    model(Some(3), || {
        let pool = Pool::new(1, usize::MAX);
        Pool::submit(&pool, 1);
        let clock = Arc::clone(&pool);
        let clock = thread::spawn(move || clock.queue.let_time_pass());
        Pool::submit(&pool, 2);
        clock.join().unwrap();
        pool.finish(2);
    });
}

/// A helper cannot be started: either another one takes the job, or the submitter is told that there is none.
/// Preemption bound 3.
#[test]
fn loom_helpers_fail_to_start() {
    model(Some(3), || {
        let pool = Pool::new(2, usize::MAX);
        Pool::submit(&pool, 1);
        let clock = Arc::clone(&pool);
        let clock = thread::spawn(move || clock.queue.let_time_pass());
        let mut jobs = 2;
        if pool.queue.submit(2) == Submitted::StartHelper && pool.queue.helper_failed() {
            jobs = 1;
        }
        clock.join().unwrap();
        loop {
            let Some(helper) = pool.helpers.lock().unwrap().pop() else {
                break;
            };
            helper.join().unwrap();
        }
        assert_eq!(pool.done.load(Ordering::SeqCst), jobs);
        assert_eq!(pool.queue.counts(), (2 - jobs, 0, 0));
    });
}
