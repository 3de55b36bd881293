//! Goroutines start, wait, end, and give their results back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use gort_runtime as rt;
use rt::{JoinError, Spawn, go, run};

#[test]
fn run_gives_the_result_and_may_borrow() {
    let words = ["a", "b"];
    let joined = run(|| words.concat());
    assert_eq!(joined, "ab");
}

#[test]
fn results_of_every_size_come_back() {
    run(|| {
        assert_eq!(go(|| ()).join().unwrap(), ());
        assert_eq!(go(|| [7_u64; 100]).join().unwrap(), [7; 100]);
        let big = [3_u8; 1000];
        assert_eq!(go(move || big.len()).join().unwrap(), 1000);
        let text = String::from("owned");
        assert_eq!(go(move || text).join().unwrap(), "owned");
    });
}

#[test]
fn many_goroutines_all_run_once() {
    run(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..10_000)
            .map(|i| {
                let count = Arc::clone(&count);
                go(move || {
                    count.fetch_add(1, Ordering::Relaxed);
                    if i % 3 == 0 {
                        rt::gosched();
                    }
                    i
                })
            })
            .collect();
        let sum: usize = handles.into_iter().map(|handle| handle.join().unwrap()).sum();
        assert_eq!(count.load(Ordering::Relaxed), 10_000);
        assert_eq!(sum, 10_000 * 9_999 / 2);
    });
}

#[test]
fn a_panic_is_a_value_for_who_joins() {
    run(|| {
        let error = go(|| panic!("number {}", 7)).join().unwrap_err();
        assert!(error.is_panic());
        let panic = error.into_panic().unwrap();
        assert_eq!(panic.message(), "number 7");
        assert!(panic.location().unwrap().contains("basics.rs"), "{panic:?}");
    });
}

#[test]
fn goexit_runs_destructors_and_passes_recover() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    run(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let guard = Count(Arc::clone(&dropped));
        let handle = go(move || {
            let _guard = guard;
            let _ = rt::recover(|| rt::goexit());
        });
        assert!(matches!(handle.join(), Err(JoinError::Goexit)));
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn names_and_numbers() {
    run(|| {
        let handle = Spawn::new().name("worker").stack(100_000).go(rt::gosched);
        assert_eq!(handle.name(), Some("worker"));
        assert!(handle.id() > 0);
        handle.join().unwrap();
    });
}

#[test]
fn sleeping_takes_at_least_as_long_as_asked() {
    run(|| {
        let start = Instant::now();
        let handles: Vec<_> = (0..100_u64)
            .map(|i| {
                go(move || {
                    let begun = Instant::now();
                    let length = Duration::from_millis(i % 20);
                    rt::sleep_until(begun + length);
                    assert!(begun.elapsed() >= length);
                })
            })
            .collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        assert!(start.elapsed() >= Duration::from_millis(19));
    });
}

#[test]
fn blocking_calls_borrow_and_hand_panics_on() {
    run(|| {
        let text = String::from("borrowed");
        assert_eq!(rt::blocking(|| text.len()), 8);
        let caught = rt::recover(|| rt::blocking(|| panic!("in the helper"))).unwrap_err();
        assert_eq!(caught.message(), "in the helper");
        assert!(caught.location().unwrap().contains("basics.rs"));
    });
}

#[test]
fn blocking_calls_run_side_by_side() {
    run(|| {
        // None goes on before all of them are there.
        let all = Arc::new(Barrier::new(32));
        let handles: Vec<_> = (0..32)
            .map(|_| {
                let all = Arc::clone(&all);
                go(move || rt::blocking(|| all.wait().is_leader()))
            })
            .collect();
        let leaders = handles.into_iter().map(|handle| handle.join().unwrap());
        assert_eq!(leaders.filter(|&leads| leads).count(), 1);
    });
}

#[test]
fn a_scope_waits_on_every_way_out() {
    run(|| {
        let done = AtomicUsize::new(0);
        let caught = rt::recover(|| {
            rt::scope(|s| {
                for _ in 0..10 {
                    s.spawn(|| {
                        rt::sleep_until(Instant::now() + Duration::from_millis(5));
                        done.fetch_add(1, Ordering::Relaxed);
                    });
                }
                panic!("out");
            })
        });
        assert_eq!(caught.unwrap_err().message(), "out");
        assert_eq!(done.load(Ordering::Relaxed), 10);

        let caught = rt::recover(|| rt::scope(|s| drop(s.spawn(|| panic!("member")))));
        assert_eq!(
            caught.unwrap_err().message(),
            "a scoped goroutine panicked: member"
        );
        rt::scope(|s| assert!(s.spawn(|| panic!("joined")).join().unwrap_err().is_panic()));
    });
}

#[test]
fn a_plain_thread_can_start_and_join() {
    let handle = go(|| 5);
    assert_eq!(handle.join().unwrap(), 5);
}
