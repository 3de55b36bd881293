//! Changing GOMAXPROCS: no worker gets lost, and none is started for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gort_runtime as rt;

use crate::{Case, case};

pub(crate) const CASES: &[Case] = &[
    case(
        "growing_again_loses_no_worker",
        &[("GOMAXPROCS", "4")],
        growing_again,
    ),
    case("shrinking_starts_no_threads", &[("GOMAXPROCS", "2")], shrinking),
];

/// `n` goroutines that end only once all of them run at the same time.
fn all_at_once(n: usize) {
    let here = Arc::new(AtomicUsize::new(0));
    let limit = Instant::now() + Duration::from_secs(120);
    let handles: Vec<_> = (0..n)
        .map(|_| {
            let here = Arc::clone(&here);
            rt::go(move || {
                here.fetch_add(1, Ordering::SeqCst);
                while here.load(Ordering::SeqCst) < n {
                    assert!(
                        Instant::now() < limit,
                        "only {} of {n} workers run",
                        here.load(Ordering::SeqCst)
                    );
                    std::thread::yield_now();
                }
            })
        })
        .collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
}

fn growing_again() {
    all_at_once(4);
    for round in 0..200 {
        // Workers are on their way to sleep at all sorts of places when the number changes.
        let handles: Vec<_> = (0..8).map(|_| rt::go(rt::gosched)).collect();
        for _ in 0..20 {
            rt::set_max_procs(1);
            (0..round % 37 * 10).for_each(|_| std::hint::spin_loop());
            rt::set_max_procs(4);
        }
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        all_at_once(4);
    }
}

fn shrinking() {
    rt::run(|| ());
    rt::set_max_procs(500);
    rt::set_max_procs(2);
    rt::set_max_procs(500);
    rt::run(|| std::thread::sleep(Duration::from_millis(50)));
    let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
    assert!(threads < 20, "{threads} threads");
}
