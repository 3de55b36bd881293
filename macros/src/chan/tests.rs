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
    sends("tx <- v", "let operand = &tx;", "v");
    receives("<-rx", "let operand = &rx;");
}

#[track_caller]
fn sends(text: &str, binding: &str, value: &str) {
    becomes(
        text,
        &format!(
            "{{ use ::gort::__private::sending as __gort_sending; {binding}
                let message = ::gort::__private::keep(::gort::__private::Message {{
                    to: __gort_sending(operand), value: {value} }});
                message.send() }}"
        ),
    );
}

#[track_caller]
fn receives(text: &str, binding: &str) {
    becomes(
        text,
        &format!("{{ use ::gort::__private::recv as __gort_recv; {binding} __gort_recv(operand) }}"),
    );
}

#[test]
fn operands_are_whole_expressions() {
    sends("a <- -1", "let operand = &a;", "-1");
    sends("a <- b < -c", "let operand = &a;", "b < -c");
    sends(
        "x.m::<Vec<u8>>()[0] <- |x| -> u8 { x }",
        "let operand = ::gort::__private::keep(&x.m::<Vec<u8>>()[0]);",
        "|x| -> u8 { x }",
    );
    sends(
        "tx <- match a { 1 => b, _ => c }",
        "let operand = &tx;",
        "match a { 1 => b, _ => c }",
    );
    receives(
        "<-a.b?",
        "let operand = ::gort::__private::keep(a.b?); let operand = &operand;",
    );
    receives(
        "<-a as X",
        "let operand = ::gort::__private::keep(a as X); let operand = &operand;",
    );
}

/// Places are borrowed, values are moved, and what is in a temporary must not be extended.
#[test]
fn an_operand_is_kept_by_its_nature() {
    for place in [
        "a",
        "self.a",
        "a.b.0[f()]",
        "*a",
        "(*a).b[0]",
        "m::A",
        "m!()",
        "(&a).b",
    ] {
        receives(&format!("<-{place}"), &format!("let operand = &{place};"));
    }
    for (borrow, place) in [
        ("&a", "a"),
        ("&mut *a", "*a"),
        ("(&a.b)", "a.b"),
        ("(a.b)", "a.b"),
        ("&&a[0]", "a[0]"),
    ] {
        receives(&format!("<-{borrow}"), &format!("let operand = &{place};"));
    }
    for value in [
        "f()",
        "a.m()",
        "{ a }",
        "if a { b } else { c }",
        "a.b.m()?",
        "Some(&a)",
        "[a, b]",
    ] {
        let binding = format!("let operand = ::gort::__private::keep({value}); let operand = &operand;");
        receives(&format!("<-{value}"), &binding);
        receives(&format!("<-&{value}"), &binding);
    }
    for inside in [
        "f().a",
        "a.m().b[0]",
        "*a.m()",
        "(*a.m()).b",
        "m!().a",
        "[a, b][0]",
    ] {
        let binding = format!("let operand = ::gort::__private::keep(&{inside});");
        receives(&format!("<-{inside}"), &binding);
        receives(&format!("<-&{inside}"), &binding);
    }
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
