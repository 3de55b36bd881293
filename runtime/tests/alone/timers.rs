//! Timers: somebody always watches them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::CallTimer;

use crate::{Case, case};

pub(crate) const CASES: &[Case] = &[
    case("the_first_thing_is_a_timer", &[("GOMAXPROCS", "2")], first_use),
    case(
        "an_idle_worker_watches_the_timers_of_busy_ones",
        &[("GOMAXPROCS", "3")],
        hand_over,
    ),
    case("a_vacant_watch_is_taken_up", &[("GOMAXPROCS", "3")], vacant),
    case("armings_and_calls_add_up", &[("GOMAXPROCS", "4")], armed_by_many),
];

fn spin(length: Duration) {
    let start = Instant::now();
    while start.elapsed() < length {
        std::hint::spin_loop();
    }
}

/// A plain thread arms a timer before anything else: the worker it wakes must be counted.
fn first_use() {
    let fired = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&fired);
    let timer = CallTimer::new(move || {
        seen.fetch_add(1, Ordering::SeqCst);
    });
    timer.start(Instant::now() + Duration::from_millis(5));
    let start = Instant::now();
    while fired.load(Ordering::SeqCst) == 0 {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "the timer does not fire"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(50));
    for _ in 0..100 {
        rt::run(|| rt::go(|| 1).join().unwrap());
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// How late a timer comes that lies with a busy worker, in milliseconds, after `before` has set the scene.
fn lateness(before: fn()) -> u64 {
    rt::run(move || {
        // The others fall asleep meanwhile.
        spin(Duration::from_millis(20));
        before();
        let late = Arc::new(AtomicU64::new(u64::MAX));
        let note = Arc::clone(&late);
        let due = Instant::now() + Duration::from_millis(60);
        let timer = CallTimer::new(move || {
            let _ = note.compare_exchange(
                u64::MAX,
                due.elapsed().as_millis() as u64,
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
        });
        timer.start(due);
        spin(Duration::from_millis(500));
        rt::gosched();
        while late.load(Ordering::SeqCst) == u64::MAX {
            rt::gosched();
        }
        late.load(Ordering::SeqCst)
    })
}

/// The worker that watches the clock gets a long run; a third one sleeps and has to take over.
fn hand_over() {
    let late = lateness(|| {
        let first = CallTimer::new(|| drop(rt::go(|| spin(Duration::from_millis(400)))));
        first.start(Instant::now() + Duration::from_millis(10));
    });
    assert!(late < 300, "{late} ms late");
}

/// As above, but there is no timer yet when the watch falls vacant.
fn vacant() {
    let late = lateness(|| {
        let first = CallTimer::new(|| drop(rt::go(|| spin(Duration::from_millis(600)))));
        first.start(Instant::now() + Duration::from_millis(10));
        spin(Duration::from_millis(30));
    });
    assert!(late < 300, "{late} ms late");
}

/// Armed, armed anew and stopped by several workers at once: every arming ends in one call, or in one `true`.
fn armed_by_many() {
    let (runs, armed, undone) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let [runs, armed, undone] = [runs, armed, undone].map(Arc::new);
    rt::run(|| {
        for _ in 0..300 {
            let count = Arc::clone(&runs);
            let timer = CallTimer::new(move || {
                count.fetch_add(1, Ordering::SeqCst);
            });
            rt::scope(|s| {
                for _ in 0..8 {
                    let (timer, armed, undone) = (Arc::clone(&timer), &armed, &undone);
                    s.spawn(move || {
                        for wait in 0..4 {
                            let was_armed = timer.start(Instant::now() + Duration::from_micros(wait * 10));
                            armed.fetch_add(1, Ordering::SeqCst);
                            undone.fetch_add(usize::from(was_armed), Ordering::SeqCst);
                            rt::gosched();
                        }
                        undone.fetch_add(usize::from(timer.stop()), Ordering::SeqCst);
                    });
                }
            });
        }
        let limit = Instant::now() + Duration::from_secs(10);
        let open = || armed.load(Ordering::SeqCst) - undone.load(Ordering::SeqCst);
        while runs.load(Ordering::SeqCst) < open() && Instant::now() < limit {
            rt::sleep_until(Instant::now() + Duration::from_millis(1));
        }
        assert_eq!(
            runs.load(Ordering::SeqCst),
            open(),
            "runs, against armings that were not undone"
        );
    });
}
