//! Seeded stress of each primitive, at 1, 2, 4 and 8 workers and in each migration mode, each in a
//! process of its own.
//!
//! `GORT_SEED` replays the choices of a run (not its timing), `GORT_STRESS_SECS` sets how long each
//! primitive runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::{
    Barrier, Cond, Map, Mutex, Once, OnceCell, OnceValue, Pool, RwLock, RwLockWriteGuard, Semaphore,
    SingleFlight, WaitGroup,
};

use crate::support::seed::{Rng, seed};
use crate::support::stress::in_every_mode;

const GOROUTINES: u64 = 8;

/// Runs `step` in many goroutines for `time`; gives the sum of what it gave.
fn hammer<S: Send + Sync + 'static>(
    time: Duration,
    rng: &Rng,
    shared: &Arc<S>,
    step: impl Fn(&S, &mut Rng) -> i64 + Clone + Send + 'static,
) -> i64 {
    let end = Instant::now() + time;
    let all: Vec<_> = (0..GOROUTINES)
        .map(|i| {
            let (shared, step, mut rng) = (shared.clone(), step.clone(), rng.fork(i));
            go!({
                let mut sum = 0;
                while Instant::now() < end {
                    sum += step(&shared, &mut rng);
                    if rng.below(16) == 0 {
                        gosched();
                    }
                }
                sum
            })
        })
        .collect();
    all.into_iter().map(|one| one.join().unwrap()).sum()
}

/// Now and then lets others run, or sleeps, in the middle of something.
fn dawdle(rng: &mut Rng) {
    match rng.below(64) {
        0..4 => gosched(),
        4 => gort::time::sleep(micros(rng)),
        _ => {}
    }
}

fn micros(rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.below(60) as u64)
}

fn mutex(time: Duration, rng: &Rng) {
    let m = Arc::new(Mutex::new(0));
    let count = hammer(time, rng, &m, |m, rng| {
        let guard = match rng.below(6) {
            0 => m.try_lock(),
            1 | 2 => m.lock_timeout(micros(rng)),
            3 => m.lock_or(&gort::time::after(micros(rng))),
            _ => Some(m.lock()),
        };
        let Some(mut n) = guard else { return 0 };
        let before = *n;
        dawdle(rng);
        *n = before + 1;
        1
    });
    assert_eq!(*m.try_lock().expect("free"), count);
}

fn rwlock(time: Duration, rng: &Rng) {
    let lock = Arc::new(RwLock::new((0, 0)));
    let count = hammer(time, rng, &lock, |lock, rng| {
        let kind = rng.below(12);
        if kind < 7 {
            let guard = match kind {
                0 => lock.try_read(),
                1 | 2 => lock.read_timeout(micros(rng)),
                3 => lock.read_or(&gort::time::after(micros(rng))),
                _ => Some(lock.read()),
            };
            if let Some(pair) = guard {
                let one = pair.0;
                dawdle(rng);
                assert_eq!(pair.1, one, "a writer beside a reader");
            }
            return 0;
        }
        let guard = match kind {
            7 => lock.try_write(),
            8 => lock.write_timeout(micros(rng)),
            9 => lock.write_or(&gort::time::after(micros(rng))),
            _ => Some(lock.write()),
        };
        let Some(mut pair) = guard else { return 0 };
        pair.0 += 1;
        dawdle(rng);
        pair.1 += 1;
        if rng.below(3) == 0 {
            let pair = RwLockWriteGuard::downgrade(pair);
            let one = pair.0;
            dawdle(rng);
            assert_eq!(*pair, (one, one));
        }
        1
    });
    assert_eq!(*lock.try_write().expect("free"), (count, count));
}

/// A bounded queue whose users wait with and without limits.
fn cond(time: Duration, rng: &Rng) {
    #[derive(Default)]
    struct Bounded {
        items: Mutex<VecDeque<i64>>,
        not_full: Cond,
        not_empty: Cond,
    }
    let q = Arc::new(Bounded::default());
    let left = hammer(time, rng, &q, |q, rng| {
        let limit = Duration::from_millis(1) + micros(rng);
        let mut items = q.items.lock();
        if rng.below(2) == 0 {
            if !q
                .not_full
                .wait_timeout_while(&mut items, limit, |items| items.len() >= 3)
            {
                return 0;
            }
            let item = rng.below(1000) as i64;
            items.push_back(item);
            q.not_empty.notify_one();
            item
        } else {
            let done = gort::time::after(limit);
            while items.is_empty() {
                if !q.not_empty.wait_or(&mut items, &done) {
                    return 0;
                }
            }
            let item = items.pop_front().expect("not empty");
            if rng.below(2) == 0 {
                drop(items);
            }
            q.not_full.notify_one();
            -item
        }
    });
    assert_eq!(q.items.try_lock().expect("free").iter().sum::<i64>(), left);
}

fn semaphore(time: Duration, rng: &Rng) {
    const SIZE: usize = 5;
    let shared = Arc::new((Semaphore::new(SIZE), AtomicUsize::new(0)));
    hammer(time, rng, &shared, |(sem, taken), rng| {
        let n = rng.below(SIZE + 1);
        let got = match rng.below(5) {
            0 => sem.try_acquire(n),
            1 => sem.acquire_timeout(n, micros(rng)),
            2 => sem.acquire_or(n, &gort::time::after(micros(rng))),
            _ => {
                sem.acquire(n);
                true
            }
        };
        if got {
            assert!(
                taken.fetch_add(n, Relaxed) + n <= SIZE,
                "more taken than there is"
            );
            dawdle(rng);
            taken.fetch_sub(n, Relaxed);
            sem.release(n);
        }
        0
    });
    assert!(shared.0.try_acquire(SIZE), "permits lost");
}

fn waitgroup(time: Duration, rng: &Rng) {
    hammer(time, rng, &Arc::new(()), |(), rng| {
        let (wg, n) = (WaitGroup::new(), Arc::new(AtomicU64::new(0)));
        let mut workers = 0;
        for round in 0..3 {
            for _ in 0..rng.below(4) {
                let (n, mut rng) = (n.clone(), rng.fork(round));
                workers += 1;
                wg.go(move || {
                    dawdle(&mut rng);
                    n.fetch_add(1, Relaxed);
                });
            }
            let in_time = match rng.below(6) {
                0 => wg.wait_timeout(micros(rng)),
                1 => wg.wait_or(&gort::time::after(micros(rng))),
                _ => true,
            };
            if !in_time {
                dawdle(rng);
            }
            wg.wait();
            assert_eq!(n.load(Relaxed), workers, "a waiter came too early");
        }
        0
    });
}

fn once(time: Duration, rng: &Rng) {
    struct Slot {
        once: Once,
        cell: OnceCell<u64>,
        runs: AtomicU64,
    }
    let slots: Arc<Vec<_>> = Arc::new(
        (0..4096)
            .map(|_| Slot {
                once: Once::new(),
                cell: OnceCell::new(),
                runs: AtomicU64::new(0),
            })
            .collect(),
    );
    let next = Arc::new((slots, AtomicUsize::new(0)));
    hammer(time, rng, &next, |(slots, next), rng| {
        let at = next.fetch_add(1, Relaxed) / GOROUTINES as usize % slots.len();
        let slot = &slots[at];
        slot.once.call_once(|| {
            dawdle(rng);
            slot.runs.fetch_add(1, Relaxed);
        });
        let value = *slot.cell.get_or_init(|| {
            dawdle(rng);
            slot.runs.fetch_add(1, Relaxed)
        });
        assert_eq!(value, 1);
        assert_eq!(slot.runs.load(Relaxed), 2, "it ran twice, or is not over");
        0
    });
}

/// Values of which every third panics instead: all who ask for it get the same end.
fn once_value(time: Duration, rng: &Rng) {
    let runs = Arc::new(AtomicUsize::new(0));
    let make = |i: usize| {
        let runs = runs.clone();
        OnceValue::new(move || {
            gosched();
            runs.fetch_add(1, Relaxed);
            assert!(!i.is_multiple_of(3), "planned");
            i
        })
    };
    let values: Vec<_> = (0..4096).map(make).collect();
    let shared = Arc::new((values, AtomicUsize::new(0)));
    hammer(time, rng, &shared, |(values, next), rng| {
        let at = next.fetch_add(1, Relaxed) / GOROUTINES as usize % values.len();
        dawdle(rng);
        match gort::recover(|| *values[at].get()) {
            Ok(value) => assert!(value == at && !at.is_multiple_of(3)),
            Err(panic) => assert!(at.is_multiple_of(3) && panic.message() == "planned"),
        }
        0
    });
    let asked = shared.1.load(Relaxed).div_ceil(GOROUTINES as usize).min(4096);
    assert_eq!(runs.load(Relaxed), asked, "not once each");
}

/// Every value is in one place at a time, and dropped once.
fn pool(time: Duration, rng: &Rng) {
    struct Token(AtomicBool, Arc<AtomicI64>);
    impl Drop for Token {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Relaxed);
        }
    }
    let alive = Arc::new(AtomicI64::new(0));
    let count = alive.clone();
    let pool = Arc::new(Pool::new(move || {
        count.fetch_add(1, Relaxed);
        Token(AtomicBool::new(false), count.clone())
    }));
    hammer(time, rng, &pool, |pool, rng| {
        let tokens: Vec<_> = (0..rng.below(200)).map(|_| pool.get()).collect();
        for token in &tokens {
            assert!(!token.0.swap(true, Relaxed), "in two hands");
        }
        dawdle(rng);
        for token in tokens {
            token.0.store(false, Relaxed);
            if rng.below(8) != 0 {
                pool.put(token);
            }
        }
        if rng.below(100) == 0 {
            pool.clear();
        }
        0
    });
    pool.clear();
    assert_eq!(
        alive.load(Relaxed),
        0,
        "forgotten (or dropped twice, if negative)"
    );
}

fn map(time: Duration, rng: &Rng) {
    let m = Arc::new(Map::<usize, i64>::new());
    let sum = hammer(time, rng, &m, |m, rng| {
        let key = rng.below(10);
        match rng.below(5) {
            0 => -m.load_and_delete(&key).unwrap_or(0),
            1 => 5 - m.swap(key, 5).unwrap_or(0),
            2 => {
                let (_, loaded) = m.load_or_store(key, 3);
                if loaded { 0 } else { 3 }
            }
            3 => m
                .load(&key)
                .map_or(0, |old| if m.compare_and_delete(&key, &old) { -old } else { 0 }),
            _ => m
                .load(&key)
                .map_or(0, |old| i64::from(m.compare_and_swap(&key, &old, old + 1))),
        }
    });
    let mut left = 0;
    m.range(|_, value| {
        left += value;
        true
    });
    assert_eq!(left, sum);
}

fn singleflight(time: Duration, rng: &Rng) {
    let shared = Arc::new((
        SingleFlight::<usize, usize>::new(),
        [const { AtomicI64::new(0) }; 4],
        AtomicBool::new(false),
    ));
    hammer(time, rng, &shared, |(flights, running, forgets), rng| {
        let key = rng.below(running.len());
        if rng.below(50) == 0 {
            forgets.store(true, Relaxed);
            flights.forget(&key);
        }
        let mut inner = rng.fork(key as u64);
        if rng.below(4) == 0 {
            let result = flights.do_chan(key, move || {
                dawdle(&mut inner);
                key * 7
            });
            assert_eq!(chan!(<-result).expect("a result").0, key * 7);
        } else if rng.below(8) == 0 {
            let result = gort::recover(|| flights.do_(key + 100, || panic!("planned")));
            assert_eq!(result.unwrap_err().message(), "planned");
        } else {
            let (value, _) = flights.do_(key, || {
                let others = running[key].fetch_add(1, Relaxed);
                assert!(others == 0 || forgets.load(Relaxed), "two at once");
                dawdle(&mut inner);
                running[key].fetch_sub(1, Relaxed);
                key * 7
            });
            assert_eq!(value, key * 7);
        }
        0
    });
}

fn barrier(time: Duration, rng: &Rng) {
    let rounds = 20 + (time.as_millis() * 4) as usize;
    let shared = Arc::new((Barrier::new(GOROUTINES as usize), AtomicUsize::new(0)));
    let all: Vec<_> = (0..GOROUTINES)
        .map(|i| {
            let mut rng = rng.fork(i);
            go!([shared] {
                for round in 0..rounds {
                    dawdle(&mut rng);
                    shared.1.fetch_add(1, Relaxed);
                    shared.0.wait();
                    let come = shared.1.load(Relaxed);
                    let size = GOROUTINES as usize;
                    assert!((size * (round + 1)..size * (round + 2)).contains(&come), "{come} in round {round}");
                }
            })
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
}

type Stress = fn(Duration, &Rng);
const ALL: [(&str, Stress); 11] = [
    ("mutex", mutex),
    ("rwlock", rwlock),
    ("cond", cond),
    ("semaphore", semaphore),
    ("waitgroup", waitgroup),
    ("once", once),
    ("once_value", once_value),
    ("pool", pool),
    ("map", map),
    ("singleflight", singleflight),
    ("barrier", barrier),
];

fn seconds() -> f64 {
    crate::support::stress::seconds(0.06)
}

/// In the child: every primitive in turn.
fn stress(seconds: f64) {
    let (rng, time) = (Rng::new(seed()), Duration::from_secs_f64(seconds));
    for (name, stress) in ALL {
        eprintln!("{name}");
        gort::run(|| stress(time, &rng.fork(name.len() as u64)));
    }
}

in_every_mode!(stress(seconds()), patience = 60.0 + 20.0 * seconds());
