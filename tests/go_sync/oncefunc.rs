//! Port of sync/oncefunc_test.go: TestOnceFunc, TestOnceValue, TestOnceValues, TestOnceFuncPanic,
//! TestOnceValuePanic, TestOnceValuesPanic, TestOnceFuncPanicNil (as an odd payload),
//! TestOnceFuncGoexit, TestOnceXGC (GS-115).
//!
//! In Go 1.27 the first caller of a function that calls Goexit panics; here its goroutine ends, as
//! goexit does everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gort::prelude::*;
use gort::sync::{OnceFunc, OnceValue};

use crate::support::panic_message;

#[gort::test]
fn func() {
    let calls = AtomicU32::new(0);
    let f = OnceFunc::new(|| {
        calls.fetch_add(1, Ordering::Relaxed);
    });
    (0..10).for_each(|_| f.call());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[gort::test]
fn value() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let f = Arc::new(OnceValue::new(move || {
        counted.fetch_add(1, Ordering::Relaxed) + 1
    }));
    let all: Vec<_> = (0..10).map(|_| go!([f] { *f.get() })).collect();
    assert!(all.into_iter().all(|one| one.join().unwrap() == 1));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[gort::test]
fn values() {
    let calls = AtomicU32::new(0);
    let f = OnceValue::new(|| {
        let n = calls.fetch_add(1, Ordering::Relaxed) + 1;
        (n, n + 1)
    });
    for _ in 0..10 {
        assert_eq!(*f, (1, 2));
    }
}

/// The function ran once, and both calls panicked with the same message.
fn panics_twice(calls: &AtomicU32, f: impl Fn()) {
    let first = panic_message(&f);
    let second = panic_message(&f);
    assert_eq!((first.as_str(), second.as_str()), ("x", "x"));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[gort::test]
fn panic() {
    let calls = AtomicU32::new(0);
    let f = OnceFunc::new(|| {
        calls.fetch_add(1, Ordering::Relaxed);
        panic!("x");
    });
    panics_twice(&calls, || f.call());
}

#[gort::test]
fn value_panic() {
    let calls = AtomicU32::new(0);
    let f = OnceValue::<u8, _>::new(|| {
        let n = calls.fetch_add(1, Ordering::Relaxed);
        panic!("{}", if n == 0 { "x" } else { "y" });
    });
    panics_twice(&calls, || {
        f.get();
    });
}

/// A panic value that cannot be copied: the first call gets it, later ones a message.
#[gort::test]
fn odd_panic() {
    let f = OnceFunc::new(|| std::panic::panic_any(7_u8));
    let first = gort::recover(|| f.call()).unwrap_err();
    assert_eq!(first.payload().downcast_ref::<u8>(), Some(&7));
    assert_eq!(
        panic_message(|| f.call()),
        "sync: the function of a OnceFunc panicked before with a value that is neither &str nor String"
    );
}

/// Those who waited while it panicked panic too.
#[gort::test]
fn waiters_panic_too() {
    let (started, go_on) = (chan!(()), chan!(()));
    let f = {
        let (started, go_on) = (started.clone(), go_on.clone());
        Arc::new(OnceFunc::new(move || {
            chan!(started <- ());
            chan!(<-go_on);
            panic!("x");
        }))
    };
    let first = go!([f] { f.call() });
    chan!(<-started);
    let others: Vec<_> = (0..3).map(|_| go!([f] { f.call() })).collect();
    go_on.close();
    for one in others.into_iter().chain([first]) {
        assert_eq!(one.join().unwrap_err().into_panic().unwrap().message(), "x");
    }
}

#[gort::test]
fn goexit() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let f = Arc::new(OnceFunc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        gort::runtime::goexit();
    }));
    let first = go!([f] { f.call() }).join().unwrap_err();
    assert!(!first.is_panic());
    for _ in 0..2 {
        assert_eq!(
            panic_message(|| f.call()),
            "sync: the function of a OnceFunc called goexit"
        );
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// What the function owns is dropped once it has run (TestOnceXGC).
#[gort::test]
fn the_function_is_let_go_of() {
    let owned = Arc::new(());
    let held = owned.clone();
    let f = OnceValue::new(move || Arc::strong_count(&held));
    assert_eq!(Arc::strong_count(&owned), 2);
    assert_eq!(*f.get(), 2);
    assert_eq!(Arc::strong_count(&owned), 1);

    let held = owned.clone();
    let f = OnceFunc::new(move || {
        let _held = held;
        panic!("x");
    });
    panic_message(|| f.call());
    assert_eq!(Arc::strong_count(&owned), 1);
}

#[test]
fn says_what_it_is() {
    let value = OnceValue::new(|| 3);
    assert_eq!(format!("{value:?}"), "OnceValue(<not made>)");
    value.get();
    assert_eq!(format!("{value:?}"), "OnceValue(3)");
    assert_eq!(format!("{:?}", OnceFunc::new(|| ())), "OnceFunc(<fn>)");
}
