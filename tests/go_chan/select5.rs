//! Port of test/chan/select5.go, first half: channel operations and simple selects in every form
//! (GS-55, GS-59, GS-66).
//!
//! The original prints a Go program; here macros enumerate the same 1,045 functions (241 + 49 + 194 + 49 + 512 by
//! template), of which `recv`, `send` and `nonblock` are in this file and the two order templates in `select5_order.rs`.
//! Each does only one real send or receive, phrased in various ways which `select!` may or may not expand differently.
//! The channel is buffered, so that a test is single-goroutine: the right calls are of interest here, not concurrency.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use gort::prelude::*;

/// What Go keeps in global variables.
pub(crate) struct State {
    pub(crate) c: Chan<i32>,
    pub(crate) nilch: Option<Chan<i32>>,
    pub(crate) dummy: Chan<i32>,
    pub(crate) n: Cell<i32>,
    pub(crate) x: Cell<i32>,
    pub(crate) map: RefCell<HashMap<i32, i32>>,
    order: Cell<i32>,
    cases: Cell<usize>,
}

impl State {
    pub(crate) fn new() -> State {
        State {
            c: chan!(i32, 1),
            nilch: None,
            dummy: chan!(i32),
            n: Cell::new(1),
            x: Cell::new(0),
            map: RefCell::default(),
            order: Cell::new(0),
            cases: Cell::new(0),
        }
    }

    pub(crate) fn cases(&self) -> usize {
        self.cases.get()
    }

    pub(crate) fn begin(&self) {
        self.order.set(0);
    }

    /// What a case leaves behind: `x` holds `n`, and the channel is empty again.
    pub(crate) fn end(&self) {
        assert_eq!(self.x.get(), self.n.get());
        assert!(self.c.is_empty() && self.dummy.is_empty());
        self.n.set(self.n.get() + 1);
        self.cases.set(self.cases.get() + 1);
    }

    pub(crate) fn keep(&self, x: i32) {
        self.x.set(x);
    }

    pub(crate) fn insert(&self, key: i32, x: i32) -> i32 {
        self.map.borrow_mut().insert(key, x);
        self.map.borrow()[&key]
    }

    /// Passes `value` on; successive calls within a case must come with increasing `o`.
    pub(crate) fn at<T>(&self, value: T, o: i32) -> T {
        let before = self.order.replace(o);
        assert!(o > before, "invalid order {o} after {before}");
        value
    }
}

pub(crate) fn unbox(x: Box<dyn Any>) -> i32 {
    *x.downcast().expect("an i32")
}

/// Calls `$emit!` once for every path through a list of choices, with the arms of the alternatives
/// taken.
///
/// `each! { emit [head] ([{a} {b}] [{c} {d}]) }` emits `head a c`, `head a d`, `head b c` and `head
/// b d`.
macro_rules! each {
    ($emit:ident [$($arms:tt)*] ()) => { $emit! { $($arms)* } };
    ($emit:ident $arms:tt ($choice:tt $($rest:tt)*)) => { each! { @split $emit $arms $choice ($($rest)*) } };
    (@split $emit:ident $arms:tt [$($alternative:tt)+] $rest:tt) => {
        $( each! { @take $emit $arms $alternative $rest } )+
    };
    (@take $emit:ident [$($arms:tt)*] {$($more:tt)*} $rest:tt) => { each! { $emit [$($arms)* $($more)*] $rest } };
}
pub(crate) use each;

/// A `recv` case: send `n`, receive it one way or another into `x`, check that they match.
macro_rules! recv_case {
    ($s:ident $($arms:tt)*) => {{
        fn case($s: &State) {
            chan!($s.c <- $s.n.get());
            select! { $($arms)* }
            $s.end();
        }
        case(&$s);
    }};
}

/// A `send` case: send `n` one way or another, receive it into `x`, check that they match.
macro_rules! send_case {
    ($s:ident $($arms:tt)*) => {{
        fn case($s: &State) {
            select! { $($arms)* }
            $s.keep(chan!(<-$s.c).unwrap());
            $s.end();
        }
        case(&$s);
    }};
}

/// A `nonblock` case: nothing is ready, and nothing may be assigned.
macro_rules! nonblock_case {
    ($s:ident $($arms:tt)*) => {{
        fn case($s: &State) {
            $s.keep($s.n.get());
            select! { $($arms)* }
            $s.end();
        }
        case(&$s);
    }};
}

/// Go's operands that keep a compiler from simplifying the select: a dummy and a nil channel, both
/// ways.
macro_rules! with_bystanders {
    ($emit:ident $s:ident ($($choices:tt)*)) => {
        each! { $emit [$s] ($($choices)*
            [{ $s.dummy <- 1 => panic!("dummy send"), } {}]
            [{ <-$s.dummy => panic!("dummy receive"), } {}]
            [{ $s.nilch <- 1 => panic!("nilch send"), } {}]
            [{ <-$s.nilch => panic!("nilch recv"), } {}]
        ) }
    };
}

/// The five ways to take a value: into a variable, by a refutable pattern, with `ok`, through
/// `Any`, into a map.
#[gort::test]
fn recv() {
    let s = State::new();
    chan!(s.c <- s.n.get());
    s.keep(chan!(<-s.c).unwrap());
    s.end();

    with_bystanders! { recv_case s ([{ default => panic!("nonblock"), }] [
        { x = <-s.c => s.keep(x.unwrap()), }
        { Some(x) = <-s.c => s.keep(x), }
        { (x, ok) = <-s.c => { assert!(ok); s.keep(x) } }
        { x = <-s.c => { let i: Box<dyn Any> = Box::new(x.unwrap()); s.keep(unbox(i)); } }
        { x = <-s.c => s.keep(s.insert(13, x.unwrap())), }
    ]) }
    with_bystanders! { recv_case s ([
        { x = <-s.c => s.keep(x.unwrap()), }
        { Some(x) = <-s.c => s.keep(x), }
        { (x, ok) = <-s.c => { assert!(ok); s.keep(x) } }
        { x = <-s.c => { let i: Box<dyn Any> = Box::new(x.unwrap()); s.keep(unbox(i)); } }
        { x = <-s.c => s.keep(s.insert(13, x.unwrap())), }
    ] [{ default => panic!("nonblock"), } {}]) }
    assert_eq!(s.cases(), 241);
}

#[gort::test]
fn send() {
    let s = State::new();
    chan!(s.c <- s.n.get());
    s.keep(chan!(<-s.c).unwrap());
    s.end();

    with_bystanders! { send_case s ([{ default => panic!("nonblock"), }] [{ s.c <- s.n.get() => {} }]) }
    with_bystanders! { send_case s ([{ s.c <- s.n.get() => {} }] [{ default => panic!("nonblock"), } {}]) }
    assert_eq!(s.cases(), 49);
}

/// Go's third form of each receive writes through a nil pointer, which would crash if the place
/// were looked at.
#[gort::test]
fn nonblock() {
    let s = State::new();
    macro_rules! eight_arms {
        ($first:tt $last:tt) => {
            each! { nonblock_case [s] ($first
                [{ s.dummy <- 1 => panic!("dummy <- 1"), } {}]
                [{ s.nilch <- 1 => panic!("nilch <- 1"), } {}]
                [{ <-s.dummy => panic!("<-dummy"), } {}]
                [{ x = <-s.dummy => { s.keep(x.unwrap()); panic!("<-dummy x") } } {}]
                [{ (x, _) = <-s.dummy => *None::<&mut i32>.unwrap() = x, } {}]
                [{ <-s.nilch => panic!("<-nilch"), } {}]
                [{ x = <-s.nilch => { s.keep(x.unwrap()); panic!("<-nilch x") } } {}]
                [{ (x, _) = <-s.nilch => *None::<&mut i32>.unwrap() = x, } {}]
                $last
            ) }
        };
    }
    eight_arms! { [{ default => {} }] [{}] }
    eight_arms! { [{}] [{ default => {} }] }
    assert_eq!(s.cases(), 512);
}
