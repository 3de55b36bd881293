//! The helper pool's queue: the real `Queue`, with loom threads for helpers.
//!
//! Time runs out when the model says so, at any moment between two steps of the others; every
//! helper that waits then, or begins to wait later, is told to leave. In the models where time does
//! not pass, it is the last job that ends it: a job that nobody takes is loom's deadlock.
//!
//! Breaches that were tried, each of which fails a model: `submit` notifies nobody; counts an idle
//! helper once for two jobs; does not count the helper it asks for; ignores the limit. `next`
//! leaves although jobs wait; keeps a helper counted as idle, or one that left as there.
//! `helper_failed` does not uncount the helper, or keeps the jobs. `withdraw` takes another job
//! out; does not mark a ticket whose job is still to come. `submit` ignores the mark.
//!
//! The watch is a thread in the models of growth only; in the others nobody starves, so it must not
//! be needed. A breach that was tried there, and fails three models: `grow` does not count its
//! helpers. Not shown to be caught: `submit` does not wake a watch that sleeps (time that passes
//! wakes it as well, only later).

use loom::sync::Notify;
use loom::thread;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use super::model;
use crate::blocking::queue::{From, Next, Queue, Submitted, Ticket, Verdict};

type Helper = thread::JoinHandle<()>;

/// A job that is done when two of its kind have begun.
const MEETS: usize = 99;

struct Pool {
    queue: Queue<usize>,
    meeting: Notify,
    // Not part of the protocol, so none of loom's:
    most: usize,
    /// Whether the watch is started when somebody is told to.
    watched: bool,
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
        Pool::of(Queue::new(most), most, false, last)
    }

    /// With a bound of one helper, which grows to `most`.
    fn growing(most: usize, last: usize) -> Arc<Pool> {
        Pool::of(Queue::new(1), most, true, last)
    }

    fn of(queue: Queue<usize>, most: usize, watched: bool, last: usize) -> Arc<Pool> {
        Arc::new(Pool {
            queue,
            meeting: Notify::new(),
            most,
            watched,
            living: StdAtomicUsize::new(0),
            met: StdAtomicUsize::new(0),
            done: StdAtomicUsize::new(0),
            last,
            helpers: StdMutex::default(),
        })
    }

    /// As `blocking::submit`.
    fn submit(pool: &Arc<Pool>, job: usize) {
        match pool.queue.submit(job, None) {
            Submitted::StartHelper => Pool::start(pool),
            Submitted::StartWatch if pool.watched => {
                let me = Arc::clone(pool);
                let watch = thread::spawn(move || me.watch());
                pool.helpers.lock().unwrap().push(watch);
            }
            _ => {}
        }
    }

    /// As `growth::watch`.
    fn watch(self: Arc<Pool>) {
        let moment = Duration::from_secs(1);
        while let Verdict::Starves { .. } = self.queue.watch(moment, moment) {
            (0..self.queue.grow(1)).for_each(|_| Pool::start(&self));
        }
    }

    /// As `blocking::give_back`: the one `ready` of the job's goroutine.
    fn ready(&self) {
        if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.last {
            self.queue.let_time_pass();
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
        let mut from = From::Start;
        while let Next::Job(job) = self.queue.next(from, Duration::from_secs(10)) {
            from = From::Call;
            if job == MEETS && self.met.fetch_add(1, Ordering::SeqCst) == 0 {
                // Loom's `Notify` may wake for no reason.
                while self.met.load(Ordering::SeqCst) < 2 {
                    self.meeting.wait();
                }
            } else if job == MEETS {
                self.meeting.notify();
            }
            self.ready();
        }
        self.living.fetch_sub(1, Ordering::SeqCst);
    }

    /// After everything was submitted: waits for the helpers. All jobs are done, and nobody is
    /// counted any more.
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

/// An idle helper takes the next job, and a second one is only started if it does not suffice.
/// Preemption bound 3.
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

/// Two jobs that need each other get two helpers, whether or not the first helper is idle by then.
/// Preemption bound 3.
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

/// A helper cannot be started: either another one takes the job, or the submitter gets it back.
/// Preemption bound 3.
#[test]
fn loom_helpers_fail_to_start() {
    model(Some(3), || {
        let pool = Pool::new(2, usize::MAX);
        Pool::submit(&pool, 1);
        let clock = Arc::clone(&pool);
        let clock = thread::spawn(move || clock.queue.let_time_pass());
        if let Submitted::StartHelper = pool.queue.submit(2, None) {
            let (_, orphans) = pool.queue.helper_failed();
            orphans.iter().for_each(|_| pool.ready());
        }
        clock.join().unwrap();
        pool.finish(2);
    });
}

/// Two submitters, one helper allowed, which cannot be started: nobody's job is left behind,
/// whichever of them was told to start it. Preemption bound 3.
#[test]
fn loom_helpers_fail_to_start_for_two() {
    model(Some(3), || {
        let pool = Pool::new(1, usize::MAX);
        let submit = |pool: &Pool, job| {
            if let Submitted::StartHelper = pool.queue.submit(job, None) {
                let (_, orphans) = pool.queue.helper_failed();
                orphans.iter().for_each(|_| pool.ready());
            }
        };
        let other = Arc::clone(&pool);
        let other = thread::spawn(move || submit(&other, 1));
        submit(&pool, 2);
        other.join().unwrap();
        pool.finish(2);
    });
}

/// Withdraws a call while it is submitted and taken. It is made or given back, once; it is not even
/// queued if it was withdrawn before.
fn withdraw_meanwhile(pool: &Arc<Pool>, job: usize) -> (Arc<Ticket>, thread::JoinHandle<()>) {
    let ticket = Arc::new(Ticket::new());
    let early = Arc::new(StdAtomicUsize::new(0));
    let (other, its, note) = (Arc::clone(pool), Arc::clone(&ticket), Arc::clone(&early));
    let canceller = thread::spawn(move || {
        if let Some(taken) = other.queue.withdraw(&its) {
            assert_eq!(taken, job);
            other.ready();
        }
        note.store(1, Ordering::SeqCst);
    });
    // Without this, loom would begin with the submission.
    thread::yield_now();
    let early = early.load(Ordering::SeqCst) == 1;
    match pool.queue.submit(job, Some(&ticket)) {
        Submitted::Withdrawn(job) => {
            assert_eq!(job, 2);
            pool.ready();
        }
        _ if early => panic!("queued although it was withdrawn"),
        Submitted::Queued | Submitted::StartWatch => {}
        Submitted::StartHelper => Pool::start(pool),
    }
    (ticket, canceller)
}

/// A call is withdrawn at any moment, alone or behind another one. A canceller that comes after the
/// end finds nothing. All executions.
#[test]
fn loom_helpers_withdrawal() {
    for jobs in [1, 2] {
        model(None, move || {
            let pool = Pool::new(1, jobs);
            if jobs == 2 {
                Pool::submit(&pool, 1);
            }
            let (ticket, canceller) = withdraw_meanwhile(&pool, 2);
            canceller.join().unwrap();
            pool.finish(jobs);
            assert!(pool.queue.withdraw(&ticket).is_none());
        });
    }
}

/// A call that waits behind another one is given to whoever withdraws it. All executions, of which
/// there is one.
#[test]
fn loom_helpers_withdrawal_of_what_waits() {
    model(None, || {
        let queue = Queue::new(1);
        assert!(matches!(queue.submit(1, None), Submitted::StartHelper));
        let ticket = Ticket::new();
        assert!(matches!(queue.submit(2, Some(&ticket)), Submitted::StartWatch));
        assert_eq!(queue.withdraw(&ticket), Some(2));
        assert_eq!(queue.counts(), (1, 1, 0));
    });
}

/// A call that was withdrawn leaves a helper that the next one finds. Preemption bound 3.
#[test]
fn loom_helpers_withdrawal_and_the_next_job() {
    model(Some(3), || {
        let pool = Pool::new(1, 3);
        Pool::submit(&pool, 1);
        let (_, canceller) = withdraw_meanwhile(&pool, 2);
        Pool::submit(&pool, 3);
        canceller.join().unwrap();
        pool.finish(3);
    });
}

/// One helper is allowed, and two calls need each other: the pool grows to two, no further, and
/// nobody is left behind. Preemption bound 3.
#[test]
fn loom_helpers_grow() {
    model(Some(3), || {
        let pool = Pool::growing(2, 2);
        pool.queue.let_patience_end();
        Pool::submit(&pool, MEETS);
        Pool::submit(&pool, MEETS);
        pool.finish(2);
        assert!(!pool.queue.is_watched());
    });
}

/// The time of the watch runs out at any moment while a call ends: whether the pool grows or not,
/// both calls are made once, and nobody is left. Preemption bound 3.
#[test]
fn loom_helpers_grow_while_a_call_ends() {
    model(Some(3), || {
        let pool = Pool::growing(2, 2);
        Pool::submit(&pool, 1);
        Pool::submit(&pool, 2);
        pool.queue.let_patience_end();
        pool.finish(2);
        assert!(!pool.queue.is_watched());
    });
}

/// Neither the watch nor a helper can be started: whoever was told to gets the calls that nobody
/// would make. One execution.
#[test]
fn loom_helpers_fail_to_grow() {
    model(None, || {
        let queue = Queue::new(1);
        assert!(matches!(queue.submit(1, None), Submitted::StartHelper));
        assert!(matches!(queue.submit(2, None), Submitted::StartWatch));
        assert_eq!(queue.watch_failed(), [2]);
        assert!(matches!(queue.submit(3, None), Submitted::StartWatch));
        assert!(matches!(queue.submit(4, None), Submitted::Queued));
        assert_eq!(queue.grow(5), 2);
        assert_eq!(queue.grow(5), 0, "each has one that is about to come");
        assert_eq!(queue.growth_failed(1), [4]);
        assert_eq!(queue.counts(), (2, 2, 0));
    });
}

/// A helper that cannot be started leaves its job to another one, and has the pool watched. One
/// execution.
#[test]
fn loom_helpers_fail_to_start_beside_another() {
    model(None, || {
        let queue = Queue::new(2);
        assert!(matches!(queue.submit(1, None), Submitted::StartHelper));
        let Next::Job(1) = queue.next(From::Start, Duration::ZERO) else {
            panic!("the job that waits");
        };
        assert!(matches!(queue.submit(2, None), Submitted::StartHelper));
        let (then, orphans) = queue.helper_failed();
        assert!(matches!(then, Submitted::StartWatch) && orphans.is_empty());
    });
}
