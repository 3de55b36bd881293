//! Power series as streams of rational coefficients (M. D. McIlroy, "Squinting at Power Series", 1989; Go's
//! test/chan/powser1.go).
//!
//! The Go idiom: an infinite object is a channel, a function on it a goroutine between two channels, and a recursive
//! definition a loop of channels: `exp` is the series that is its own integral. A channel that is nil for a while turns its
//! case of a `select` off; here `None` does. Go's goroutines stay behind when nobody reads any more; these end.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Add, Mul};

use gort::prelude::*;

type Series = Receiver<Ratio>;

#[gort::main]
fn main() {
    show("exp", exp());
    show("sin", sin());
    show("tan", tan());
    show("exp * exp", mul(exp(), exp()));
}

fn show(name: &str, u: Series) {
    print!("{name}:");
    for coefficient in u.into_iter().take(10) {
        print!(" {coefficient}");
    }
    println!();
}

fn exp() -> Series {
    fix(|e| integral(ONE, e))
}

fn sin() -> Series {
    fix(|s| integral(ZERO, integral(ONE, scale(Ratio::new(-1, 1), s))))
}

/// The derivative of tan is 1 + tan².
fn tan() -> Series {
    fix(|t| {
        let (t1, t2) = split(t);
        integral(ZERO, add(constant(ONE), mul(t1, t2)))
    })
}

/// A stage that computes its terms with `term`, one after the other, until `None` or until nobody reads them.
fn series(mut term: impl FnMut() -> Option<Ratio> + Send + 'static) -> Series {
    let (tx, rx) = gort::channel(0);
    go! {
        while let Some(coefficient) = term() {
            chan!(tx <- coefficient);
        }
    };
    rx
}

/// c + 0x + 0x² + …
fn constant(c: Ratio) -> Series {
    let mut next = c;
    series(move || Some(std::mem::replace(&mut next, ZERO)))
}

fn add(u: Series, v: Series) -> Series {
    series(move || Some(chan!(<-u)? + chan!(<-v)?))
}

fn scale(c: Ratio, u: Series) -> Series {
    series(move || Some(c * chan!(<-u)?))
}

/// c + ∫u
fn integral(c: Ratio, u: Series) -> Series {
    let mut n = 0;
    series(move || {
        n += 1;
        if n == 1 {
            Some(c)
        } else {
            Some(chan!(<-u)? * Ratio::new(1, n - 1))
        }
    })
}

/// u · v: every term is a sum over all that was seen of both.
fn mul(u: Series, v: Series) -> Series {
    let (mut us, mut vs) = (Vec::new(), Vec::new());
    series(move || {
        us.push(chan!(<-u)?);
        vs.push(chan!(<-v)?);
        let products = us.iter().zip(vs.iter().rev()).map(|(&a, &b)| a * b);
        Some(products.fold(ZERO, Ratio::add))
    })
}

/// The same series for two readers, each at its own pace; for one of them when the other is gone.
fn split(u: Series) -> (Series, Series) {
    let (a, a_rx) = gort::channel(0);
    let (b, b_rx) = gort::channel(0);
    go! {
        let (mut for_a, mut for_b) = (VecDeque::new(), VecDeque::new());
        loop {
            let empty = for_a.is_empty() || for_b.is_empty();
            select! {
                Some(c) = <-empty.then_some(&u) => {
                    for_a.push_back(c);
                    for_b.push_back(c);
                }
                for_a.front().map(|_| &a) <- for_a.front().copied().unwrap_or(ZERO) => { for_a.pop_front(); }
                for_b.front().map(|_| &b) <- for_b.front().copied().unwrap_or(ZERO) => { for_b.pop_front(); }
                else => return,
            }
        }
    };
    (a_rx, b_rx)
}

/// The series s for which s = f(s): what comes out is fed back in, term by term, so it runs no further than it is read.
fn fix(f: impl FnOnce(Series) -> Series) -> Series {
    let (back, feedback) = gort::channel(0);
    let (out_tx, out) = gort::channel(0);
    let s = f(feedback);
    go! {
        for c in s {
            chan!(out_tx <- c);
            chan!(back <- c);
        }
    };
    out
}

#[derive(Clone, Copy, PartialEq)]
struct Ratio {
    num: i64,
    den: i64,
}

const ZERO: Ratio = Ratio { num: 0, den: 1 };
const ONE: Ratio = Ratio { num: 1, den: 1 };

impl Ratio {
    fn new(num: i64, den: i64) -> Ratio {
        let g = gcd(num, den) * den.signum();
        Ratio {
            num: num / g,
            den: den / g,
        }
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

impl Add for Ratio {
    type Output = Ratio;

    fn add(self, other: Ratio) -> Ratio {
        Ratio::new(self.num * other.den + other.num * self.den, self.den * other.den)
    }
}

impl Mul for Ratio {
    type Output = Ratio;

    fn mul(self, other: Ratio) -> Ratio {
        Ratio::new(self.num * other.num, self.den * other.den)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}
