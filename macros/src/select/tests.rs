//! `select!`: the expansion, what an arm's tokens are cut into, messages.

use super::parse::parse;
use super::{Binding, Operation, expand};
use crate::tests::{assert_one, assert_same, lex, private};

fn messages(text: &str) -> Vec<String> {
    parse(lex(text)).1.messages()
}

#[test]
fn the_expansion() {
    assert_same(
        &expand(&private(), lex("v = <-a => f(v), b <- c => {} Some((x, y)) = <-d() => x, <-e => (), default => g()")),
        "{
            use ::gort::__private::recv_arm as __gort_recv_arm;
            use ::gort::__private::recv_some_arm as __gort_recv_some_arm;
            use ::gort::__private::sending as __gort_sending;
            enum __GortChosen<T0, T2> { Arm0(T0), Arm1, Arm2(T2), Arm3, Default }
            let chosen = {
                let operand0 = &a;
                let mut arm0 = __gort_recv_arm(operand0);
                let operand1 = &b;
                let mut arm1 = ::gort::__private::keep(::gort::__private::Message {
                    to: __gort_sending(operand1), value: c }).arm();
                let operand2 = ::gort::__private::keep(d());
                let operand2 = &operand2;
                let mut arm2 = __gort_recv_some_arm(operand2);
                let operand3 = &e;
                let mut arm3 = __gort_recv_arm(operand3);
                let index = ::gort::__private::select([&mut arm0, &mut arm1, &mut arm2, &mut arm3], false, true, false);
                match index {
                    0usize => __GortChosen::Arm0(arm0.take()),
                    1usize => { arm1.finish(); __GortChosen::Arm1 }
                    2usize => __GortChosen::Arm2(arm2.take_some()),
                    3usize => { let _ = arm3.take(); __GortChosen::Arm3 }
                    ::gort::__private::DEFAULT => __GortChosen::Default,
                    _ => ::gort::__private::unreachable_arm(),
                }
            };
            match chosen {
                __GortChosen::Arm0(v) => f(v),
                __GortChosen::Arm1 => {},
                __GortChosen::Arm2(value) => match value { (x, y) => x },
                __GortChosen::Arm3 => (),
                __GortChosen::Default => g(),
            }
        }",
    );
}

#[test]
fn a_value_that_is_given_back() {
    assert_same(
        &expand(&private(), lex("a <- take self.queue => f()")),
        "{
            use ::gort::__private::sending as __gort_sending;
            enum __GortChosen<> { Arm0, }
            let chosen = {
                let operand0 = &a;
                let operand0_place = { use ::gort::__private::Place as _; self.queue.__gort_place() };
                let mut arm0 = {
                    use ::gort::__private::take_arm as __gort_take_arm;
                    __gort_take_arm(__gort_sending(operand0), operand0_place)
                };
                let index = ::gort::__private::select_send([arm0.send()], false, false, false);
                match index {
                    0usize => { arm0.finish(); __GortChosen::Arm0 }
                    _ => ::gort::__private::unreachable_arm(),
                }
            };
            match chosen {
                __GortChosen::Arm0 => f(),
            }
        }",
    );
}

#[test]
fn nothing_to_wait_for_waits_for_ever() {
    assert_same(
        &expand(&private(), Vec::new()),
        "::gort::__private::select_forever()",
    );
    assert_same(
        &expand(&private(), lex("biased;")),
        "::gort::__private::select_forever()",
    );
}

/// How the arms were understood: a letter each for the binding or `>` for a send, then the body.
#[track_caller]
fn arms(text: &str) -> Vec<String> {
    let (select, mistakes) = parse(lex(text));
    assert_eq!(mistakes.messages(), Vec::<String>::new(), "{text}");
    let arms = select.arms.iter().map(|arm| {
        let form = match &arm.operation {
            Operation::Send { .. } => '>',
            Operation::Take { .. } => 't',
            Operation::Receive {
                binding: Binding::Nothing,
                ..
            } => '_',
            Operation::Receive {
                binding: Binding::Plain(_),
                ..
            } => 'v',
            Operation::Receive {
                binding: Binding::Two(_),
                ..
            } => '2',
            Operation::Receive {
                binding: Binding::Some(_),
                ..
            } => 'S',
        };
        format!("{form} {}", arm.body).replace(' ', "")
    });
    arms.collect()
}

#[test]
fn bindings() {
    for (text, form) in [
        ("v = <-rx => 1", "v1"),
        ("mut v = <-rx => 1", "v1"),
        ("ref v = <-rx => 1", "v1"),
        ("_ = <-rx => 1", "_1"),
        ("<-rx => 1", "_1"),
        ("(v, ok) = <-rx => 1", "21"),
        ("(Point { x, y }, _) = <-rx => 1", "21"),
        ("((a, b), mut ok) = <-rx => 1", "21"),
        ("Some(v) = <-rx => 1", "S1"),
        ("Some(..) = <-rx => 1", "S1"),
        ("Some((a, .., b)) = <-rx => 1", "S1"),
        ("Some(Wrapper([a, _])) = <-rx => 1", "S1"),
        ("Some(&(a, b)) = <-rx => 1", "S1"),
        ("Some(m::Point { x, .. }) = <-rx => 1", "S1"),
        ("Option::Some(v) = <-rx => 1", "S1"),
        ("default = <-default => 1", "v1"),
        ("case <- biased => 1", ">1"),
        ("tx <- -1 => 1", ">1"),
        ("x.m::<A, B>() <- Point { x: 1 } => 1", ">1"),
        ("tx <- match a { 1 => b, _ => c } => 1", ">1"),
        ("tx <- |x| x => 1", ">1"),
        ("tx <- take queue => 1", "t1"),
        ("tx <- take self.queues[at] => 1", "t1"),
        ("tx <- take => 1", ">1"),
        ("tx <- take.first => 1", ">1"),
        ("tx <- take(queue) => 1", ">1"),
        ("tx <- take as u8 => 1", ">1"),
        ("tx <- take & queue => 1", ">1"),
        ("take <- take take => 1", "t1"),
    ] {
        assert_eq!(arms(text), [form], "{text}");
    }
}

#[test]
fn bodies_end_as_in_match() {
    assert_eq!(arms("<-a => { 1 } <-b => 2"), ["_{1}", "_2"]);
    assert_eq!(
        arms("<-a => if x { 1 } else { 2 } <-b => match x { _ => 3 } <-c => loop {}"),
        ["_ifx{1}else{2}", "_matchx{_=>3}", "_loop{}"]
    );
    assert_eq!(
        arms("<-a => { 1 }.f(), <-b => f::<A, B>(c, d), <-c => x = 5,"),
        ["_{1}.f()", "_f::<A,B>(c,d)", "_x=5"]
    );
    assert_eq!(
        arms("<-a => return, <-b => break 'l, <-c => |x, y| x + y, <-d => x < -1"),
        ["_return", "_break'l", "_|x,y|x+y", "_x<-1"]
    );
    assert_eq!(arms("a <- b => { c => d ; <- } <-e => 1"), [">{c=>d;<-}", "_1"]);
}

#[test]
fn mistakes_say_what_to_write() {
    for (text, part) in [
        ("default => 1, default => 2", "a second `default`"),
        ("else => 1, else => 2", "a second `else`"),
        ("Some(0) = <-rx => 1", "does not take every value"),
        ("Some(1..=2) = <-rx => 1", "does not take every value"),
        ("Some(Ok(v)) = <-rx => 1", "does not take every value"),
        ("Some(Shape::Empty) = <-rx => 1", "does not take every value"),
        ("(v, true) = <-rx => 1", "does not take every value"),
        ("Some(A | B) = <-rx => 1", "alternatives"),
        ("Some(1) | None = <-rx => 1", "alternatives"),
        ("None = <-rx => 1", "match v { Some(v) => …, None => … }"),
        ("Ok(v) = <-rx => 1", "not a `Result`"),
        ("Point { x } = <-rx => 1", "a receive gives an `Option`"),
        ("(a, b, c) = <-rx => 1", "two-value form"),
        ("Some(a, b) = <-rx => 1", "holds one pattern"),
        ("let v = <-rx => 1", "remove `let`"),
        ("v: u8 = <-rx => 1", "has no type"),
        ("v, ok = <-rx => 1", "has parentheses: `(v , ok)"),
        ("v += <-rx => 1", "a plain `=`"),
        ("v := <-rx => 1", "write `v = <-…`"),
        ("v, ok := <-rx => 1", "write `(v , ok) = <-…`"),
        ("case v := <-rx => 1", "remove `case`"),
        ("case <-rx: f()", "remove `case`"),
        ("v = ->rx => 1", "is `<-`, to the left"),
        ("v = < -rx => 1", "without a space"),
        ("tx < - v => 1", "without a space"),
        ("v = rx.recv() => 1", "without `.recv()`"),
        ("tx.send(v) => 1", "a send is written `tx <- value`"),
        ("rx => 1", "an arm waits for a channel"),
        ("_ => 1", "write `default => …`"),
        ("= <-rx => 1", "a pattern is missing"),
        ("v = <- => 1", "a channel is missing"),
        ("tx <- => 1", "a value is missing"),
        ("v = <-rx if x => 1", "an arm has no guard"),
        ("tx <- take queue.pop_front() => 1", "by itself"),
        ("tx <- take &mut queue => 1", "remove the `&mut`"),
        ("tx <- take f(queue) => 1", "behind `take` stands a variable"),
        ("tx <- take queue if x => 1", "an arm has no guard"),
        ("default if x => 1", "stands alone"),
        ("default: f()", "write `default => { … }`"),
        ("default { f() }", "`=>` and a body are missing"),
        ("v = <-rx { f() }", "`=>` and a body are missing"),
        ("v = <-rx", "`=>` and a body are missing"),
        ("v = <-rx { f() } w = <-rx => 1", "`=>` and a body are missing"),
        ("v = <-rx, w = <-rx => 1", "`=>` and a body are missing"),
        ("v = <-rx =>", "a body is missing"),
        ("v = <-rx =>, <-b => 1", "a body is missing"),
        ("<-a => f() <-b => 1", "a comma is missing"),
        ("<-a => tx <- 1", "through `chan!`"),
        ("<-a => f(); <-b => 1", "separated by commas"),
        ("<-a => {}, , <-b => 1", "remove it"),
        ("=> 1", "an arm is missing"),
        ("<-a => 1, biased;", "comes first"),
        ("biased, <-a => 1", "ends with a semicolon"),
        ("<-a <- b => 1", "a second `<-`"),
        ("a <- <-b => 1", "a second `<-`"),
        ("a <- (<-b) => 1", "write `chan!(<-rx)`"),
    ] {
        assert_one(&messages(text), text, part);
    }
}

#[test]
fn all_mistakes_are_reported_and_all_bodies_survive() {
    let text = "v := <-a => one(v), Some(0) = <-b => two(), w = <-c => three(w), default => four(), default => five(),
        x = <-d { six(x) } tx <- => seven(), y = <-e => eight(y) else => nine()";
    assert_eq!(messages(text).len(), 6, "{:#?}", messages(text));
    let output = expand(&private(), lex(text)).to_string();
    for body in [
        "one (v)",
        "two ()",
        "three (w)",
        "four ()",
        "five ()",
        "six (x)",
        "seven ()",
        "eight (y)",
        "nine ()",
    ] {
        assert!(output.contains(body), "{body} is not in {output}");
    }
}
