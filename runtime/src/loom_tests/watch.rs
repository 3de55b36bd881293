//! Who keeps watch over the timers: the real [`Timekeeper`], with one worker that leaves the role
//! with a promise, another that sleeps until somebody is needed, and a thread that arms a timer
//! meanwhile.
//!
//! The timers are one deadline. Waking a sleeper, whose own protocol is in [`idle`](super::idle),
//! is a flag and a bell. What the workers do in which order is as in `sched/worker/sleep.rs` and
//! `sched/worker/promise.rs`. If nobody sees the timer, somebody waits for ever, and loom says so.
//!
//! A breach that was tried, and fails a model: a promise that covers what is due soon.
//!
//! Not shown to be caught: a promise that ends only after the look at the timers, while nobody else
//! takes the role.

use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use loom::thread;
use std::sync::Arc;

use super::model;
use crate::sched::timekeeper::{Armed, Timekeeper};
use crate::sys::clock::NEVER;

/// The time, all the while.
const NOW: u64 = 1;
/// Due so soon that no promise covers it, and so late that one does.
const NEAR: u64 = 2;
const FAR: u64 = 1_000_000_000;

struct World {
    watch: Timekeeper,
    timer: AtomicU64,
    /// Worker 1 was taken off the list of sleepers.
    called: AtomicBool,
    bells: [Notify; 2],
    over: AtomicBool,
}

impl World {
    /// Worker 0 has woken in the role; worker 1 sleeps.
    fn new() -> Arc<World> {
        let world = World {
            watch: Timekeeper::new(),
            timer: AtomicU64::new(NEVER),
            called: AtomicBool::new(false),
            bells: std::array::from_fn(|_| Notify::new()),
            over: AtomicBool::new(false),
        };
        assert!(world.watch.try_become(0));
        Arc::new(world)
    }

    /// As `Runtime::earliest_timer`.
    fn earliest(&self) -> u64 {
        self.timer.load(Ordering::Acquire)
    }

    /// As `Runtime::notify`.
    fn notify(&self) {
        self.called.store(true, Ordering::SeqCst);
        self.bells[1].notify();
    }

    /// As `Runtime::watch_is_vacant`.
    fn is_vacant(&self) -> bool {
        let earliest = self.earliest();
        self.watch.is_vacant() && earliest != NEVER && !self.watch.is_promised(earliest, || NOW)
    }

    /// As `timer_armed`.
    fn arm(&self, deadline: u64) {
        self.timer.store(deadline, Ordering::Release);
        match self.watch.armed(deadline, || NOW) {
            Armed::Watched => {}
            Armed::Nudge(index) => self.bells[index].notify(),
            Armed::Wake => self.notify(),
        }
    }

    /// As `Runtime::break_promise`, by the monitor.
    fn break_promise(&self) {
        self.watch.end_promise(0);
        fence(Ordering::SeqCst);
        if self.is_vacant() {
            self.notify();
        }
    }

    /// Worker 0: leaves the role with a promise, runs something, and sleeps again.
    fn away(&self) {
        self.watch.promise(0, 0);
        self.watch.resign();
        // As `Idle::leave_search`, by the last searcher.
        fence(Ordering::SeqCst);
        if self.is_vacant() {
            self.notify();
        }
        self.watch.end_promise(0);
        self.sleep(0);
    }

    /// Worker 1: sleeps without the role, and then as `away` without the promise.
    fn reserve(&self) {
        while !self.called.load(Ordering::SeqCst) && !self.over.load(Ordering::SeqCst) {
            self.bells[1].wait();
        }
        self.sleep(1);
    }

    /// As `Worker::sleep`, until the timer was seen.
    fn sleep(&self, index: usize) {
        // Whoever has no role sleeps without a duty.
        if !self.watch.try_become(index) {
            return;
        }
        while self.watch.keep(|| self.earliest()) == NEVER && !self.over.load(Ordering::SeqCst) {
            self.bells[index].wait();
        }
        self.over.store(true, Ordering::SeqCst);
        self.bells.iter().for_each(Notify::notify);
    }

    /// Starts both workers.
    fn start(self: &Arc<World>) -> [thread::JoinHandle<()>; 2] {
        let (away, reserve) = (Arc::clone(self), Arc::clone(self));
        [
            thread::spawn(move || away.away()),
            thread::spawn(move || reserve.reserve()),
        ]
    }
}

fn finish(workers: [thread::JoinHandle<()>; 2]) {
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

/// A timer that is due soon is armed while a worker is away, or leaves, or comes back. Preemption
/// bound 3.
#[test]
fn loom_watch_a_near_timer() {
    model(Some(3), || {
        let world = World::new();
        let workers = world.start();
        world.arm(NEAR);
        finish(workers);
    });
}

/// One that is left to the promise. Preemption bound 3.
#[test]
fn loom_watch_a_far_timer() {
    model(Some(3), || {
        let world = World::new();
        let workers = world.start();
        world.arm(FAR);
        finish(workers);
    });
}

/// One that is armed before a worker leaves is not left to it if it is due soon: it need not come
/// back. Preemption bound 3.
#[test]
fn loom_watch_a_near_timer_is_not_left_behind() {
    model(Some(3), || {
        let world = World::new();
        world.timer.store(NEAR, Ordering::Release);
        let reserve = Arc::clone(&world);
        let reserve = thread::spawn(move || reserve.reserve());
        world.watch.promise(0, 0);
        world.watch.resign();
        fence(Ordering::SeqCst);
        if world.is_vacant() {
            world.notify();
        }
        reserve.join().unwrap();
    });
}

/// The promise is broken meanwhile, and the worker stays away: another one takes over. Preemption
/// bound 3.
#[test]
fn loom_watch_a_broken_promise() {
    model(Some(3), || {
        let world = World::new();
        world.watch.promise(0, 0);
        world.watch.resign();
        let (reserve, monitor) = (Arc::clone(&world), Arc::clone(&world));
        let reserve = thread::spawn(move || reserve.reserve());
        let monitor = thread::spawn(move || monitor.break_promise());
        world.arm(FAR);
        monitor.join().unwrap();
        reserve.join().unwrap();
    });
}

/// It is broken while the worker comes back. Preemption bound 2.
#[test]
fn loom_watch_broken_and_back() {
    model(Some(2), || {
        let world = World::new();
        let workers = world.start();
        let monitor = Arc::clone(&world);
        let monitor = thread::spawn(move || monitor.break_promise());
        world.arm(FAR);
        monitor.join().unwrap();
        finish(workers);
    });
}
