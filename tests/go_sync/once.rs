//! Port of sync/once_test.go: TestOnce, TestOncePanic (GS-114); and `OnceCell`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::prelude::*;
use gort::runtime::gosched;
use gort::sync::{Once, OnceCell};

use crate::support::panic_message;

#[gort::test]
fn once() {
    let o = Arc::new((Once::new(), AtomicU32::new(0)));
    let all: Vec<_> = (0..10)
        .map(|_| {
            go!([o] {
                o.0.call_once(|| {
                    gosched();
                    o.1.fetch_add(1, Ordering::Relaxed);
                });
                assert_eq!(o.1.load(Ordering::Relaxed), 1, "once failed inside run");
            })
        })
        .collect();
    all.into_iter().for_each(|one| one.join().unwrap());
    assert_eq!(o.1.load(Ordering::Relaxed), 1);
}

#[gort::test]
fn panic() {
    let once = Once::new();
    assert_eq!(panic_message(|| once.call_once(|| panic!("failed"))), "failed");
    once.call_once(|| panic!("Once.Do called twice"));
    assert!(once.is_completed());
}

/// One that ends by goexit has run, too.
#[gort::test]
fn goexit() {
    let once = Arc::new(Once::new());
    assert!(
        go!([once] { once.call_once(|| gort::runtime::goexit()) })
            .join()
            .is_err()
    );
    once.call_once(|| panic!("called twice"));
}

#[gort::test]
fn cell_is_made_once() {
    let cell = Arc::new((OnceCell::new(), AtomicU32::new(0)));
    let all: Vec<_> = (0..10)
        .map(|i| {
            go!([cell] {
                *cell.0.get_or_init(|| {
                    gosched();
                    cell.1.fetch_add(1, Ordering::Relaxed);
                    i
                })
            })
        })
        .collect();
    let seen: Vec<u32> = all.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(cell.1.load(Ordering::Relaxed), 1);
    assert!(seen.iter().all(|value| Some(value) == cell.0.get()));
}

/// After a panic, an error or goexit the next one tries again.
#[gort::test]
fn cell_stays_empty_when_making_fails() {
    let cell = Arc::new(OnceCell::new());
    panic_message(|| {
        cell.get_or_init(|| panic!("no"));
    });
    assert!(
        go!([cell] { cell.get_or_init(|| gort::runtime::goexit()); })
            .join()
            .is_err()
    );
    assert_eq!(cell.get_or_try_init(|| Err("no")), Err("no"));
    assert_eq!(format!("{cell:?}"), "OnceCell(<empty>)");
    assert_eq!(cell.set(1), Ok(()));
    assert_eq!(cell.set(2), Err(2));
    assert_eq!(
        (cell.get(), format!("{cell:?}").as_str()),
        (Some(&1), "OnceCell(1)")
    );
    let mut cell = Arc::into_inner(cell).unwrap();
    *cell.get_mut().unwrap() += 1;
    assert_eq!((cell.take(), cell.into_inner()), (Some(2), None));
}
