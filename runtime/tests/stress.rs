//! Everything the scheduler offers, mixed at random, with the seed printed when something goes
//! wrong.
//!
//! The test runs itself as a child for each setting. `GORT_STRESS=<seed>` (with `GOMAXPROCS`,
//! `GORT_MIGRATION` and `GORT_BIAS`) replays one; `GORT_STRESS_ROUNDS` says how many seeds each
//! setting gets. Two runs of one seed ask for the same; what the threads make of it still differs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{CallTimer, JoinError, Sema, SemaPlace, Spawn, WaitReason};

mod support;

use support::seed::{Rng, seed};

const LIMIT: Duration = Duration::from_secs(240);
/// Goroutines that a program starts at its top, and the steps that each of them takes.
const BRANCHES: u64 = 24;
const STEPS: u32 = 40;
/// How deep goroutines start goroutines that go on like this.
const DEPTH: u32 = 3;

#[test]
fn everything_at_once() {
    if let Some(seed) = env_number("GORT_STRESS") {
        return program(seed);
    }
    let rounds = env_number("GORT_STRESS_ROUNDS").unwrap_or(1);
    let base = seed();
    for round in 0..rounds {
        for procs in ["1", "2", "4", "8", "64"] {
            for (migration, bias) in [
                ("stealing", "auto"),
                ("stealing", "eager"),
                ("pinned", "auto"),
                ("always", "eager"),
            ] {
                let seed = Rng::new(base ^ (round << 32) ^ procs.len() as u64).next();
                let variables = [
                    ("GORT_STRESS", &*seed.to_string()),
                    ("GOMAXPROCS", procs),
                    ("GORT_MIGRATION", migration),
                    ("GORT_BIAS", bias),
                ];
                support::again("everything_at_once", &variables, LIMIT);
            }
        }
    }
}

fn env_number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What all goroutines of a program share.
struct World {
    tokens: Sema,
    fired: AtomicUsize,
    due: AtomicUsize,
    dropped: AtomicU64,
    made: AtomicU64,
}

/// Counts that it was dropped, once.
struct Counted(Arc<World>);

impl Counted {
    fn new(world: &Arc<World>) -> Counted {
        world.made.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(world))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn program(seed: u64) {
    let world = Arc::new(World {
        tokens: Sema::new(3),
        fired: AtomicUsize::new(0),
        due: AtomicUsize::new(0),
        dropped: AtomicU64::new(0),
        made: AtomicU64::new(0),
    });
    let procs = rt::max_procs();
    let ids = Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
    rt::run(|| {
        let handles: Vec<_> = (0..BRANCHES)
            .map(|branch| {
                let world = Arc::clone(&world);
                let handle = rt::go(move || live(Rng::new(seed ^ (branch << 40)), &world, DEPTH));
                assert!(ids.lock().unwrap().insert(handle.id()), "a number is given twice");
                handle
            })
            .collect();
        for handle in handles {
            handle.join().unwrap();
        }
    });
    rt::set_max_procs(procs);
    let limit = Instant::now() + Duration::from_secs(120);
    let settled = || {
        world.fired.load(Ordering::SeqCst) == world.due.load(Ordering::SeqCst)
            && world.dropped.load(Ordering::SeqCst) == world.made.load(Ordering::SeqCst)
            && rt::num_goroutine() == 0
    };
    while !settled() {
        assert!(
            Instant::now() < limit,
            "timers {}/{}, values {}/{}, {} goroutines",
            world.fired.load(Ordering::SeqCst),
            world.due.load(Ordering::SeqCst),
            world.dropped.load(Ordering::SeqCst),
            world.made.load(Ordering::SeqCst),
            rt::num_goroutine()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    // Every permit is back.
    assert!((0..3).all(|_| world.tokens.try_acquire()) && !world.tokens.try_acquire());
}

/// What one goroutine does: `STEPS` things, all at random.
fn live(mut random: Rng, world: &Arc<World>, depth: u32) {
    let steps = if depth == DEPTH { STEPS } else { STEPS / 8 };
    for _ in 0..steps {
        step(&mut random, world, depth);
    }
}

fn step(random: &mut Rng, world: &Arc<World>, depth: u32) {
    let child = Rng::new(random.next());
    match random.below(16) {
        0 | 1 => rt::gosched(),
        2 => {
            let stack = [16 << 10, 64 << 10, 100_001, 256 << 10][random.below(4)];
            let held = Counted::new(world);
            let options = Spawn::new().stack(stack).name("odd");
            assert!(Arc::ptr_eq(&options.go(move || held).join().unwrap().0, world));
        }
        3 if depth > 0 => {
            let world = Arc::clone(world);
            rt::go(move || live(child, &world, depth - 1)).join().unwrap();
        }
        4 if depth > 0 => {
            // Detached, with a value that nobody takes.
            let (held, world) = (Counted::new(world), Arc::clone(world));
            drop(rt::go(move || {
                live(child, &world, 0);
                held
            }));
        }
        5 => rt::sleep_until(Instant::now() + Duration::from_micros(random.below(300) as u64)),
        6 => assert_eq!(rt::blocking(|| depth + 1), depth + 1),
        7 if depth > 0 => {
            let sum = AtomicU64::new(0);
            rt::scope(|s| {
                for i in 0..4 {
                    let sum = &sum;
                    s.spawn(move || {
                        rt::gosched();
                        sum.fetch_add(i, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(sum.into_inner(), 6);
        }
        8 if random.below(4) == 0 => {
            rt::set_max_procs([1, 2, 3, 5, 8, 64][random.below(6)]);
        }
        9 => {
            rt::lock_os_thread();
            let before = std::thread::current().id();
            rt::gosched();
            world
                .tokens
                .acquire(WaitReason::SemaphoreAcquire, SemaPlace::Back);
            world.tokens.release();
            assert_eq!(std::thread::current().id(), before);
            if random.below(4) > 0 {
                rt::unlock_os_thread();
            } else {
                rt::unlock_os_thread();
                rt::unlock_os_thread();
            }
        }
        10 => {
            let held = Counted::new(world);
            let error = rt::go(move || -> u32 {
                // It waits while it unwinds, and ends locked to its thread.
                let _waits = Waits(held);
                rt::lock_os_thread();
                panic!("seven");
            });
            match error.join() {
                Err(JoinError::Panicked(panic)) => assert_eq!(panic.message(), "seven"),
                other => panic!("{other:?}"),
            }
        }
        11 => {
            let held = Counted::new(world);
            let ended = rt::go(move || {
                let _waits = Waits(held);
                rt::goexit();
            });
            assert!(matches!(ended.join(), Err(JoinError::Goexit)));
        }
        12 => {
            world.due.fetch_add(1, Ordering::SeqCst);
            let (held, counted) = (Counted::new(world), Arc::clone(world));
            let timer = CallTimer::new(move || {
                let _ = &held;
                counted.fired.fetch_add(1, Ordering::SeqCst);
            });
            timer.start(Instant::now() + Duration::from_micros(random.below(500) as u64));
            if random.below(2) == 0 {
                rt::gosched();
                if timer.stop() {
                    world.due.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
        13 => {
            world
                .tokens
                .acquire(WaitReason::SemaphoreAcquire, SemaPlace::Front);
            if random.below(2) == 0 {
                rt::gosched();
            }
            world.tokens.release();
        }
        14 if depth == DEPTH => {
            // From a thread that is no worker.
            let value = random.next();
            let joined = rt::blocking(move || rt::run(move || rt::go(move || value).join().unwrap()));
            assert_eq!(joined, value);
        }
        _ => {
            let start = Instant::now();
            let length = Duration::from_micros(random.below(60) as u64);
            while start.elapsed() < length {
                std::hint::spin_loop();
            }
        }
    }
}

/// Waits when it is dropped, then drops what it holds.
struct Waits(#[expect(dead_code, reason = "for its destructor")] Counted);

impl Drop for Waits {
    fn drop(&mut self) {
        rt::gosched();
        rt::sleep_until(Instant::now() + Duration::from_micros(20));
    }
}
