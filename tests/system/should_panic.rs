//! `#[gort::test]` with `#[should_panic]`, above and below it, with its text, and under a
//! condition. That a test which hangs is not taken for one that panics: `given_up`.

use gort::prelude::*;

/// In a goroutine of its own, whose panic the test's goes on with.
fn fails() {
    let handle = go!(panic!("out of cheese, error {}", 7));
    if let Err(gort::JoinError::Panicked(panic)) = handle.join() {
        panic.resume();
    }
}

#[gort::test]
#[should_panic]
fn below() {
    panic!("as it should");
}

#[should_panic]
#[gort::test]
fn above() {
    panic!("as it should");
}

#[gort::test]
#[should_panic(expected = "of cheese, error 7")]
fn text_below() {
    fails();
}

#[should_panic(expected = "of cheese, error 7")]
#[gort::test]
fn text_above() {
    fails();
}

#[gort::test(timeout = "5m")]
#[should_panic = "of cheese, error 7"]
#[allow(clippy::needless_return)]
fn text_between() {
    return fails();
}

#[cfg_attr(all(), should_panic(expected = "of cheese, error 7"))]
#[gort::test]
fn under_a_condition_above() {
    fails();
}

#[gort::test]
#[cfg_attr(all(), should_panic(expected = "of cheese, error 7"))]
fn under_a_condition_below() {
    fails();
}

#[gort::test]
#[cfg_attr(all(), allow(clippy::all), cfg_attr(not(any()), should_panic))]
fn under_two_conditions() {
    fails();
}

#[gort::test]
#[cfg_attr(any(), should_panic)]
fn under_a_condition_that_does_not_hold() {
    assert_eq!(go!({ 6 * 7 }).join().unwrap(), 42);
}
