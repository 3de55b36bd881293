//! Port of the channel part of test/range.go: ranging over a channel (GS-42, GS-43).

use gort::prelude::*;

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";

fn generate(c: Chan<char>, lo: char, hi: char) {
    for i in lo..=hi {
        chan!(c <- i);
    }
    c.close();
}

fn seq(lo: char, hi: char) -> Chan<char> {
    let c = chan!(char);
    go!(generate(c.clone(), lo, hi));
    c
}

#[gort::test]
fn ranging_ends_when_closed_and_drained() {
    let mut s = String::new();
    for c in seq('a', 'z') {
        s.push(c);
    }
    assert_eq!(s, ALPHABET);

    let c = seq('a', 'z');
    let mut n = 0;
    for _ in &c {
        n += 1;
    }
    assert_eq!(n, 26);
    assert_eq!(c.rx().iter().next(), None);
}

#[gort::test]
fn a_buffer_is_drained_first() {
    let c = chan!(i32, 3);
    for i in 0..3 {
        chan!(c <- i);
    }
    c.close();
    assert_eq!(c.rx().into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

/// The expression after `in` is evaluated once.
#[gort::test]
fn the_channel_is_evaluated_once() {
    let mut made = 0;
    let mut make = || {
        made += 1;
        seq('a', 'e')
    };
    let text: String = make().rx().into_iter().collect();
    assert_eq!((text.as_str(), made), ("abcde", 1));
}
