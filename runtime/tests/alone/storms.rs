//! After long runs, of every kind and in any number, as many workers run as GOMAXPROCS says, the
//! others' threads end, and the question whether anybody can run again is still asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;

use crate::{Case, case};

const ONE: &[(&str, &str)] = &[("GOMAXPROCS", "1"), ("GORT_MIGRATION", "stealing")];
const TWO: &[(&str, &str)] = &[("GOMAXPROCS", "2"), ("GORT_MIGRATION", "stealing")];

pub(crate) const CASES: &[Case] = &[
    case(
        "a_short_run_after_a_long_sleep_is_short",
        ONE,
        short_run_after_sleep,
    ),
    case("gomaxprocs_holds_after_a_storm", TWO, storm),
    case("an_idle_stand_in_leaves", ONE, idle_stand_in_leaves),
    Case {
        code: 2,
        stderr: "all goroutines are asleep",
        ..case(
            "a_stand_in_that_leaves_hands_its_question_on",
            ONE,
            question_goes_on,
        )
    },
    case("what_the_monitor_calls_can_wake_others", ONE, monitor_wakes),
];

fn after(millis: u64) -> Instant {
    Instant::now() + Duration::from_millis(millis)
}

fn spin_for(length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {
        std::hint::spin_loop();
    }
}

fn spin_until(done: impl Fn() -> bool) {
    while !done() {
        std::hint::spin_loop();
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// The monitor slept as long as the worker; it must not take the sleep for a part of the run.
fn short_run_after_sleep() {
    rt::run(|| {
        let (mut judged, mut overtaken) = (0, 0);
        for _ in 0..20 {
            let due = after(30);
            rt::sleep_until(due);
            let other = rt::go(Instant::now);
            spin_for(Duration::from_millis(3));
            let end = Instant::now();
            rt::gosched();
            let ran = other.join().unwrap();
            // On a busy machine even this is a long run. It began when it was due, or later.
            if end - due < Duration::from_millis(8) {
                judged += 1;
                overtaken += usize::from(ran < end);
            }
        }
        assert!(
            judged < 5 || overtaken == 0,
            "{overtaken} of {judged} goroutines ran beside the only worker's"
        );
    });
}

/// How many of many short runs were under way at once; `None` if the machine was too busy to tell.
fn width() -> Option<usize> {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let runs: Vec<_> = (0..24)
        .map(|_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            rt::go(move || {
                let start = Instant::now();
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Others get the CPU meanwhile: there may be more workers than CPUs.
                while start.elapsed() < Duration::from_millis(2) {
                    std::thread::yield_now();
                }
                now.fetch_sub(1, Ordering::SeqCst);
                start.elapsed()
            })
        })
        .collect();
    let longest = runs.into_iter().map(|run| run.join().unwrap()).max()?;
    (longest < Duration::from_millis(8)).then(|| most.load(Ordering::SeqCst))
}

fn storm() {
    rt::run(|| {
        for round in 0..6_u64 {
            let long: Vec<_> = (0..120_u64)
                .map(|i| {
                    rt::go(move || match (i + round) % 4 {
                        0 => std::thread::sleep(Duration::from_micros(50 + 37 * i)),
                        1 => spin_for(Duration::from_micros(10 * i)),
                        2 => rt::sleep_until(Instant::now() + Duration::from_micros(100 * i)),
                        _ if i % 40 == 3 => drop(rt::set_max_procs(1 + i as usize % 5)),
                        _ => rt::gosched(),
                    })
                })
                .collect();
            long.into_iter().for_each(|one| one.join().unwrap());
            for procs in [2, 3] {
                rt::set_max_procs(procs);
                rt::sleep_until(after(30));
                // A machine that is busy lets a worker miss some, or makes a stand-in of another
                // one: not every time.
                let mut others = Vec::new();
                while others.len() < 50 {
                    match width() {
                        Some(most) if most == procs => break,
                        other => others.push(other),
                    }
                }
                assert!(
                    others.len() < 50 || others.iter().flatten().count() < 10,
                    "round {round}: {others:?} at once with GOMAXPROCS={procs}"
                );
            }
        }
    });
}

/// It was never above the limit while it was awake.
fn idle_stand_in_leaves() {
    rt::run(|| {
        let told = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&told);
        drop(rt::go(move || note.store(true, Ordering::SeqCst)));
        spin_until(|| told.load(Ordering::SeqCst));
        // The stand-in goes to sleep while this run still lasts.
        spin_for(Duration::from_millis(100));
        assert!(threads() >= 4, "this thread, the monitor, and two workers");
    });
    let start = Instant::now();
    while threads() > 3 {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "{} threads are left",
            threads()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The last worker that goes to sleep is a stand-in. It cannot tell whether the thread that is not
/// ours would wake anybody, so it asks again from time to time; but its thread ends first.
fn question_goes_on() {
    drop(std::thread::spawn(|| std::thread::sleep(Duration::from_secs(7))));
    rt::run(|| {
        let never = Arc::new(rt::Sema::new(0));
        let theirs = Arc::clone(&never);
        let started = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&started);
        drop(rt::go(move || {
            note.store(true, Ordering::SeqCst);
            spin_for(Duration::from_millis(100));
            theirs.acquire(rt::WaitReason::SemaphoreAcquire, rt::SemaPlace::Back);
        }));
        spin_until(|| started.load(Ordering::SeqCst));
        never.acquire(rt::WaitReason::SemaphoreAcquire, rt::SemaPlace::Back);
    });
}

/// Everybody is asleep while the monitor still makes a call that will wake somebody.
fn monitor_wakes() {
    rt::run(|| {
        let (gate, begun) = (Arc::new(rt::Sema::new(0)), Arc::new(AtomicBool::new(false)));
        let (there, note) = (Arc::clone(&gate), Arc::clone(&begun));
        let timer = rt::CallTimer::new(move || {
            note.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            there.release();
        });
        timer.start(after(5));
        spin_until(|| begun.load(Ordering::SeqCst));
        gate.acquire(rt::WaitReason::SemaphoreAcquire, rt::SemaPlace::Back);
    });
}
