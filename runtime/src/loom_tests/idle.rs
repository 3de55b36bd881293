//! The idle protocol: the real [`Idle`] with model workers, queues and submitters.
//!
//! The model's queues are counters, read and written with the weakest orderings that the real
//! queues use. A worker starts asleep, as in the runtime, and loops as `sched/worker/find.rs` and
//! `sched/worker/sleep.rs` do. A *pair* is two pieces of work that wait for each other: it is only
//! done if a second worker is awake, so a lost wake-up is a deadlock even where the first worker
//! would get round to the rest on its own.
//!
//! Breaches that were tried, each of which fails a model: no fence in `sleep`, `wake_one` or
//! `stop_search`; no second look in `leave_search` or `lie_down`; a retired worker that tells
//! nobody what it has seen; a woken worker that does not count as a searcher; a retired one that is
//! not found for bound work; no look at bound work in `lie_down`, or only by the last searcher; a
//! change of the limit that lets the count fall to zero in between, that publishes outside of the
//! lock, or that does not look at the queues; a locked worker that counts among those that run
//! anything, that lies down on the list of those, or that nobody replaces.
//!
//! Not shown to be caught: no fence in `notify_this` or `change_limit`; `check_again` for searchers
//! only; no second check in `wake_one_slow`. (The last only wakes one too many.)

use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool as StdAtomicBool, AtomicUsize as StdAtomicUsize};

use super::model;
use crate::idle::{Idle, Surroundings};

const WORKERS: usize = 2;

/// A queue of the model: how much work is in it.
struct Pile(AtomicUsize);

impl Pile {
    fn new() -> Pile {
        Pile(AtomicUsize::new(0))
    }

    fn put(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok()
    }

    fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// What the pieces of work do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Nothing.
    Alone,
    /// Each waits until two have begun.
    Pair,
    /// The first queues one more on its worker, and waits until that has begun.
    Parent,
    /// The second waits until the third has begun.
    AloneAndPair,
    /// The first locks its worker and waits until the second has begun.
    LockAndPair,
    /// The first locks its worker, which then may do only what is bound to it.
    Lock,
}

struct World {
    idle: Idle,
    procs: AtomicUsize,
    locked: [AtomicBool; WORKERS],
    global: Pile,
    visible: [Pile; WORKERS],
    inbox: [Pile; WORKERS],
    bells: [Notify; WORKERS],
    work: Work,
    both_began: Notify,
    // Not part of the protocol, so none of loom's:
    began: StdAtomicUsize,
    left: StdAtomicUsize,
    over: StdAtomicBool,
}

impl Surroundings for World {
    fn any_visible_work(&self) -> bool {
        !self.global.is_empty() || self.visible.iter().any(|pile| !pile.is_empty())
    }

    fn has_bound_work(&self, index: usize) -> bool {
        !self.inbox[index].is_empty()
    }

    fn watch_is_vacant(&self) -> bool {
        false
    }

    fn unpark(&self, index: usize) {
        self.bells[index].notify();
    }
}

impl World {
    /// `procs` of the workers may run anything; `pieces` of work will be done.
    fn new(procs: usize, work: Work, pieces: usize) -> Arc<World> {
        let world = Arc::new(World {
            idle: Idle::new(),
            procs: AtomicUsize::new(procs),
            locked: std::array::from_fn(|_| AtomicBool::new(false)),
            global: Pile::new(),
            visible: std::array::from_fn(|_| Pile::new()),
            inbox: std::array::from_fn(|_| Pile::new()),
            bells: std::array::from_fn(|_| Notify::new()),
            work,
            both_began: Notify::new(),
            began: StdAtomicUsize::new(0),
            left: StdAtomicUsize::new(pieces),
            over: StdAtomicBool::new(false),
        });
        world.set_max_procs(procs);
        (0..WORKERS).for_each(|index| world.idle.add(index));
        world
    }

    fn procs(&self) -> usize {
        self.procs.load(Ordering::Relaxed)
    }

    /// As `ready` on a thread that is no worker.
    fn submit(&self) {
        self.global.put();
        self.idle.notify(self);
    }

    /// As `Runtime::send_bound`.
    fn submit_bound(&self, index: usize) {
        self.inbox[index].put();
        self.idle.notify_this(index, self);
    }

    /// As `set_max_procs`.
    fn set_max_procs(&self, procs: usize) {
        self.idle
            .change_limit(procs, || self.procs.store(procs, Ordering::Relaxed), self);
    }

    /// As `Worker::lock_thread`, in a run; the rebalance that follows lets one worker more run
    /// anything.
    fn lock(&self, index: usize) {
        self.locked[index].store(true, Ordering::SeqCst);
        self.idle.set_locked(index, true);
        self.set_max_procs(self.procs() + 1);
    }

    fn start_workers(self: &Arc<World>) -> Vec<thread::JoinHandle<()>> {
        (0..WORKERS)
            .map(|index| {
                let world = Arc::clone(self);
                thread::spawn(move || world.work(index))
            })
            .collect()
    }

    /// Waits for the end; then nobody counts as a searcher but those that were woken when they had
    /// left the model.
    fn finish(&self, workers: Vec<thread::JoinHandle<()>>) {
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        let woken = (0..WORKERS).filter(|&index| !self.idle.is_asleep(index)).count();
        assert!(self.idle.is_consistent(Some(woken)));
        assert_eq!(self.idle.all_asleep().is_some(), woken == 0);
        assert!(!self.any_visible_work());
    }

    /// The life of a worker.
    fn work(&self, index: usize) {
        self.park(index);
        if self.idle.is_asleep(index) {
            return;
        }
        let mut searching = self.idle.wakes_searching(index);
        while let Some(bound) = self.find(index, &mut searching) {
            if searching {
                searching = false;
                self.idle.leave_search(self);
            }
            self.run(index, bound);
        }
    }

    /// As `Worker::find_elsewhere`. Whether what it found is bound to it; `None`: everything is
    /// done, and this worker sleeps.
    fn find(&self, index: usize, searching: &mut bool) -> Option<bool> {
        loop {
            let retired = index >= self.procs() || self.locked[index].load(Ordering::Relaxed);
            if retired {
                let mut moved = false;
                while self.visible[index].take() {
                    self.global.put();
                    moved = true;
                }
                if moved {
                    self.idle.notify(self);
                }
            } else if self.visible[index].take() {
                return Some(false);
            }
            if self.inbox[index].take() {
                return Some(true);
            }
            if !retired {
                if self.global.take() {
                    return Some(false);
                }
                *searching = *searching || self.idle.start_search(self.procs());
                if *searching && self.visible.iter().any(Pile::take) {
                    return Some(false);
                }
            }
            if self.idle.lie_down(index, *searching, self) {
                self.park(index);
                if self.idle.is_asleep(index) {
                    return None;
                }
            }
            *searching = self.idle.wakes_searching(index);
        }
    }

    /// As the loop in `Worker::sleep`, but also ends when everything is done.
    fn park(&self, index: usize) {
        while self.idle.is_asleep(index) && !self.over.load(Ordering::SeqCst) {
            self.bells[index].wait();
        }
    }

    fn run(&self, index: usize, bound: bool) {
        let began = self.began.fetch_add(1, Ordering::SeqCst);
        match (self.work, began) {
            (Work::Alone, _) | (Work::AloneAndPair, 0) => {}
            (Work::Parent, 0) => {
                self.visible[index].put();
                self.idle.notify(self);
                self.both_began.wait_until(&self.began, 2);
            }
            (Work::LockAndPair, 0) => {
                self.lock(index);
                self.both_began.wait_until(&self.began, 2);
            }
            (Work::Lock, 0) => self.lock(index),
            (Work::Lock, _) => assert!(
                bound || !self.locked[index].load(Ordering::Relaxed),
                "only what is bound to it"
            ),
            (Work::Pair, 0) => self.both_began.wait_until(&self.began, 2),
            (Work::AloneAndPair, 1) => self.both_began.wait_until(&self.began, 3),
            (Work::Pair | Work::Parent | Work::LockAndPair, 1) | (Work::AloneAndPair, 2) => {
                self.both_began.notify()
            }
            (Work::Pair | Work::Parent | Work::AloneAndPair | Work::LockAndPair, _) => {}
        }
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.over.store(true, Ordering::SeqCst);
            self.bells.iter().for_each(Notify::notify);
        }
    }
}

trait WaitUntil {
    fn wait_until(&self, began: &StdAtomicUsize, count: usize);
}

impl WaitUntil for Notify {
    fn wait_until(&self, began: &StdAtomicUsize, count: usize) {
        // Loom's `Notify` may wake for no reason.
        while began.load(Ordering::SeqCst) < count {
            self.wait();
        }
    }
}

/// Two pieces are queued one after the other, while workers search, find and go to sleep.
/// Preemption bound 3.
#[test]
fn loom_idle_work_from_outside() {
    model(Some(3), || {
        let world = World::new(2, Work::Alone, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit();
        world.finish(workers);
    });
}

/// The second of two is not left behind by a searcher that has found the first. Preemption bound 3.
#[test]
fn loom_idle_two_at_once() {
    model(Some(3), || {
        let world = World::new(2, Work::Pair, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit();
        world.finish(workers);
    });
}

/// Two that need each other come while both workers are awake, one of which may not search.
/// Preemption bound 2.
#[test]
fn loom_idle_two_after_another() {
    model(Some(2), || {
        let world = World::new(2, Work::AloneAndPair, 3);
        let workers = world.start_workers();
        world.submit();
        world.submit();
        world.submit();
        world.finish(workers);
    });
}

/// What a busy worker queues is taken by another one. Preemption bound 3.
#[test]
fn loom_idle_work_from_a_worker() {
    model(Some(3), || {
        let world = World::new(2, Work::Parent, 2);
        let workers = world.start_workers();
        world.submit();
        world.finish(workers);
    });
}

/// Work for one worker alone, against work for all. Preemption bound 3.
#[test]
fn loom_idle_bound_work() {
    model(Some(3), || {
        let world = World::new(2, Work::Alone, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit_bound(1);
        world.finish(workers);
    });
}

/// Work for a worker that has done some and goes back to sleep while another one searches.
/// Preemption bound 2.
#[test]
fn loom_idle_bound_work_again() {
    model(Some(2), || {
        let world = World::new(2, Work::Alone, 3);
        let workers = world.start_workers();
        world.submit_bound(1);
        world.submit();
        world.submit_bound(1);
        world.finish(workers);
    });
}

/// Work for a retired worker. Preemption bound 3.
#[test]
fn loom_idle_bound_work_of_a_retired_worker() {
    model(Some(3), || {
        let world = World::new(1, Work::Alone, 2);
        let workers = world.start_workers();
        world.submit_bound(1);
        world.submit();
        world.finish(workers);
    });
}

/// GOMAXPROCS falls while work comes: a worker that was woken for it may not take it. Preemption
/// bound 2.
#[test]
fn loom_idle_fewer_procs() {
    model(Some(2), || {
        let world = World::new(2, Work::Alone, 2);
        let workers = world.start_workers();
        world.submit();
        world.set_max_procs(1);
        world.submit();
        world.finish(workers);
    });
}

/// GOMAXPROCS falls on another thread than the one that brings work. Preemption bound 2.
#[test]
fn loom_idle_fewer_procs_meanwhile() {
    model(Some(2), || {
        let world = World::new(2, Work::Alone, 1);
        let workers = world.start_workers();
        let other = Arc::clone(&world);
        let other = thread::spawn(move || other.set_max_procs(1));
        world.submit();
        other.join().unwrap();
        world.finish(workers);
    });
}

/// GOMAXPROCS rises while two pieces wait that need two workers. Preemption bound 2.
#[test]
fn loom_idle_more_procs() {
    model(Some(2), || {
        let world = World::new(1, Work::Pair, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit();
        world.set_max_procs(2);
        world.finish(workers);
    });
}

/// A run takes its worker's thread for itself, and waits for what another worker has to do instead.
/// Preemption bound 2.
#[test]
fn loom_idle_a_locked_worker_is_replaced() {
    model(Some(2), || {
        let world = World::new(1, Work::LockAndPair, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit();
        world.finish(workers);
    });
}

/// A locked worker lies down while work comes: work for all is not for it, bound work is.
/// Preemption bound 2.
#[test]
fn loom_idle_a_locked_worker_lies_down() {
    model(Some(2), || {
        let world = World::new(1, Work::Lock, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit();
        world.finish(workers);
    });
}

/// The same with work that is bound to it. Preemption bound 2.
#[test]
fn loom_idle_bound_work_of_a_locked_worker() {
    model(Some(2), || {
        let world = World::new(1, Work::Lock, 2);
        let workers = world.start_workers();
        world.submit();
        world.submit_bound(0);
        world.finish(workers);
    });
}
