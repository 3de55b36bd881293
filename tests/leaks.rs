//! `#[gort::test(leaks = "deny")]` (GS-173).

use std::time::Duration;

use gort::prelude::*;
use gort::time;

/// GS-173: the start is compared with the end, for what the test itself has started.
#[gort::test(leaks = "deny")]
fn who_ends_is_not_left() {
    let ended = go!(|| ());
    go!(|| go!(|| gort::runtime::gosched()));
    gort::scope(|s| {
        go!(s => || time::sleep(Duration::from_millis(5)));
    });
    ended.join().unwrap();
}

/// It need not have ended when the test returns.
#[gort::test(leaks = "deny")]
fn who_ends_soon_is_not_left() {
    go!(time::sleep(Duration::from_millis(20)));
    go!(|| {
        for _ in 0..100 {
            gort::runtime::gosched();
        }
    });
}

#[gort::test(leaks = "deny")]
#[should_panic(expected = "a goroutine that the test started is left:\n\ngoroutine ")]
fn who_waits_for_ever_is_left() {
    let nobody = chan!(());
    go!(name = "left"; move || chan!(<-nobody));
}

/// Its parent has ended long ago.
#[gort::test(leaks = "deny")]
#[should_panic(expected = "2 goroutines that the test started are left:\n\ngoroutine ")]
fn grandchildren_are_left_too() {
    let nobody = chan!(());
    for _ in 0..2 {
        let nobody = nobody.clone();
        go!(move || drop(go!(move || chan!(<-nobody)))).join().unwrap();
    }
}

#[gort::test(leaks = "allow")]
fn they_may_be_left() {
    let nobody = chan!(());
    go!(move || chan!(<-nobody));
}

#[gort::test(leaks = "deny")]
#[should_panic(expected = "its own")]
fn a_panic_comes_first() {
    let nobody = chan!(());
    go!(move || chan!(<-nobody));
    panic!("its own");
}

#[gort::test(leaks = "deny", bubble)]
fn a_bubble_denies_them_anyway() {
    time::sleep(Duration::from_secs(3600));
}
