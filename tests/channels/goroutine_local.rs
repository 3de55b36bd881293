//! `goroutine_local!`: whose the values are, when they are made, and when they go.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gort::prelude::*;
use gort::runtime::{goexit, gosched};

use crate::support::child::Child;

/// Notes when it goes.
struct Noted(Arc<AtomicUsize>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

gort::goroutine_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
    static KEPT: RefCell<Option<Noted>> = RefCell::new(None);
    static FIRST: usize = SECOND.with(|second| second + 1);
    static SECOND: usize = 41;
}

/// Each goroutine sees its own value after every wait, on whatever thread it goes on.
fn numbers_stay_apart() {
    let goroutines: Vec<_> = (0..50)
        .map(|i| {
            go!(move || {
                assert_eq!(NUMBER.get(), 0, "a value of another goroutine");
                NUMBER.set(i);
                for _ in 0..100 {
                    gosched();
                    assert_eq!(NUMBER.replace(i), i);
                }
                NUMBER.with(|number| {
                    gosched();
                    number.get()
                })
            })
        })
        .collect();
    for (i, goroutine) in goroutines.into_iter().enumerate() {
        assert_eq!(goroutine.join().unwrap(), i);
    }
}

#[test]
fn apart_in_every_migration_mode() {
    for migration in ["stealing", "always", "pinned"] {
        Child::default()
            .env("GOMAXPROCS", 4)
            .env("GORT_MIGRATION", migration)
            .run(|| gort::run(numbers_stay_apart))
            .expect_code(0);
    }
}

#[gort::test]
fn dropped_before_the_end_is_known() {
    let drops = Arc::new(AtomicUsize::new(0));
    let noted = |drops: &Arc<AtomicUsize>| Some(Noted(drops.clone()));
    for (round, end) in [(), (), ()].into_iter().enumerate() {
        let value = noted(&drops);
        let handle: JoinHandle<()> = go!(move || {
            KEPT.with_borrow_mut(|kept| *kept = value);
            match round {
                0 => end,
                1 => goexit(),
                _ => panic!("boom"),
            }
        });
        let _ = handle.join();
        assert_eq!(drops.load(Ordering::SeqCst), round + 1);
    }
}

#[gort::test]
fn one_may_need_another() {
    assert_eq!(FIRST.with(|first| *first), 42);
    assert_eq!(go!(|| FIRST.with(|first| *first)).join().unwrap(), 42);
}

/// A destructor that uses a local makes a new one, which goes too.
#[gort::test]
fn destructors_may_use_locals() {
    struct Uses(Arc<AtomicUsize>);
    impl Drop for Uses {
        fn drop(&mut self) {
            let again = Noted(self.0.clone());
            KEPT.with_borrow_mut(|kept| *kept = Some(again));
        }
    }
    gort::goroutine_local! { static USES: RefCell<Option<Uses>> = RefCell::new(None); }
    let drops = Arc::new(AtomicUsize::new(0));
    let uses = Uses(drops.clone());
    go!(move || USES.with_borrow_mut(|slot| *slot = Some(uses)))
        .join()
        .unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

/// A destructor that makes its own value anew keeps no goroutine from ending.
#[gort::test]
fn a_value_that_comes_back_again_and_again_is_leaked() {
    struct Phoenix;
    impl Drop for Phoenix {
        fn drop(&mut self) {
            ASHES.with(|_| ());
        }
    }
    gort::goroutine_local! { static ASHES: Phoenix = Phoenix; }
    go!(|| ASHES.with(|_| ())).join().unwrap();
}

#[test]
fn a_thread_has_values_of_its_own() {
    NUMBER.set(5);
    assert_eq!(std::thread::spawn(|| NUMBER.get()).join().unwrap(), 0);
    assert_eq!(gort::run(|| NUMBER.get()), 0);
    assert_eq!(NUMBER.get(), 5);
}
