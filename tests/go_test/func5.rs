//! Port of test/func5.go: functions and goroutines, called in every way (GS-1, GS-3).

use gort::prelude::*;

type Binary = fn(i32, i32) -> i32;

fn caller(f: Binary, a: i32, b: i32, c: Sender<i32>) {
    chan!(c <- f(a, b));
}

fn gocall(f: Binary, a: i32, b: i32) -> i32 {
    let c = chan!(i32);
    go!(caller(f, a, b, c.tx()));
    chan!(<-c).unwrap()
}

fn call(f: Binary, a: i32, b: i32) -> i32 {
    f(a, b)
}

fn add(x: i32, y: i32) -> i32 {
    x + y
}

fn addc(x: i32, y: i32, c: Sender<i32>) {
    chan!(c <- x + y);
}

fn fnc() -> fn(i32, i32, Sender<i32>) {
    addc
}

#[gort::test]
fn functions_and_function_values() {
    let f: Binary = add;
    for f in [add, f, |a, b| a + b] {
        assert_eq!(call(f, 1, 2), 3);
        assert_eq!(gocall(f, 1, 2), 3);
    }
}

#[gort::test]
fn every_callee_of_go() {
    let c = chan!(i32);
    go!(addc(1, 2, c.tx()));
    assert_eq!(chan!(<-c), Some(3));

    let fc: fn(i32, i32, Sender<i32>) = addc;
    go!(fc(1, 2, c.tx()));
    assert_eq!(chan!(<-c), Some(3));

    go!(fnc()(1, 2, c.tx()));
    assert_eq!(chan!(<-c), Some(3));

    go!((|a, b, c: Sender<i32>| chan!(c <- a + b))(1, 2, c.tx()));
    assert_eq!(chan!(<-c), Some(3));
}

/// `x := 1; go f(x); x = 2` sees 1, and the callee and its arguments are evaluated in order.
#[gort::test]
fn arguments_are_evaluated_now() {
    let mut x = 1;
    let seen = go!(add(x, 0));
    x += 1;
    assert_eq!((seen.join().unwrap(), x), (1, 2));

    let order = std::cell::RefCell::new(Vec::new());
    let note = |what: &'static str, value: i32| {
        order.borrow_mut().push(what);
        value
    };
    let callee = || {
        order.borrow_mut().push("callee");
        add as Binary
    };
    let sum = go!(callee()(note("first", 1), note("second", 2)));
    assert_eq!(*order.borrow(), ["callee", "first", "second"]);
    assert_eq!(sum.join().unwrap(), 3);
}
