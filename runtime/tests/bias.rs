//! The lock of channels, while the bias changes hands all the time: goroutines and plain threads
//! take it, one or several at once, hand it over a switch, and wake one another under it. Nobody is
//! ever inside with somebody else, and nobody is forgotten.
//!
//! The test runs itself as a child for each setting. `GORT_STRESS_SECS` says how long each runs.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{RawLock, Task, WaitReason};

mod support;

use support::seed::{Rng, seed};

const PLACES: usize = 4;
const GOROUTINES: u64 = 8;
const THREADS: u64 = 2;

/// What a lock guards: two numbers that are equal outside of it, and who waits.
#[derive(Default)]
struct Guarded {
    begun: u64,
    done: u64,
    waiting: Vec<Task>,
}

#[derive(Default)]
struct Place {
    lock: RawLock,
    guarded: UnsafeCell<Guarded>,
}

// SAFETY: what is guarded is touched under the lock only: the test finds out.
unsafe impl Sync for Place {}
// SAFETY: tasks may be readied by any thread.
unsafe impl Send for Place {}

impl Place {
    /// One section, `lasting` so many turns of a loop.
    ///
    /// # Safety
    /// The lock is held.
    unsafe fn section(&self, lasting: u64) {
        // SAFETY: the lock is held. Volatile, so that another one inside can come in between.
        unsafe {
            let at = self.guarded.get();
            let begun = (&raw const (*at).begun).read_volatile();
            let done = (&raw const (*at).done).read_volatile();
            assert_eq!(begun, done, "somebody else is inside");
            (&raw mut (*at).begun).write_volatile(begun + 1);
            (0..lasting).for_each(|_| std::hint::spin_loop());
            assert_eq!(
                (&raw const (*at).done).read_volatile(),
                done,
                "somebody else was inside"
            );
            (&raw mut (*at).done).write_volatile(done + 1);
        }
    }

    /// Wakes one who waits here. `false` if nobody does.
    fn wake_one(&self) -> bool {
        self.lock.lock();
        // SAFETY: the lock is held.
        let task = unsafe {
            let task = (*self.guarded.get()).waiting.pop();
            self.lock.unlock();
            task
        };
        // SAFETY: taken out, once, under the lock that the commit of its park released.
        task.map(|task| unsafe { task.ready() }).is_some()
    }

    /// Waits until somebody wakes this goroutine or thread.
    fn wait(&self) {
        self.lock.lock();
        // SAFETY: the lock is held; the task is published under it, so who takes it comes after the
        // commit, and readies it once.
        unsafe {
            (*self.guarded.get()).waiting.push(Task::current());
            rt::park(WaitReason::Sleep, || self.lock.unlock());
        }
    }
}

#[derive(Default)]
struct World {
    places: [Place; PLACES],
    stop: AtomicBool,
    /// Workers that have not ended.
    left: AtomicUsize,
}

/// Sections that one worker made.
fn work(world: &World, seed: u64, thread: bool) -> u64 {
    let mut random = Rng::new(seed);
    let mut sections = 0;
    while !world.stop.load(Ordering::Relaxed) {
        let at = random.below(PLACES);
        match random.below(16) {
            0..8 => {
                let place = &world.places[at];
                place.lock.lock();
                // SAFETY: the lock is held.
                unsafe {
                    place.section(random.below(8) as u64);
                    place.lock.unlock();
                }
                sections += 1;
            }
            8..12 => {
                // All from there on, in the order of the places, as a `select!` does.
                for place in &world.places[at..] {
                    place.lock.lock();
                }
                for place in &world.places[at..] {
                    // SAFETY: all are held.
                    unsafe {
                        place.section(random.below(8) as u64);
                        place.lock.unlock();
                    }
                    sections += 1;
                }
            }
            12 => world.places[at].wait(),
            _ => {
                world.places[at].wake_one();
            }
        }
        if thread {
            // Not always there: else nobody is alone for long enough to be favoured.
            let pause = Instant::now() + Duration::from_micros(random.below(60) as u64);
            if random.below(8) == 0 {
                std::thread::sleep(Duration::from_micros(random.below(300) as u64));
            }
            while Instant::now() < pause {
                std::hint::spin_loop();
            }
        } else if random.below(2) == 0 {
            rt::gosched();
        }
    }
    world.left.fetch_sub(1, Ordering::Release);
    sections
}

fn program(seconds: f64, seed: u64) {
    let world = Arc::new(World::default());
    world
        .left
        .store((GOROUTINES + THREADS) as usize, Ordering::Relaxed);
    let sections: u64 = rt::run(|| {
        let goroutines: Vec<_> = (0..GOROUTINES)
            .map(|i| {
                let world = Arc::clone(&world);
                rt::go(move || work(&world, seed ^ (i << 40), false))
            })
            .collect();
        let threads: Vec<_> = (0..THREADS)
            .map(|i| {
                let world = Arc::clone(&world);
                std::thread::spawn(move || work(&world, seed ^ ((100 + i) << 40), true))
            })
            .collect();
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        // Somebody always wakes those who wait, or all might.
        while world.left.load(Ordering::Acquire) > 0 {
            if Instant::now() > end {
                world.stop.store(true, Ordering::Relaxed);
            }
            if !world.places.iter().any(Place::wake_one) {
                rt::sleep_until(Instant::now() + Duration::from_micros(200));
            }
        }
        let mut sections = 0;
        for goroutine in goroutines {
            sections += goroutine.join().unwrap();
        }
        for thread in threads {
            sections += rt::blocking(|| thread.join()).unwrap();
        }
        sections
    });
    let made: u64 = world
        .places
        .iter()
        // SAFETY: everybody has ended.
        .map(|place| unsafe { (*place.guarded.get()).done })
        .sum();
    assert_eq!(made, sections, "sections are lost");
}

#[test]
fn nobody_is_inside_with_another() {
    let seconds = std::env::var("GORT_STRESS_SECS").map_or(0.5, |text| text.parse().unwrap());
    if let Ok(seed) = std::env::var("GORT_BIAS_CHILD") {
        return program(seconds, seed.parse().unwrap());
    }
    let seed = seed().to_string();
    let limit = Duration::from_secs(180) + Duration::from_secs_f64(2.0 * seconds);
    for procs in ["1", "2", "4", "8"] {
        for (migration, bias) in [("stealing", "auto"), ("stealing", "eager"), ("always", "eager")] {
            let variables = [
                ("GORT_BIAS_CHILD", seed.as_str()),
                ("GOMAXPROCS", procs),
                ("GORT_MIGRATION", migration),
                ("GORT_BIAS", bias),
            ];
            support::again("nobody_is_inside_with_another", &variables, limit);
        }
    }
}
