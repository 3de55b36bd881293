//! Port of test/chan/select5.go, second half: its order templates (GS-15, GS-55, GS-57). Every
//! operand goes through `State::at`, which checks that operands are evaluated in source order, and
//! places to assign to only afterwards.

use std::any::Any;

use gort::prelude::*;

use super::select5::{State, each, unbox};

/// A `recvOrder` case: as `recv`, with the order of operations checked along the way.
macro_rules! recv_order_case {
    ($s:ident $($arms:tt)*) => {{
        fn case($s: &State) {
            $s.begin();
            chan!($s.c <- $s.n.get());
            select! { $($arms)* }
            $s.end();
        }
        case(&$s);
    }};
}

/// A `sendOrder` case: as `send`, with the order of operations checked along the way.
macro_rules! send_order_case {
    ($s:ident $($arms:tt)*) => {{
        fn case($s: &State) {
            $s.begin();
            select! { $($arms)* }
            $s.keep(chan!(<-$s.c).unwrap());
            $s.end();
        }
        case(&$s);
    }};
}

macro_rules! with_bystanders {
    ($emit:ident $s:ident $o:literal ($($choices:tt)*)) => {
        each! { $emit [$s] ($($choices)*
            [{ $s.at(&$s.dummy, $o) <- $s.at(1, $o + 1) => panic!("dummy send"), } {}]
            [{ <-$s.at(&$s.dummy, $o + 2) => panic!("dummy receive"), } {}]
            [{ $s.at(&$s.nilch, $o + 3) <- $s.at(1, $o + 4) => panic!("nilch send"), } {}]
            [{ <-$s.at(&$s.nilch, $o + 5) => panic!("nilch recv"), } {}]
        ) }
    };
}

#[gort::test]
fn recv_order() {
    let s = State::new();

    // Outside of select Go looks at the place first. A Rust assignment evaluates its right side
    // first, so that the order is written out.
    s.begin();
    chan!(s.c <- s.n.get());
    let place = s.at(&s.x, 1);
    place.set(chan!(<-s.at(&s.c, 2)).unwrap());
    s.end();

    s.begin();
    chan!(s.c <- s.n.get());
    let key = s.at(13, 1);
    s.keep(s.insert(key, chan!(<-s.at(&s.c, 2)).unwrap()));
    s.end();

    with_bystanders! { recv_order_case s 2 ([{ default => panic!("nonblock"), }] [
        { x = <-s.at(&s.c, 1) => s.at(&s.x, 100).set(x.unwrap()), }
        { Some(x) = <-s.at(&s.c, 1) => s.keep(x), }
        { x = <-s.at(&s.c, 1) => { let i: Box<dyn Any> = Box::new(x.unwrap()); s.keep(unbox(i)); } }
        { x = <-s.at(&s.c, 1) => { let key = s.at(13, 100); s.keep(s.insert(key, x.unwrap())); } }
    ]) }
    with_bystanders! { recv_order_case s 2 ([
        { x = <-s.at(&s.c, 1) => s.at(&s.x, 100).set(x.unwrap()), }
        { Some(x) = <-s.at(&s.c, 1) => s.keep(x), }
        { x = <-s.at(&s.c, 1) => { let i: Box<dyn Any> = Box::new(x.unwrap()); s.keep(unbox(i)); } }
        { x = <-s.at(&s.c, 1) => { let key = s.at(13, 100); s.keep(s.insert(key, x.unwrap())); } }
    ] [{ default => panic!("nonblock"), } {}]) }
    assert_eq!(s.cases(), 194);
}

#[gort::test]
fn send_order() {
    let s = State::new();

    s.begin();
    chan!(s.at(&s.c, 1) <- s.at(s.n.get(), 2));
    s.keep(chan!(<-s.c).unwrap());
    s.end();

    with_bystanders! { send_order_case s 3 (
        [{ default => panic!("nonblock"), }] [{ s.at(&s.c, 1) <- s.at(s.n.get(), 2) => {} }]
    ) }
    with_bystanders! { send_order_case s 3 (
        [{ s.at(&s.c, 1) <- s.at(s.n.get(), 2) => {} }] [{ default => panic!("nonblock"), } {}]
    ) }
    assert_eq!(s.cases(), 49);
}
