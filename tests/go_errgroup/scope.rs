//! `errgroup::scope`: borrows, cancels at the first error, waits on every path out (issue 3, item
//! 4).

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use gort::errgroup::scope;
use gort::prelude::*;

use crate::support::panic_message;

#[gort::test]
fn members_borrow_and_the_value_comes_out() {
    let words = ["one", "two", "three"].map(String::from);
    let mut lengths = [0; 3];
    let all: Result<&str, ()> = scope(|g| {
        g.set_limit(2);
        for (word, length) in words.iter().zip(&mut lengths) {
            g.go(move || {
                *length = word.len();
                Ok(())
            });
        }
        "value"
    });
    assert_eq!(all, Ok("value"));
    assert_eq!(lengths, [3, 3, 5]);
}

#[gort::test]
fn the_first_error_cancels_the_others() {
    let ended = AtomicUsize::new(0);
    let result: Result<(), String> = scope(|g| {
        for _ in 0..5 {
            let (done, ended) = (g.context().done(), &ended);
            g.go(move || {
                chan!(<-done);
                ended.fetch_add(1, SeqCst);
                Err("cancelled".to_string())
            });
        }
        g.go(|| Err("first".to_string()));
    });
    assert_eq!(result, Err("first".to_string()));
    assert_eq!(ended.load(SeqCst), 5);
}

#[gort::test]
fn a_panic_of_a_member_goes_on() {
    let ended = AtomicUsize::new(0);
    let message = panic_message(|| {
        let _: Result<(), ()> = scope(|g| {
            let (done, ended) = (g.context().done(), &ended);
            g.go(move || {
                chan!(<-done);
                ended.fetch_add(1, SeqCst);
                Ok(())
            });
            g.go(|| panic!("boom"));
        });
    });
    assert_eq!((message.as_str(), ended.load(SeqCst)), ("boom", 1));
}

#[gort::test]
fn the_body_panics_or_exits() {
    let ended = AtomicUsize::new(0);
    let message = panic_message(|| {
        let _: Result<(), ()> = scope(|g| {
            let (done, ended) = (g.context().done(), &ended);
            g.go(move || {
                chan!(<-done);
                ended.fetch_add(1, SeqCst);
                panic!("the member's panic gives way");
            });
            panic!("the body's");
        });
    });
    assert_eq!((message.as_str(), ended.load(SeqCst)), ("the body's", 1));

    let ended = std::sync::Arc::new(AtomicUsize::new(0));
    let exited = go!([ended] {
        let _: Result<(), ()> = scope(|g| {
            let (done, ended) = (g.context().done(), &ended);
            g.go(move || {
                chan!(<-done);
                ended.fetch_add(1, SeqCst);
                Ok(())
            });
            gort::runtime::goexit()
        });
    });
    assert!(!exited.join().unwrap_err().is_panic());
    assert_eq!(ended.load(SeqCst), 1);
}
