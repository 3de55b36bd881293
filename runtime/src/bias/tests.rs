//! The bias with real threads and the kernel's real barrier: workers that own it for moments, and
//! others that come in between. (The models of `loom_tests::bias` have a fence in place of the
//! barrier.)

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::lock::RawLock;
use super::{Bias, Seat};

const PLACES: usize = 3;

/// How long a test lasts.
fn time() -> Duration {
    Duration::from_secs_f64(std::env::var("GORT_STRESS_SECS").map_or(0.5, |text| text.parse().unwrap()))
}

/// A thread's choices.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = crate::random::step(self.0);
        crate::random::output(self.0) % limit
    }

    fn pause(&mut self, limit: u64) {
        (0..self.below(limit)).for_each(|_| std::hint::spin_loop());
    }
}

/// A lock, and two numbers that are equal while nobody is inside.
#[derive(Default)]
struct Place {
    lock: RawLock,
    begun: UnsafeCell<u64>,
    done: UnsafeCell<u64>,
}

// SAFETY: the numbers are touched under the lock only: the test finds out.
unsafe impl Sync for Place {}

impl Place {
    /// `false` if somebody else was inside. (Not a panic: the others would spin for the lock for
    /// ever.)
    fn section(&self, bias: &Bias, seat: Option<&Seat>, random: &mut Random) -> bool {
        self.lock.lock_with(bias, || seat);
        // SAFETY: the lock is held. Volatile, so that another one inside can come in between.
        unsafe {
            let begun = self.begun.get().read_volatile();
            let done = self.done.get().read_volatile();
            self.begun.get().write_volatile(begun + 1);
            random.pause(4);
            let still = self.done.get().read_volatile();
            self.done.get().write_volatile(done + 1);
            self.lock.unlock();
            begun == done && done == still
        }
    }
}

/// Two workers that want to own the bias, and two threads that do not. Each is alone in a lock, and
/// no section is lost.
#[test]
#[cfg_attr(any(miri, not(target_os = "linux")), ignore = "there is no barrier")]
fn everybody_is_alone_in_a_lock() {
    let end = Instant::now() + time();
    assert!(crate::sys::barrier::prepare(), "this kernel has no barrier");
    let bias = Bias::new();
    let places: [Place; PLACES] = Default::default();
    let (owners, breaches) = (AtomicU64::new(0), AtomicU64::new(0));
    let section = |seat: Option<&Seat>, random: &mut Random| {
        let place = &places[random.below(PLACES as u64) as usize];
        if !place.section(&bias, seat, random) {
            breaches.fetch_add(1, Ordering::Relaxed);
        }
    };
    let worker = |mut random: Random| {
        let seat: &'static Seat = Box::leak(Box::new(Seat::new()));
        let mut sections = 0;
        while Instant::now() < end {
            if bias.begin(seat) {
                owners.fetch_add(1, Ordering::Relaxed);
            }
            for _ in 0..random.below(60) {
                section(Some(seat), &mut random);
                sections += 1;
            }
            match random.below(8) {
                0 => bias.release(seat),
                1 => bias.revoke_others(|| Some(seat)),
                _ => {}
            }
            random.pause(40);
        }
        bias.release(seat);
        sections
    };
    let other = |mut random: Random| {
        let mut sections = 0;
        while Instant::now() < end {
            section(None, &mut random);
            sections += 1;
            random.pause(400);
        }
        sections
    };
    let sections: u64 = std::thread::scope(|scope| {
        let workers = [1, 2].map(|seed| scope.spawn(move || worker(Random(seed))));
        let others = [3, 4].map(|seed| scope.spawn(move || other(Random(seed))));
        let joined = workers.into_iter().chain(others);
        joined.map(|thread| thread.join().unwrap()).sum()
    });
    // SAFETY: everybody has ended.
    let made: u64 = places.iter().map(|place| unsafe { *place.done.get() }).sum();
    let (owners, breaches) = (owners.into_inner(), breaches.into_inner());
    println!("{sections} sections, {owners} times owned");
    assert_eq!((breaches, made), (0, sections), "somebody was not alone");
    assert!(owners > 0, "nobody ever owned it");
}

/// The bias owner's *push, look at who sleeps*, against *lie down, look at what was pushed*: one of
/// the two sees the other.
#[test]
#[cfg_attr(any(miri, not(target_os = "linux")), ignore = "there is no barrier")]
fn no_wake_up_is_lost() {
    let end = Instant::now() + time();
    assert!(crate::sys::barrier::prepare(), "this kernel has no barrier");
    let bias = Bias::new();
    let (pushed, asleep) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (seen_by_sleeper, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Both sides meet before each round and after it.
    let (arrived, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let meet = |round: &mut usize| {
        *round += 2;
        arrived.fetch_add(1, Ordering::AcqRel);
        crate::lock::spin_until(|| arrived.load(Ordering::Acquire) >= *round);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let seat: &'static Seat = Box::leak(Box::new(Seat::new()));
            let (mut random, mut meetings, mut round) = (Random(1), 0, 0);
            while !over.load(Ordering::Relaxed) {
                round += 1;
                bias.begin(seat);
                meet(&mut meetings);
                random.pause(100);
                pushed.store(round, Ordering::Release);
                bias.publish_fence(seat);
                let seen = asleep.load(Ordering::SeqCst) == round;
                meet(&mut meetings);
                if !seen && seen_by_sleeper.load(Ordering::Relaxed) != round {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
                meet(&mut meetings);
            }
        });
        scope.spawn(|| {
            let (mut random, mut meetings, mut round) = (Random(2), 0, 0);
            while !over.load(Ordering::Relaxed) {
                round += 1;
                meet(&mut meetings);
                random.pause(100);
                asleep.swap(round, Ordering::SeqCst);
                bias.heavy_fence();
                seen_by_sleeper.store(pushed.load(Ordering::Relaxed), Ordering::Relaxed);
                meet(&mut meetings);
                if Instant::now() >= end {
                    over.store(true, Ordering::Relaxed);
                }
                meet(&mut meetings);
            }
        });
        scope.spawn(|| {
            let mut random = Random(3);
            while Instant::now() < end {
                random.pause(2000);
                bias.revoke();
            }
        });
    });
    println!("{} rounds", pushed.into_inner());
    assert_eq!(lost.into_inner(), 0, "wake-ups are lost");
}
