//! What holds for all macros: nothing panics, and whatever comes in, an expression comes out. Also
//! the tools that the tests of the single macros share.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use crate::path::Private;

/// The tokens of `text`.
pub(crate) fn lex(text: &str) -> Vec<TokenTree> {
    text.parse::<TokenStream>()
        .expect("these tokens lex")
        .into_iter()
        .collect()
}

pub(crate) fn private() -> Private {
    Private::of(quote!(::gort))
}

/// Two streams are the same up to spaces.
#[track_caller]
pub(crate) fn assert_same(actual: &TokenStream, expected: &str) {
    let expected: TokenStream = expected.parse().expect("these tokens lex");
    let bare = |tokens: &TokenStream| tokens.to_string().replace(char::is_whitespace, "");
    assert_eq!(bare(actual), bare(&expected), "{actual}");
}

/// That there is exactly one message, and that it says this.
#[track_caller]
pub(crate) fn assert_one(messages: &[String], text: &str, part: &str) {
    assert_eq!(messages.len(), 1, "`{text}`: {messages:#?}");
    assert!(messages[0].contains(part), "`{text}`: {messages:#?}");
}

const GO: &[&str] = &[
    "f(a, b)",
    "x.m::<T>(a)",
    "{ let a = 1; f(a) }",
    "name = \"n\", stack = 1 << 20; s => [a, mut b] move || a + b",
    "[tx] worker(1, |x| x + 1)",
    "s => name = \"x\"; f",
    "let a = 1; f(a);",
    "if a { f() } g()",
    "async move { f().await }",
    "go func(x int) { f(x) }(1)",
];

const CHAN: &[&str] = &[
    "Vec<(u8, String)>, 1 + n",
    "ch <- -1",
    "x.m::<Vec<u8>>() <- Point { x: 1, y: 2 }",
    "<-f(<-a)",
    "v, ok = <-rx",
    "tx <- <-rx",
    "fn(u8) -> u8, 3",
];

const SELECT: &[&str] = &[
    "v = <-rx => f(v), (v, ok) = <-rx => { g(v, ok) } Some(P { x, .. }) = <-rx => x, <-done => break, else => {}",
    "biased; tx <- match a { 1 => b, _ => c } => return 1, default => if x { y } else { z } _ = <-q.m::<A, B>() => {}",
    "case v := <-rx: f(v) default: g()",
    "Some(0) = <-rx => { v = <-rx } default {} default => 1; else => 2",
    "v = <-rx { } w = <-rx => (), tx <- { 1 } => {}.f(),",
];

/// The stream, every prefix of it, and the stream without one token, at every depth.
fn variants(tokens: &[TokenTree]) -> Vec<Vec<TokenTree>> {
    let mut all = vec![tokens.to_vec()];
    for at in 0..tokens.len() {
        all.push(tokens[..at].to_vec());
        let mut without = tokens.to_vec();
        let removed = without.remove(at);
        all.push(without.clone());
        without.insert(
            at,
            TokenTree::Group(Group::new(Delimiter::None, removed.clone().into())),
        );
        all.push(without.clone());
        if let TokenTree::Group(group) = removed {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            for variant in variants(&inner) {
                without[at] = TokenTree::Group(Group::new(group.delimiter(), variant.into_iter().collect()));
                all.push(without.clone());
            }
        }
    }
    all
}

/// Whether a part that is kept raw is wrong in itself: then the output is too, and rustc says so.
fn has_broken_block(tokens: &[TokenTree]) -> bool {
    let is_broken = |token: &TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            syn::parse2::<syn::Block>(token.clone().into()).is_err()
        }
        _ => false,
    };
    let all: TokenStream = tokens.iter().cloned().collect();
    let is_statements = crate::arrow::find_punct(tokens, ';').is_some();
    tokens.iter().any(is_broken) || is_statements && syn::parse2::<syn::Block>(quote!({ #all })).is_err()
}

fn check(texts: &[&str], expand: impl Fn(Vec<TokenTree>) -> TokenStream) {
    let mut checked = 0;
    for text in texts {
        for variant in variants(&lex(text)) {
            let input: TokenStream = variant.iter().cloned().collect();
            let has_broken_block = has_broken_block(&variant);
            let output = expand(variant);
            if has_broken_block {
                continue;
            }
            checked += 1;
            let parsed = syn::parse2::<syn::Expr>(output.clone());
            assert!(parsed.is_ok(), "`{input}` becomes `{output}`: {:?}", parsed.err());
        }
    }
    assert!(checked > 10 * texts.len(), "{checked}");
}

#[test]
fn whatever_comes_in_an_expression_comes_out() {
    check(GO, |tokens| crate::go::expand(&private(), &tokens));
    check(CHAN, |tokens| crate::chan::expand(&private(), &tokens));
    check(SELECT, |tokens| crate::select::expand(&private(), tokens));
}
