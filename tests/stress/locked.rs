//! Goroutines that lock and unlock their threads, nested, between waits of all sorts, and end in
//! every way: unlocked, locked, by a panic, by `goexit`, with destructors that wait (GS-98).
//!
//! * Who has a thread locked is on it after each wait, and finds there what it has left in its
//!   thread-locals.
//! * Nobody else is. A thread that ended with a goroutine runs nobody any more. (In the mode
//!   `pinned` that holds for those who start.)
//! * A guard of std may be held across a wait by who has a thread.
//! * Every value that was sent arrives, once.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! configuration runs.

use std::cell::Cell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::runtime::{goexit, gosched, lock_os_thread, unlock_os_thread};
use gort::sync::Mutex;
use gort::time::{after, sleep};

use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

/// So many at a time; nearly as many threads.
const MEMBERS: usize = 24;
const CAPACITIES: [usize; 3] = [0, 1, 4];

thread_local! {
    /// Who has this thread locked.
    static OWNER: Cell<u64> = const { Cell::new(0) };
}

/// In this mode those that have started on a thread stay there, whoever locks it.
fn is_pinned() -> bool {
    std::env::var("GORT_MIGRATION").is_ok_and(|mode| mode == "pinned")
}

#[derive(Default)]
struct Threads {
    locked: HashMap<ThreadId, usize>,
    /// Those that were locked when their goroutine ended.
    over: HashSet<ThreadId>,
}

struct World {
    threads: std::sync::Mutex<Threads>,
    channels: [Chan<u64>; CAPACITIES.len()],
    mutex: Mutex<u64>,
    /// Taken only by those who have a thread.
    plain: std::sync::Mutex<u64>,
    turns: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
    pinned: bool,
    ids: AtomicU64,
}

impl World {
    fn new() -> World {
        World {
            threads: std::sync::Mutex::default(),
            channels: CAPACITIES.map(|capacity| chan!(u64, capacity)),
            mutex: Mutex::new(0),
            plain: std::sync::Mutex::new(0),
            turns: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            pinned: is_pinned(),
            ids: AtomicU64::new(0),
        }
    }

    /// This thread is nobody's.
    #[track_caller]
    fn common(&self) {
        let (here, threads) = (thread::current().id(), self.threads.lock().unwrap());
        assert!(!threads.locked.contains_key(&here), "on a locked thread");
        assert!(!threads.over.contains(&here), "on a thread that is over");
    }
}

/// A goroutine, from its first step to its last.
struct Member {
    world: Arc<World>,
    id: u64,
    rng: Rng,
    /// How often it has locked its thread, and which one that is.
    locks: usize,
    home: ThreadId,
}

impl Member {
    fn new(world: Arc<World>, rng: Rng) -> Member {
        world.common();
        Member {
            id: world.ids.fetch_add(1, Ordering::Relaxed) + 1,
            world,
            rng,
            locks: 0,
            home: thread::current().id(),
        }
    }

    fn lock(&mut self) {
        lock_os_thread();
        self.locks += 1;
        if self.locks > 1 {
            return;
        }
        self.home = thread::current().id();
        let mut threads = self.world.threads.lock().unwrap();
        let others = threads.locked.entry(self.home).or_default();
        assert!(*others == 0 || self.world.pinned, "two on one thread");
        *others += 1;
        drop(threads);
        OWNER.set(self.id);
    }

    fn unlock(&mut self) {
        self.locks -= 1;
        if self.locks == 0 {
            self.leave(false);
        }
        unlock_os_thread();
    }

    fn leave(&self, over: bool) {
        OWNER.set(0);
        let mut threads = self.world.threads.lock().unwrap();
        let others = threads.locked.get_mut(&self.home).expect("it was locked");
        *others -= 1;
        if *others == 0 {
            threads.locked.remove(&self.home);
        }
        if over {
            threads.over.insert(self.home);
        }
    }

    /// It is where it has to be.
    #[track_caller]
    fn check(&self) {
        if self.locks > 0 {
            assert_eq!(thread::current().id(), self.home, "moved while locked");
            // In the mode `pinned` another one may have locked it too.
            assert!(self.world.pinned || OWNER.get() == self.id, "thread-locals");
        } else if !self.world.pinned {
            self.world.common();
        }
    }

    fn short(&mut self) -> Duration {
        Duration::from_micros(self.rng.below(80) as u64)
    }

    fn wait(&mut self) {
        let (world, short) = (Arc::clone(&self.world), self.short());
        let [one, two] = [(); 2].map(|()| &world.channels[self.rng.below(CAPACITIES.len())]);
        match self.rng.below(9) {
            0 => gosched(),
            1 => sleep(short),
            2 => select! {
                one <- self.id => { world.sent.fetch_add(self.id, Ordering::Relaxed); }
                <-after(short) => {}
            },
            3 => select! {
                Some(v) = <-one => { world.received.fetch_add(v, Ordering::Relaxed); }
                <-after(short) => {}
            },
            4 => select! {
                one <- self.id => { world.sent.fetch_add(self.id, Ordering::Relaxed); }
                Some(v) = <-two => { world.received.fetch_add(v, Ordering::Relaxed); }
                <-after(short) => {}
            },
            5 => {
                let locks = self.rng.below(3) == 0;
                go!([world] {
                    world.common();
                    if locks {
                        let mut child = Member::new(world, Rng::new(0));
                        child.lock();
                    }
                })
                .join()
                .unwrap();
            }
            6 => {
                let there = gort::blocking(|| thread::current().id());
                if self.locks == 0 {
                    let threads = world.threads.lock().unwrap();
                    assert!(!threads.locked.contains_key(&there) && !threads.over.contains(&there));
                } else if !world.pinned {
                    assert_eq!(there, self.home, "a call of one that has a thread");
                }
            }
            7 => {
                let mut count = world.mutex.lock();
                let before = *count;
                gosched();
                *count = before + 1;
                world.turns.fetch_add(1, Ordering::Relaxed);
            }
            _ if self.locks > 0 && !world.pinned => {
                let mut count = world.plain.lock().unwrap();
                let before = *count;
                sleep(short);
                *count = before + 1;
                world.turns.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        self.check();
    }
}

/// It waits once more, whatever it is in the middle of, and takes its thread with it if that is
/// locked.
impl Drop for Member {
    fn drop(&mut self) {
        match self.rng.below(3) {
            0 => gosched(),
            1 => sleep(self.short()),
            _ => {}
        }
        self.check();
        if self.locks > 0 {
            self.leave(true);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Unlocks,
    Returns,
    Panics,
    Exits,
}

fn member(world: Arc<World>, rng: Rng, fate: Fate) {
    let mut member = Member::new(world, rng);
    for _ in 0..5 + member.rng.below(20) {
        match member.rng.below(6) {
            0 => member.lock(),
            1 if member.locks > 0 => member.unlock(),
            _ => member.wait(),
        }
    }
    match fate {
        Fate::Unlocks => (0..member.locks).for_each(|_| member.unlock()),
        Fate::Returns => {}
        Fate::Panics => panic!("a member"),
        Fate::Exits => goexit(),
    }
    member.check();
}

/// One run; panics with what went wrong.
fn stress(time: Duration, mut rng: Rng) {
    let world = Arc::new(World::new());
    let (begin, mut members, mut ended) = (Instant::now(), VecDeque::new(), 0);
    let mut end = |(fate, handle): (Fate, JoinHandle<()>)| {
        let result = handle.join();
        ended += 1;
        let expected = match fate {
            Fate::Panics => matches!(&result, Err(gort::JoinError::Panicked(p)) if p.message() == "a member"),
            Fate::Exits => matches!(result, Err(gort::JoinError::Goexit)),
            _ => result.is_ok(),
        };
        assert!(expected, "{fate:?}: {result:?}");
    };
    while begin.elapsed() < time {
        let fate = [Fate::Unlocks, Fate::Returns, Fate::Panics, Fate::Exits][rng.below(4)];
        let (world, rng) = (Arc::clone(&world), rng.fork(rng.clone().next()));
        members.push_back((fate, go!(member(world, rng, fate))));
        if members.len() >= MEMBERS {
            members.drain(..MEMBERS / 2).for_each(&mut end);
        }
    }
    members.into_iter().for_each(&mut end);
    let left: u64 = world.channels.iter().flat_map(Chan::try_iter).sum();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!(
        read(&world.received) + left,
        read(&world.sent),
        "values are lost, or came twice"
    );
    assert_eq!(
        *world.mutex.lock() + *world.plain.lock().unwrap(),
        read(&world.turns)
    );
    let threads = world.threads.lock().unwrap();
    assert!(threads.locked.is_empty());
    println!("{ended} ended, {} threads with them", threads.over.len());
}

fn seconds() -> f64 {
    crate::support::stress::seconds(0.3)
}

fn program() {
    let rng = Rng::new(seed());
    gort::run(move || stress(Duration::from_secs_f64(seconds()), rng));
}

in_every_mode!(program(), patience = 60.0 + 2.0 * seconds());
