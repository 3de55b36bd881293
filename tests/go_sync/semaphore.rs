//! Port of golang.org/x/sync/semaphore's semaphore_test.go: TestWeighted, TestWeightedPanic,
//! TestWeightedTryAcquire, TestWeightedAcquire, TestWeightedDoesntBlockIfTooBig,
//! TestLargeAcquireDoesntStarve, TestAllocCancelDoesntStarve, TestWeightedAcquireCanceled (GS-85,
//! GS-153). Where Go has a context, here is a timeout or a channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gort::prelude::*;
use gort::runtime::{gosched, max_procs};
use gort::sync::Semaphore;

use crate::support::seed::{Rng, seed};
use crate::support::{panic_message, rounds};

const MOMENT: Duration = Duration::from_millis(1);

#[gort::test]
fn weighted() {
    let n = max_procs().max(4);
    let loops = rounds(10_000) / n;
    let sem = Arc::new(Semaphore::new(n));
    let rng = Rng::new(seed());
    let all: Vec<_> = (0..n)
        .map(|i| {
            let mut rng = rng.fork(i as u64);
            go!([sem] {
                for _ in 0..loops {
                    sem.acquire(i);
                    if rng.below(20) == 0 {
                        gort::time::sleep(Duration::from_micros(rng.below(50) as u64));
                    }
                    sem.release(i);
                }
            })
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
    assert_eq!(sem.available(), n);
}

#[gort::test]
fn panics() {
    let sem = Semaphore::new(1);
    let message = "semaphore: released more than held";
    assert_eq!(panic_message(|| sem.release(1)), message);
    sem.acquire(1);
    assert_eq!(panic_message(|| sem.release(2)), message);
    assert_eq!(sem.available(), 0);
}

#[gort::test]
fn try_acquire() {
    let sem = Semaphore::new(2);
    sem.acquire(1);
    let mut tries = vec![sem.try_acquire(1), sem.try_acquire(1)];
    sem.release(2);
    tries.push(sem.try_acquire(1));
    sem.acquire(1);
    tries.push(sem.try_acquire(1));
    assert_eq!(tries, [true, false, true, false]);
}

#[gort::test]
fn acquire() {
    let sem = Semaphore::new(2);
    let try_for_a_moment = |n| sem.acquire_timeout(n, 10 * MOMENT);
    sem.acquire(1);
    let mut tries = vec![try_for_a_moment(1), try_for_a_moment(1)];
    sem.release(2);
    tries.push(try_for_a_moment(1));
    sem.acquire(1);
    tries.push(try_for_a_moment(1));
    assert_eq!(tries, [true, false, true, false]);
}

/// One that asks for more than there is waits for ever, and holds up nobody.
#[gort::test]
fn too_big_does_not_block() {
    const N: usize = 2;
    let sem = Arc::new(Semaphore::new(N));
    let never = chan!(());
    let big = go!([sem, never] { sem.acquire_or(N + 1, &never) });
    let others: Vec<_> = (0..N * 3)
        .map(|_| {
            go!([sem] {
                sem.acquire(1);
                gort::time::sleep(MOMENT);
                sem.release(1);
            })
        })
        .collect();
    others.into_iter().for_each(|other| other.join().unwrap());
    assert!(!big.is_finished());
    never.close();
    assert!(!big.join().unwrap());
    assert_eq!(sem.available(), N);
}

/// Many small ones that come and go do not starve a large one.
#[gort::test]
fn large_acquire_does_not_starve() {
    let n = max_procs().max(2);
    let sem = Arc::new(Semaphore::new(n));
    let running = Arc::new(AtomicBool::new(true));
    sem.acquire(n);
    let small: Vec<_> = (0..n)
        .map(|_| {
            go!([sem, running] {
                sem.acquire(1);
                while running.load(Ordering::Relaxed) {
                    gort::time::sleep(MOMENT);
                    sem.release(1);
                    sem.acquire(1);
                }
                sem.release(1);
            })
        })
        .collect();
    sem.release(n);
    sem.acquire(n);
    running.store(false, Ordering::Relaxed);
    sem.release(n);
    small.into_iter().for_each(|one| one.join().unwrap());
}

/// A large one at the head of the line is cancelled: the small one behind it goes on.
#[gort::test]
fn cancelling_lets_those_behind_go_on() {
    let sem = Arc::new(Semaphore::new(10));
    // With one taken, a request for all has to wait.
    sem.acquire(1);
    let cancel = chan!(());
    let large = go!([sem, cancel] { sem.acquire_or(10, &cancel) });
    // As long as it is not in line, this takes one and gives it back.
    while sem.try_acquire(1) {
        sem.release(1);
        gosched();
    }
    let small = go!([sem] { sem.acquire(1) });
    gosched();
    assert!(!small.is_finished(), "a small one overtook the large one");
    cancel.close();
    assert!(!large.join().unwrap());
    small.join().unwrap();
    assert_eq!(sem.available(), 8);
}

/// A cancelled one takes nothing, whatever is released at the same time
/// (TestWeightedAcquireCanceled).
#[gort::test]
fn cancelled_while_released() {
    for _ in 0..rounds(1000) {
        let sem = Arc::new(Semaphore::new(2));
        sem.acquire(2);
        let cancel = chan!(());
        let waiting = go!([sem, cancel] { sem.acquire_or(1, &cancel) });
        let releasing = go!([sem] { sem.release(2) });
        cancel.close();
        let got = waiting.join().unwrap();
        releasing.join().unwrap();
        assert_eq!(sem.available(), if got { 1 } else { 2 });
    }
}

#[gort::test]
fn permits_are_given_back() {
    let sem = Semaphore::new(3);
    let permit = sem.permit(2);
    assert_eq!((permit.count(), sem.available()), (2, 1));
    assert!(sem.try_permit(2).is_none());
    assert_eq!(
        sem.available(),
        1,
        "a permit that was not taken is not given back"
    );
    let message = panic_message(|| {
        let _one = sem.try_permit(1).expect("one is free");
        panic!("holding one");
    });
    assert_eq!((message.as_str(), sem.available()), ("holding one", 1));
    permit.forget();
    assert_eq!(sem.available(), 1);
    sem.release(2);
}
