//! Timers: somebody always watches them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

fn spin_until(done: &AtomicBool) {
    while !done.load(Ordering::SeqCst) {
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
            start.elapsed() < Duration::from_secs(120),
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

/// A timer that lies with a worker which computes until it has fired, after `before` has set the
/// scene. It gets what to wait for.
fn fires_beside(before: fn(&Arc<AtomicBool>)) {
    rt::run(move || {
        // The others fall asleep meanwhile.
        spin(Duration::from_millis(20));
        let fired = Arc::new(AtomicBool::new(false));
        before(&fired);
        let note = Arc::clone(&fired);
        let timer = CallTimer::new(move || note.store(true, Ordering::SeqCst));
        timer.start(Instant::now() + Duration::from_millis(60));
        spin_until(&fired);
    });
}

/// In 10 ms a worker gets a run that lasts until `fired`: the one that watches the clock, most
/// likely.
fn long_run(fired: &Arc<AtomicBool>) {
    let fired = Arc::clone(fired);
    let first = CallTimer::new(move || {
        let fired = Arc::clone(&fired);
        drop(rt::go(move || spin_until(&fired)));
    });
    first.start(Instant::now() + Duration::from_millis(10));
}

/// The worker that watches the clock gets a long run; a third one sleeps and has to take over.
fn hand_over() {
    fires_beside(long_run);
}

/// As above, but there is no timer yet when the watch falls vacant.
fn vacant() {
    fires_beside(|fired| {
        long_run(fired);
        spin(Duration::from_millis(30));
    });
}

/// Armed, armed anew and stopped by several workers at once: every arming ends in one call, or in
/// one `true`.
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
        let limit = Instant::now() + Duration::from_secs(120);
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
