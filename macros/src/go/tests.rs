//! `go!`: expansions of every form, messages for what is none.

use super::expand;
use super::parse::parse;
use crate::error::Mistakes;
use crate::tests::{assert_one, assert_same, lex, private};

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let expected = expected.replace("GO", "::gort::__private::go(::gort::__private::options(),");
    assert_same(&expand(&private(), &lex(text)), &expected);
}

#[track_caller]
fn messages(text: &str) -> Vec<String> {
    let mut mistakes = Mistakes::default();
    let go = parse(&lex(text), &mut mistakes);
    assert!(go.form.is_some() || !mistakes.is_empty(), "{text}");
    mistakes.messages()
}

#[test]
fn blocks_and_statements_move() {
    becomes("{ a; b }", "GO move || { a; b })");
    becomes("a; b", "GO move || { a; b })");
    becomes("f(a);", "GO move || { f(a); })");
    becomes("if a { f() } g()", "GO move || { if a { f() } g() })");
    becomes("println!(\"{a}\")", "GO move || { println!(\"{a}\") })");
    becomes("for v in rx { f(v) }", "GO move || { for v in rx { f(v) } })");
}

#[test]
fn closures_and_their_values_are_taken_as_they_are() {
    becomes("|| f(a)", "GO || f(a))");
    becomes("move || f(a)", "GO move || f(a))");
    becomes("closure", "GO closure)");
    becomes("(self.handler)", "GO self.handler)");
}

#[test]
fn what_a_call_needs_is_evaluated_first_and_in_order() {
    becomes(
        "f(a, 1, b.c(), |x| x)",
        "{ #[allow(unused_mut)] let mut callee = f; let __gort_argument0 = (a,); let argument2 = b.c();
           GO move || callee(__gort_argument0.0, 1, argument2, |x| x)) }",
    );
    becomes(
        "x.y.m::<T>(&a)",
        "{ #[allow(unused_mut)] let mut receiver = ::gort::__private::keep(x.y); let argument0 = &a;
           GO move || receiver.m::<T>(argument0)) }",
    );
    becomes(
        "x.m(a.b.clone())",
        "{ #[allow(unused_mut)] let mut receiver = x; let __gort_argument0 = (a.b.clone(),);
           GO move || receiver.m(__gort_argument0.0)) }",
    );
    becomes("m::f::<T>()", "GO move || m::f::<T>())");
}

/// It may be in an `Arc`, out of which nothing can be moved.
#[test]
fn a_receiver_inside_of_what_is_captured_stays_there() {
    for (captures, variable) in [("[x = y]", "y"), ("[mut x = y]", "y")] {
        let allow = if captures.contains("mut") {
            ""
        } else {
            "#[allow(unused_mut)]"
        };
        becomes(
            &format!("{captures} x.1.m(a.b)"),
            &format!(
                "{{ let capture0 = {variable}; {allow} let mut x = capture0; let argument0 = a.b; GO move || x.1.m(argument0)) }}"
            ),
        );
    }
    becomes(
        "[x = y] x.m()",
        "{ let capture0 = y; let x = capture0; #[allow(unused_mut)] let mut receiver = x; GO move || receiver.m()) }",
    );
    becomes(
        "[x = y] z.x.m()",
        "{ let capture0 = y; let x = capture0; #[allow(unused_mut)] let mut receiver = ::gort::__private::keep(z.x);
           GO move || receiver.m()) }",
    );
}

#[test]
fn options_target_and_captures_come_before_any_form() {
    becomes(
        "name = n, stack = 1 << 20; s => [a, mut b] || f(a, b)",
        "{ let options = ::gort::__private::options().name(n).stack(1 << 20);
           #[allow(unused_imports)] use ::gort::__private::Spawner as _; let target = &s;
           let a = { #[allow(unused_imports)] use ::gort::__private::core::clone::Clone as _; a.clone() };
           let mut b = { #[allow(unused_imports)] use ::gort::__private::core::clone::Clone as _; b.clone() };
           target.spawn_goroutine(options, move || f(a, b)) }",
    );
    becomes(
        "[a = b.c(), mut d = f::<A, B>(a), e, g = |x, y| x] h()",
        "{ let capture0 = b.c(); let capture1 = f::<A, B>(a);
           let capture2 = { #[allow(unused_imports)] use ::gort::__private::core::clone::Clone as _; e.clone() };
           let capture3 = |x, y| x;
           let a = capture0;
           let mut d = capture1;
           let e = capture2;
           let g = capture3;
           #[allow(unused_mut)] let mut callee = h;
           GO move || callee()) }",
    );
    for text in [
        "s => stack = 3, name = \"x\"; {}",
        "stack = 3; s => name = \"x\"; {}",
        "stack = 3, name = \"x\",; s => {}",
    ] {
        becomes(
            text,
            "{ let options = ::gort::__private::options().name(\"x\").stack(3);
               #[allow(unused_imports)] use ::gort::__private::Spawner as _; let target = &s;
               target.spawn_goroutine(options, move || {}) }",
        );
    }
}

#[test]
fn mistakes_say_what_to_write() {
    for (text, part) in [
        ("", "what should the goroutine run?"),
        ("name = \"x\";", "is missing after this"),
        ("[tx]", "is missing after this"),
        ("s =>", "is missing after this"),
        ("=> f()", "is missing before `=>`"),
        ("s -> f()", "to start the goroutine on comes `=>`"),
        ("nmae = \"x\"; f()", "unknown option `nmae`"),
        ("stack_size = 1; f()", "did you mean `stack`?"),
        ("name = \"a\", name = \"b\"; f()", "given twice"),
        ("name = 5; f()", "a name is a string"),
        ("stack = \"5\"; f()", "a number of bytes"),
        ("name = ; f()", "the value of `name` is missing"),
        ("name: \"x\"; f()", "written with `=`"),
        ("name = \"x\", f()", "options end with `;`"),
        ("name = \"x\" stack = 3; f()", "separated by commas"),
        ("[tx.clone()] {}", "write `[tx]`"),
        ("[f(x)] {}", "has a name: `[value = f (x)]`"),
        ("[a =] {}", "a value is missing"),
        ("[a = b c] {}", "the value ends before this"),
        ("[self = b] {}", "`[this = self.clone()]`"),
        ("[a, a = b] {}", "listed twice"),
        ("[&a] {}", "gort::scope"),
        ("[self] {}", "[this = self.clone()]"),
        ("[a, a] {}", "listed twice"),
        ("[a,, b] {}", "a name is missing"),
        ("[a], {}", "no comma after the capture list"),
        ("async { f().await }", "no `async`"),
        ("async move {}", "no `async`"),
        ("async || {}", "no `async`"),
        ("f().await", "no `.await`"),
        ("move { f() }", "a block is moved already"),
        ("func() { f() }()", "write the body as a block"),
        ("|x| f(x)", "nobody passes arguments"),
        ("f(x)?", "the result comes later"),
        ("5", "nothing to run"),
        ("(a, b)", "nothing to run"),
        ("a + b", "put any other expression into a block"),
        ("tx <- v", "chan!(tx <- value)"),
        ("go f(x)", "says it already"),
    ] {
        assert_one(&messages(text), text, part);
    }
}

#[test]
fn all_mistakes_are_reported() {
    assert_eq!(
        messages("nmae = 1, size = 2; s -> [f(x), a, a] async {}").len(),
        6
    );
}

#[test]
fn the_body_survives_a_mistake() {
    let output = expand(&private(), &lex("nmae = 1; { my_function() }")).to_string();
    assert!(
        output.contains("compile_error") && output.contains("my_function"),
        "{output}"
    );
}
