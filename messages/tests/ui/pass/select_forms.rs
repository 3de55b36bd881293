//! Every form of an arm, every shape of operand and body.
#![deny(warnings)]

use gort::prelude::*;

#[derive(Debug, Default, PartialEq)]
struct Point {
    x: i32,
    y: i32,
}

struct Wrapper(Point);

struct Hub {
    rx: Receiver<i32>,
    off: Option<Receiver<i32>>,
}

struct Waiting {
    first: Option<i32>,
    rest: Vec<Option<i32>>,
}

impl Hub {
    fn pick<A, B>(&self) -> &Receiver<i32> {
        &self.rx
    }
}

macro_rules! first {
    ($rx:expr, $p:pat => $e:expr, $fallback:block) => {
        select! { $p = <-$rx => $e, default => $fallback }
    };
}

fn early(rx: &Receiver<i32>) -> Result<i32, String> {
    let v = select! {
        Some(v) = <-rx => if v < -1 { return Ok(v) } else { v },
        else => Err(format!("closed: {}", rx.is_closed()))?,
    };
    Ok(v + 1)
}

fn diverges(rx: &Receiver<i32>) -> i32 {
    loop {
        select! {
            _ = <-None::<Receiver<u8>> => continue,
            _ = <-rx => return 1,
        }
    }
}

fn generic<T: Send + 'static>(rx: &Receiver<T>, value: T, tx: &Sender<T>) -> Option<T> {
    select! {
        tx <- value => None,
        v = <-rx => v,
    }
}

#[gort::main]
fn main() {
    let (a, b) = (chan!(i32, 4), chan!(Point, 4));
    let nil: Option<Receiver<i32>> = None;
    let hub = Hub { rx: a.rx(), off: None };

    // Receiving, in every form.
    chan!(a <- 1);
    let one = select! { v = <-a => v.unwrap(), };
    assert_eq!(one, 1);
    chan!(a <- 1);
    select! { mut v = <-a => { v = v.map(|v| v + 1); assert_eq!(v, Some(2)) } }
    chan!(a <- 2);
    select! { (v, ok) = <-a => assert!(v == 2 && ok) }
    chan!(a <- 3);
    select! { Some(v) = <-hub.pick::<u8, (u8, u8)>() => assert_eq!(v, 3) }
    chan!(a <- 4);
    select! { <-a => {} }
    chan!(a <- 5);
    select! { _ = <-&a => {}, }
    chan!(b <- Point { x: 1, y: 2 });
    select! { Some(Point { x, .. }) = <-b => assert_eq!(x, 1) }
    chan!(b <- Point { x: 1, y: 2 });
    select! { (Point { x, y: mut z }, _) = <-b.rx() => { z += x; assert_eq!(z, 3) } }
    let wrapped = chan!((Wrapper, [u8; 2]), 1);
    chan!(wrapped <- (Wrapper(Point { x: 1, y: 2 }), [3, 4]));
    select! { Some((Wrapper(Point { x, y }), [p, _])) = <-wrapped => assert_eq!((x, y, p), (1, 2, 3)) }

    // Sending, operands of every shape, nil operands.
    let n = 2;
    select! {
        hub.off.as_ref().map(|_| b.tx()) <- Point::default() => unreachable!("nil"),
        b <- match n { 2 => Point { x: n, y: { n * 2 } }, _ => Point::default() } => {}
        x = <-nil => unreachable!("nil gave {x:?}"),
    }
    assert_eq!(chan!(<-b), Some(Point { x: 2, y: 4 }));
    select! { a <- -1 => (), v = <-(n > 2).then_some(&hub.rx) => unreachable!("{v:?}") }
    select! { a <- if n < -1 { n } else { -n } => (), v = <-nil => unreachable!("{v:?}") }
    assert_eq!((chan!(<-a), chan!(<-a)), (Some(-1), Some(-2)));
    let jobs = chan!(Box<dyn Fn(i32) -> i32 + Send>, 1);
    select! { jobs <- Box::new(|x| x + 1) => {} }
    select! { Some(job) = <-jobs => assert_eq!(job(1), 2) }

    // `take`: from a variable, a field, through a reference; `take` is no keyword.
    let mut queue = std::collections::VecDeque::from([1, 2]);
    let mut waiting = Waiting { first: Some(3), rest: vec![None, Some(4)] };
    let borrowed = &mut queue;
    select! { a <- take borrowed => {} }
    select! { a <- take queue => {} }
    select! { a <- take waiting.first => {} }
    select! { a <- take waiting.rest[0] => unreachable!(), else => assert!(waiting.rest[0].is_none()) }
    let take = 5;
    select! { <-nil => {}, default => {} }
    assert_eq!([(); 3].map(|()| chan!(<-a).unwrap()), [1, 2, 3]);
    select! { a <- take => assert!(queue.is_empty() && waiting.first.is_none()) }
    assert_eq!(chan!(<-a), Some(5));

    // `default`, `else`, `biased`, nothing but one of them.
    let text = select! { v = <-a => format!("{v:?}"), default => "nothing".to_string() };
    assert_eq!(text, "nothing");
    select! { default => {} }
    select! { else => {} }
    chan!(a <- 1);
    let first = select! {
        biased;
        Some(v) = <-a => v,
        a <- 3 => 2,
    };
    assert_eq!(first, 1);
    chan!(a <- 7);
    a.close();
    assert_eq!(early(&a.rx()), Ok(8));
    assert_eq!(early(&a.rx()), Err("closed: true".to_string()));
    select! { (v, ok) = <-a => assert!(v == 0 && !ok) }
    let after = select! { Some(v) = <-a => v, else => -1, default => -2 };
    assert_eq!(after, -1);
    assert_eq!(diverges(&a.rx()), 1);
    assert_eq!(generic(&nil.clone().unwrap_or_else(|| chan!(i32).rx()), 1, &chan!(i32, 1).tx()), None);

    // Bodies are in place: labels, `break` with a value, `continue`; block-like bodies need no comma.
    let numbers = chan!(u32, 8);
    let mut seen = Vec::new();
    let last = 'outer: loop {
        for turn in 0u32.. {
            select! {
                Some(v) = <-numbers => if v == 2 { continue } else { seen.push(v) }
                <-nil => {}
                default => match turn {
                    0 => for v in 1..4 { chan!(numbers <- v) },
                    9 => unreachable!(),
                    _ => break 'outer seen.len(),
                }
            }
        }
    };
    assert_eq!((last, seen.as_slice()), (2, &[1, 3][..]));

    // One inside another, and through a macro of the user's.
    let ok = chan!(i32, 1);
    chan!(ok <- 1);
    let v = select! {
        v = <-select! { default => ok.rx() } => select! { ok <- 2 => v, default => None },
    };
    assert_eq!(v, Some(1));
    assert_eq!(first!(ok.rx(), Some(v) => v + 1, { 0 }), 3);
    assert_eq!(first!(ok.rx(), (v, _) => v + 1, { 0 }), 0);

    // Timers are sources too.
    select! {
        v = <-nil => unreachable!("nil gave {v:?}"),
        <-gort::time::after(std::time::Duration::from_millis(1)) => {}
    }
    let forever = go!({ select! {} });
    assert!(!forever.is_finished());

    // A join handle, and one in a scope.
    let handle = go!(|| 7);
    let seven = select! {
        Some(result) = <-handle => result.unwrap(),
        <-gort::time::after(std::time::Duration::from_secs(60)) => unreachable!(),
    };
    let eight = gort::scope(|s| {
        let handle = go!(s => { seven + 1 });
        select! { Some(result) = <-handle => result.unwrap() }
    });
    assert_eq!((seven, eight), (7, 8));
}
