//! Ports of small files from test/fixedbugs; each test names its own.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gort::prelude::*;

use crate::support::rounds;

/// Port of test/fixedbugs/bug067.go: a closure sends on a channel it shares.
#[gort::test]
fn bug067() {
    let c = chan!(i32);
    go!([c] { chan!(c <- 0) });
    assert_eq!(chan!(<-c), Some(0));
}

/// Port of test/fixedbugs/bug147.go: an unbuffered send waits for its receiver (GS-13, GS-18).
#[gort::test]
fn bug147() {
    let count = Arc::new(AtomicU32::new(0));
    let c = chan!(u8);
    go!([c, count] {
        chan!(<-c);
        count.fetch_add(1, Ordering::Relaxed);
        gort::time::sleep(Duration::from_millis(1));
        count.fetch_add(1, Ordering::Relaxed);
        chan!(<-c);
    });
    chan!(c <- 1);
    chan!(c <- 2);
    assert_eq!(count.load(Ordering::Relaxed), 2, "synchronous send did not wait");
}

/// Port of test/fixedbugs/bug225.go: `case _ = <-c` and default (GS-68).
#[gort::test]
fn bug225() {
    let c = chan!(bool, 1);
    select! {
        _ = <-c => panic!("BUG: recv should not"),
        default => {}
    }
    chan!(c <- true);
    select! {
        _ = <-c => {}
        default => panic!("BUG: recv should"),
    }
}

/// Port of test/fixedbugs/bug234.go: receiving tells whether there was a value (GS-44).
#[gort::test]
fn bug234() {
    let c = chan!(i32, 1);
    chan!(c <- 100);
    assert_eq!(chan!(<-c), Some(100));
    c.close();
    assert_eq!(chan!(<-c), None);
}

/// Port of test/fixedbugs/issue4313.go: operands are evaluated in source order (GS-55).
#[gort::test]
fn issue4313() {
    let c = chan!(i32, 1);
    let x = Cell::new(0);
    let make = || {
        x.set(42);
        chan!(bool)
    };
    select! {
        c <- x.get() => {}
        <-make() => panic!("nobody sends"),
    }
    assert_eq!(chan!(<-c), Some(0));
}

/// Port of test/fixedbugs/issue8336.go: a panic in one operand stops the next from being evaluated
/// (GS-69).
#[gort::test]
fn issue8336() {
    let nothing: Option<(Chan<i32>,)> = None;
    let called = Cell::new(false);
    let foo = || {
        called.set(true);
        chan!(i32)
    };
    let result = gort::recover(|| {
        select! {
            <-nothing.as_ref().expect("a channel to receive from").0 => {}
            <-foo() => {}
        }
    });
    assert!(
        result
            .unwrap_err()
            .to_string()
            .contains("a channel to receive from")
    );
    assert!(!called.get(), "BUG: foo must not be called");
}

/// Port of test/fixedbugs/issue8347.go: `case _, ok = <-c` (GS-45).
#[gort::test]
fn issue8347() {
    let c = chan!(bool, 1);
    let mut ok = true;
    for i in 0..12 {
        select! {
            (_, more) = <-c => {
                ok = more;
                assert!(i >= 10 || ok);
            }
            default => {}
        }
        assert!(i >= 10 || ok);
        if i >= 10 && ok {
            c.close();
        }
    }
    assert!(!ok);
}

/// Port of test/fixedbugs/issue13169.go: ten senders and ten receivers pass boxes while their
/// stacks go up and down (GS-19, GS-25).
#[gort::test]
fn issue13169() {
    #[derive(Debug)]
    struct T {
        a: usize,
        _bc: [usize; 2],
    }

    #[inline(never)]
    fn use_stack(depth: usize) -> u8 {
        let b = std::hint::black_box([0u8; 1024]);
        if depth == 0 {
            0
        } else {
            use_stack(depth - 1) | b[3]
        }
    }

    let n = rounds(20_000);
    let c = chan!(Box<dyn Any + Send>);
    let done = chan!(usize);
    for _ in 0..10 {
        go!([c, done] {
            for a in 0..n {
                chan!(c <- Box::new(T { a, _bc: [0; 2] }));
            }
            chan!(done <- 0);
        });
        go!([c, done] {
            let mut sum = 0;
            for _ in 0..n {
                let t = chan!(<-c).unwrap().downcast::<T>().unwrap();
                sum += t.a;
                use_stack(32);
            }
            chan!(done <- sum);
        });
    }
    let sum: usize = (0..20).map(|_| chan!(<-done).unwrap()).sum();
    assert_eq!(sum, 10 * (n * (n - 1) / 2));
}

/// Port of test/fixedbugs/issue16870.go: the two-value receive in all forms (GS-44, GS-45). Go's
/// map and type assertion parts have no counterpart.
#[gort::test]
fn issue16870() {
    let c = chan!(i32, 1);
    let c2 = chan!(i32);
    let put = || chan!(c <- 42);

    put();
    assert_eq!(c.recv(), Some(42));
    put();
    select! {
        (i, ok) = <-c => assert_eq!((i, ok), (42, true)),
    }
    put();
    select! {
        (_, ok) = <-c => assert!(ok),
    }
    put();
    select! {
        (i, ok) = <-c => assert_eq!((i, ok), (42, true)),
        default => panic!("bad select"),
    }
    put();
    select! {
        (_, ok) = <-c => assert!(ok),
        default => panic!("bad select"),
    }
    put();
    select! {
        (i, ok) = <-c => assert_eq!((i, ok), (42, true)),
        <-c2 => panic!("bad select"),
    }
    put();
    select! {
        (_, ok) = <-c => assert!(ok),
        <-c2 => panic!("bad select"),
    }
    c.close();
    assert_eq!(c.recv(), None);
    select! {
        (i, ok) = <-c => assert_eq!((i, ok), (0, false)),
    }
}

/// Port of test/fixedbugs/issue22683.go: a struct with an array of references through a buffered
/// channel and a range.
#[gort::test]
fn issue22683() {
    struct Foo {
        bar: [Option<&'static i32>; 1],
    }
    let ch = chan!(Foo, 2);
    chan!(ch <- Foo { bar: [Some(&0)] });
    ch.close();
    let mut seen = 0;
    for v in &ch {
        assert!(v.bar[0].is_some());
        seen += 1;
    }
    assert_eq!(seen, 1);
}

/// Port of test/fixedbugs/issue43111.go: the send value of a nil arm is evaluated, and may close or
/// replace the channels of other arms, whose operands were evaluated before (GS-30, GS-57).
#[gort::test]
fn issue43111() {
    let nilch: Option<Sender<i32>> = None;
    let close = |ch: &mut Option<Chan<i32>>| {
        ch.take().expect("still open").close();
        0
    };

    let mut ch = Some(chan!(i32));
    let operand = ch.clone();
    select! {
        <-operand => {}
        nilch <- close(&mut ch) => panic!("nil"),
    }

    let mut ch = Some(chan!(i32));
    let operand = ch.clone();
    select! {
        v = <-operand => assert_eq!(v, None),
        nilch <- close(&mut ch) => panic!("nil"),
    }

    let mut ch = Some(chan!(i32));
    let operand = ch.clone();
    select! {
        (v, ok) = <-operand => assert_eq!((v, ok), (0, false)),
        nilch <- close(&mut ch) => panic!("nil"),
    }

    let ch1 = chan!(i32, 1);
    let x = Cell::new(42);
    let reset = || x.replace(0);
    select! {
        ch1 <- x.get() => {}
        nilch <- reset() => panic!("nil"),
    }
    assert_eq!((chan!(<-ch1), x.get()), (Some(42), 0));
}

/// Port of test/fixedbugs/issue43292.go: receiving into a variable that holds a trait object of
/// another type.
#[gort::test]
fn issue43292() {
    trait I: Send {
        fn m(&self) -> i32;
    }
    struct A;
    struct B;
    impl I for A {
        fn m(&self) -> i32 {
            1
        }
    }
    impl I for B {
        fn m(&self) -> i32 {
            2
        }
    }

    let b = chan!(Box<dyn I>, 1);
    let mut i: Box<dyn I> = Box::new(A);
    assert_eq!(i.m(), 1);
    chan!(b <- Box::new(B));
    if let Some(v) = chan!(<-b) {
        i = v;
    }
    assert_eq!(i.m(), 2);

    i = Box::new(A);
    assert_eq!(i.m(), 1);
    chan!(b <- Box::new(B));
    select! {
        Some(v) = <-b => i = v,
    }
    assert_eq!(i.m(), 2);

    i = Box::new(A);
    assert_eq!(i.m(), 1);
    chan!(b <- Box::new(B));
    select! {
        v = <-b => {
            if let Some(v) = v {
                i = v;
            }
        }
    }
    assert_eq!(i.m(), 2);
}
