//! `chan!`: expansions of the four forms, messages for what is none of them.

use super::expand;
use super::parse::parse;
use crate::error::Mistakes;
use crate::tests::{assert_one, assert_same, lex, private};

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_same(&expand(&private(), &lex(text)), expected);
}

#[test]
fn the_four_forms() {
    becomes("u64", "::gort::__private::make::<u64>(0)");
    becomes("u64,", "::gort::__private::make::<u64>(0)");
    becomes(
        "HashMap<K, Vec<V>>, n + 1",
        "::gort::__private::make::<HashMap<K, Vec<V>>>(n + 1)",
    );
    becomes("fn(u8) -> u8, 3,", "::gort::__private::make::<fn(u8) -> u8>(3)");
    becomes(
        "tx <- v",
        "{ use ::gort::__private::sending as __gort_sending; (match &tx { operand => __gort_sending(operand) }).send(v) }",
    );
    becomes(
        "<-rx",
        "{ use ::gort::__private::recv as __gort_recv; (match &rx { operand => __gort_recv(operand) }) }",
    );
}

#[test]
fn operands_are_whole_expressions() {
    becomes(
        "a <- -1",
        "{ use ::gort::__private::sending as __gort_sending; (match &a { operand => __gort_sending(operand) }).send(-1) }",
    );
    becomes(
        "a <- b < -c",
        "{ use ::gort::__private::sending as __gort_sending; (match &a { operand => __gort_sending(operand) }).send(b < -c) }",
    );
    becomes(
        "x.m::<Vec<u8>>()[0] <- |x| -> u8 { x }",
        "{ use ::gort::__private::sending as __gort_sending; (match &x.m::<Vec<u8>>()[0] { operand => __gort_sending(operand) }).send(|x| -> u8 { x }) }",
    );
    becomes(
        "tx <- match a { 1 => b, _ => c }",
        "{ use ::gort::__private::sending as __gort_sending; (match &tx { operand => __gort_sending(operand) }).send(match a { 1 => b, _ => c }) }",
    );
    becomes(
        "<-a.b?",
        "{ use ::gort::__private::recv as __gort_recv; (match &a.b? { operand => __gort_recv(operand) }) }",
    );
    becomes(
        "<-a as X",
        "{ use ::gort::__private::recv as __gort_recv; (match &(a as X) { operand => __gort_recv(operand) }) }",
    );
}

#[test]
fn mistakes_say_what_to_write() {
    for (text, part) in [
        ("", "`chan!(T, capacity)` makes a channel"),
        ("tx <-", "a value is missing after `<-`"),
        ("<-", "a channel is missing after `<-`"),
        ("tx -> v", "is `<-`, to the left"),
        ("->rx", "is `<-`, to the left"),
        ("tx < - v", "without a space"),
        ("tx <= v", "the arrow of a channel is `<-`"),
        ("v := <-rx", "write `let v = chan!(<-rx);`"),
        ("let v = <-rx", "write `let v = chan!(<-rx);`"),
        ("v, ok = <-rx", "match chan!(<-rx) {"),
        ("a <- <-b", "a second `<-`"),
        ("a <- (1 + <-b)", "write `chan!(<-rx)`"),
        ("<-a, b", "one expression"),
        ("a <- b, c", "make a tuple"),
        ("a <- b;", "remove this `;`"),
        ("chan u64", "without `chan`"),
        ("make(chan u64)", "by itself"),
        ("u64; 3", "follows a comma"),
        ("u64 3", "a comma is missing"),
        ("u64, 3, 4", "one capacity"),
        ("u64, -1", "cannot be negative"),
        ("u64, 1.5", "a whole number"),
        ("u64, \"3\"", "a whole number"),
        ("u64, cap = 3", "a plain number"),
        ("3, u64", "the element type comes first"),
        ("tx.send(v)", "need no macro"),
    ] {
        let mut mistakes = Mistakes::default();
        parse(&lex(text), &mut mistakes);
        assert_one(&mistakes.messages(), text, part);
    }
}

#[test]
fn both_sides_are_looked_at() {
    let mut mistakes = Mistakes::default();
    parse(&lex("a b <- c d"), &mut mistakes);
    assert_eq!(mistakes.messages().len(), 2);
}
