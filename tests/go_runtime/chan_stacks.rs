//! Port of runtime/chan_test.go: TestShrinkStackDuringBlockedSend, TestNoShrinkStackWhileParking
//! and TestSelectStackAdjust. Stacks never move here, and nothing is collected; what remains is
//! that stacks are used deeply between and around operations that park, and that what lies on them
//! is still there afterwards (GS-10, GS-63).

use std::time::Duration;

use gort::prelude::*;

#[inline(never)]
fn use_stack(depth: usize) -> usize {
    let frame = std::hint::black_box([depth; 128]);
    if depth == 0 {
        0
    } else {
        use_stack(depth - 1) + frame[depth] - depth + 1
    }
}

#[gort::test]
fn test_stack_use_during_blocked_send() {
    const N: usize = 10;
    let (tx, rx) = gort::channel(0);
    let sender = go!(move || {
        for i in 0..N {
            chan!(tx <- i);
            assert_eq!(use_stack(20), 20);
        }
    });
    for want in 0..N {
        assert_eq!(chan!(<-rx), Some(want));
        gort::time::sleep(Duration::from_millis(1));
    }
    sender.join().unwrap();
}

#[gort::test]
fn test_stack_use_while_parking() {
    const N: usize = 10;
    for _ in 0..N * 20 {
        let c = chan!(usize);
        let receiver = go!([c] {
            for want in 0..N {
                gort::time::sleep(Duration::from_micros(10));
                assert_eq!(chan!(<-c), Some(want));
            }
        });
        let sender = go!(move || {
            for i in 0..N {
                chan!(c <- i);
                assert_eq!(use_stack(20), 20);
            }
        });
        sender.join().unwrap();
        receiver.join().unwrap();
    }
}

/// What an arm that is not chosen would have assigned stays as it is, and so does what the stack
/// holds.
#[gort::test]
fn test_select_leaves_the_stack_alone() {
    let c = chan!(&'static i32);
    let d = chan!(&'static i32);
    let ready = chan!(bool);
    let goroutines = [false, true].map(|twice| {
        go!([c, d, ready] {
            use_stack(10);
            chan!(ready <- true);
            let mut val = 42;
            let mut place = &mut val;
            let mut other = 0;
            let (c2, d2) = if twice { (Some(&c), Some(&d)) } else { (None, None) };
            select! {
                v = <-c => {
                    other = *v.unwrap();
                    place = &mut other;
                }
                <-c2 => panic!("nobody sends"),
                <-d => {}
                <-d2 => {}
            }
            *place += 1;
            assert_eq!((val, other), (43, 0));
        })
    });
    for _ in &goroutines {
        chan!(<-ready);
    }
    gort::time::sleep(Duration::from_millis(10));
    d.close();
    for goroutine in goroutines {
        goroutine.join().unwrap();
    }
}
