//! `tx <- take PLACE`: a value that is not sent is where it was, before any body runs; nothing is
//! lost, doubled or reordered (GS-55, GS-56, GS-62).

use std::collections::VecDeque;
use std::time::Duration;

use gort::prelude::*;

use crate::support::panic_message;
use crate::{NIL, closed, deaf};

#[gort::test]
fn an_unchosen_value_is_back_before_the_body_runs() {
    let (full, free) = (chan!(String, 1), chan!(u32, 1));
    chan!(full <- "full".to_owned());
    let mut queue: VecDeque<String> = ["a", "b"].map(String::from).into();
    let mut one = Some("one".to_owned());
    let capacity = queue.capacity();
    for _ in 0..20 {
        select! {
            full <- take queue => panic!("full"),
            full <- take one => panic!("full"),
            default => assert_eq!((queue.len(), queue[0].as_str(), one.as_deref()), (2, "a", Some("one"))),
        }
    }
    assert_eq!(queue.capacity(), capacity);
    // Chosen beside it, and chosen after a wait.
    select! {
        full <- take queue => panic!("full"),
        free <- 1 => assert_eq!(queue, ["a", "b"]),
    }
    select! {
        full <- take queue => panic!("full"),
        <-gort::time::after(Duration::from_millis(2)) => assert_eq!(queue, ["a", "b"]),
    }
    // And the value that is sent is gone.
    chan!(<-full);
    select! {
        full <- take queue => assert_eq!(queue, ["b"]),
        default => panic!("there is room"),
    }
    chan!(<-full);
    select! { full <- take one => assert_eq!(one, None) }
    assert_eq!(chan!(<-full).as_deref(), Some("one"));
}

#[gort::test]
fn an_empty_place_is_like_a_nil_channel() {
    let ch = chan!(u32, 1);
    let (mut none, mut empty) = (None, VecDeque::new());
    select! {
        ch <- take none => panic!("nothing to send"),
        ch <- take empty => panic!("nothing to send"),
        else => {}
    }
    select! {
        ch <- take empty => panic!("nothing to send"),
        default => {}
    }
    let waited = select! {
        ch <- take empty => panic!("nothing to send"),
        <-gort::time::after(Duration::from_millis(1)) => true,
    };
    assert!(waited && ch.is_empty());
    // A channel that is nil, or that nobody can receive from, takes nothing out.
    let mut queue = VecDeque::from([1, 2]);
    select! {
        NIL.map(|_| ch.tx()) <- take queue => panic!("nil"),
        else => assert_eq!(queue, [1, 2]),
    }
    select! {
        deaf() <- take queue => panic!("nobody receives"),
        else => assert_eq!(queue, [1, 2]),
    }
}

#[gort::test]
fn it_is_put_back_on_a_panic_and_at_the_end_of_a_goroutine() {
    fn failing() -> Receiver<u32> {
        panic!("an operand")
    }
    struct Shared<'a>(&'a mut VecDeque<u32>);
    let mut queue = VecDeque::from([1, 2]);
    let ch = chan!(u32);
    let message = panic_message(|| {
        let shared = Shared(&mut queue);
        select! {
            ch <- take shared.0 => {}
            <-failing() => {}
        }
    });
    assert_eq!(
        (message.as_str(), queue.as_slices().0),
        ("an operand", &[1, 2][..])
    );
    let message = panic_message(|| {
        select! { closed() <- take queue => {} }
    });
    assert_eq!(
        (message.as_str(), queue.as_slices().0),
        ("send on closed channel", &[1, 2][..])
    );
    // Closed while it waits; and the last receiver goes while it waits, which ends the goroutine.
    for close in [true, false] {
        let ch = chan!(u32);
        let tx = ch.tx();
        gort::scope(|s| {
            let queue = &mut queue;
            let sender = go!(s => { select! { tx <- take queue => panic!("nobody receives") } });
            gort::time::sleep(Duration::from_millis(2));
            if close {
                ch.close();
            }
            drop(ch);
            assert_eq!(sender.join().unwrap_err().is_panic(), close);
        });
        assert_eq!(queue, [1, 2]);
    }
}

/// A queue without a bound between two goroutines loses nothing: what `out <-
/// queue.pop_front().unwrap()` would.
#[gort::test]
fn a_queue_delivers_every_value_in_order() {
    const VALUES: u32 = 2000;
    let (input, inputs) = gort::channel(0);
    let (out, outs) = gort::channel(0);
    go!({
        let mut queue = VecDeque::new();
        let mut input = Some(inputs);
        while input.is_some() || !queue.is_empty() {
            select! {
                v = <-input => match v {
                    Some(v) => queue.push_back(v),
                    None => input = None,
                },
                out <- take queue => {}
            }
        }
    });
    go!({
        for value in 0..VALUES {
            chan!(input <- value);
        }
    });
    for (received, expected) in outs.into_iter().zip(0..) {
        assert_eq!(received, expected);
        if expected % 64 == 0 {
            gort::runtime::gosched();
        }
        if expected == VALUES - 1 {
            return;
        }
    }
    panic!("values are missing");
}
