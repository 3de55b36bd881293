//! What is shared by those that wait while they unwind: the real `Stock`, with loom threads for
//! workers and for the thread that loads.
//!
//! A switch to a carrier is modelled by what it does to the count of the thread on which it
//! happens, and by an access to the carrier's cell, which nobody else may have at the time. After
//! every step each thread counts exactly the panics of the goroutine that it runs: those that wait,
//! and what is loaded, the thread that loads counts.
//!
//! Time runs out when the model says so, at any moment between two steps of the others.
//!
//! Breaches that were tried, each of which fails a model: `take_loaded` does not ask; asks only
//! once, though another took what was loaded for it; stays counted. `put_loaded` tells nobody who
//! waits; puts the carrier among the empty ones. `serve` notifies nobody, or one of two.

use loom::sync::mpsc;
use loom::thread;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::model;
use crate::sched::unwinding::stock::{Carries, Loader, Stock};
use crate::shim::UnsafeCell;

loom::thread_local! {
    /// What std would count on this thread.
    static COUNT: Cell<usize> = Cell::new(0);
}

fn count() -> usize {
    COUNT.with(Cell::get)
}

fn set_count(panics: usize) {
    COUNT.with(|count| count.set(panics));
}

/// Whether it is loaded.
struct Carrier(UnsafeCell<bool>);

// SAFETY: whoever takes it from a shelf has it alone; loom looks whether that is so.
unsafe impl Send for Carrier {}

impl Carries for Carrier {
    fn new() -> Carrier {
        Carrier(UnsafeCell::new(false))
    }

    fn switch(&self) {
        self.0.with_mut(|loaded| {
            // SAFETY: loom fails the model if another thread has the carrier.
            let loaded = unsafe { &mut *loaded };
            set_count(if *loaded {
                count().checked_sub(1).expect("a panic to be caught")
            } else {
                count() + 1
            });
            *loaded = !*loaded;
        });
    }

    fn end(all: Vec<Carrier>) {
        for one in all {
            // SAFETY: as above.
            one.0.with_mut(|loaded| assert!(unsafe { !*loaded }));
        }
    }
}

/// A goroutine that waits, with as many panics.
struct Aside(usize);

/// The stock, and the thread that loads.
struct World {
    stock: Stock<Carrier>,
    over: AtomicBool,
}

impl World {
    fn new() -> Arc<World> {
        Arc::new(World {
            stock: Stock::new(),
            over: AtomicBool::new(false),
        })
    }

    fn loads(world: &Arc<World>) -> thread::JoinHandle<()> {
        let world = Arc::clone(world);
        thread::spawn(move || {
            let mut loader = Loader::new();
            while !world.over.load(Ordering::SeqCst) {
                world.stock.serve(&mut loader);
                // Once time is up it waits for nobody.
                thread::yield_now();
            }
            // What is on the shelf then, it counts, and nothing else.
            assert_eq!(count(), world.stock.counts().0);
        })
    }

    /// As `set_aside`, of a goroutine that has begun to unwind `panics` times.
    fn set_aside(&self, panics: usize) -> Aside {
        set_count(panics);
        let mut aside = 0;
        while count() > 0 {
            let carrier = self.stock.take_loaded();
            carrier.switch();
            self.stock.put_empty(carrier);
            aside += 1;
        }
        assert_eq!(aside, panics);
        Aside(aside)
    }

    /// As `take_back`; then the panics are caught.
    fn take_back(&self, aside: Aside) {
        assert_eq!(count(), 0, "who runs meanwhile does not unwind");
        for _ in 0..aside.0 {
            let carrier = self.stock.take_empty();
            carrier.switch();
            self.stock.put_loaded(carrier);
        }
        assert_eq!(count(), aside.0);
        set_count(0);
    }

    /// After all have taken back what they set aside.
    fn end(&self, loads: thread::JoinHandle<()>) {
        self.over.store(true, Ordering::SeqCst);
        self.stock.let_time_pass();
        loads.join().unwrap();
        let (_, empty, wanted) = self.stock.counts();
        assert_eq!((empty, wanted), (0, 0));
    }
}

/// One that waits, in the middle of two panics. All executions.
#[test]
fn loom_unwinding_alone() {
    model(None, || {
        let world = World::new();
        let loads = World::loads(&world);
        let aside = world.set_aside(2);
        world.take_back(aside);
        world.end(loads);
    });
}

/// One that waits again, and needs more than it did before. Preemption bound 3.
#[test]
fn loom_unwinding_again() {
    model(Some(3), || {
        let world = World::new();
        let loads = World::loads(&world);
        for panics in [1, 2] {
            let aside = world.set_aside(panics);
            world.take_back(aside);
        }
        world.end(loads);
    });
}

/// Two at once, on two threads: each gets one, whoever takes what was loaded for the other.
/// Preemption bound 3.
#[test]
fn loom_unwinding_two_at_once() {
    model(Some(3), || {
        let world = World::new();
        let loads = World::loads(&world);
        let other = Arc::clone(&world);
        let other = thread::spawn(move || {
            let aside = other.set_aside(1);
            other.take_back(aside);
        });
        let aside = world.set_aside(1);
        world.take_back(aside);
        other.join().unwrap();
        world.end(loads);
    });
}

/// Two at once, and neither gives anything back before both have theirs. Preemption bound 3.
#[test]
fn loom_unwinding_two_keep_what_they_have() {
    model(Some(3), || {
        let world = World::new();
        let loads = World::loads(&world);
        let other = Arc::clone(&world);
        let other = thread::spawn(move || other.set_aside(1));
        let mine = world.set_aside(1);
        world.take_back(other.join().unwrap());
        world.take_back(mine);
        world.end(loads);
    });
}

/// One that goes on on another thread, while time passes and another one waits where it was.
/// Preemption bound 3.
#[test]
fn loom_unwinding_that_moves() {
    model(Some(3), || {
        let world = World::new();
        let loads = World::loads(&world);
        let (moves, moved) = mpsc::channel();
        let there = Arc::clone(&world);
        let there = thread::spawn(move || there.take_back(moved.recv().unwrap()));
        let aside = world.set_aside(2);
        assert!(moves.send(aside).is_ok());
        let aside = world.set_aside(1);
        world.take_back(aside);
        there.join().unwrap();
        world.end(loads);
    });
}

/// Time passes at any moment: what is unloaded then has to be loaded again for whoever asks.
/// Preemption bound 3.
#[test]
fn loom_unwinding_while_time_passes() {
    model(Some(3), || {
        let world = World::new();
        let loads = World::loads(&world);
        let clock = Arc::clone(&world);
        let clock = thread::spawn(move || clock.stock.let_time_pass());
        let aside = world.set_aside(1);
        world.take_back(aside);
        clock.join().unwrap();
        world.end(loads);
    });
}
