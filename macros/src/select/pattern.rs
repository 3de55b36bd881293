//! The left side of a receive: which patterns are allowed, and what they stand for.
//!
//! A value that was received is gone from the channel, so a pattern that does not take it would
//! lose it. Only patterns that take every value pass. Whether a struct pattern names an enum's
//! variant cannot be seen here; the expansion leaves that to rustc, which reports the pattern
//! (E0004).

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Pat, PatTuple, PatTupleStruct, Path, Token};

use super::Binding;
use crate::arrow::{find_punct, is_punct, is_word, stream};
use crate::error::Mistakes;

/// `None` only if a mistake was added. `arrow` is shown when there is nothing on the left.
pub(super) fn parse(tokens: &[TokenTree], arrow: &[TokenTree], mistakes: &mut Mistakes) -> Option<Binding> {
    if tokens.is_empty() {
        mistakes.at(
            stream(arrow),
            "a pattern is missing before `=`; to ignore the value write `<-rx => …`",
        );
        return None;
    }
    if is_word(tokens, 0, "let") {
        mistakes.at(
            &tokens[0],
            "remove `let`: an arm binds its variables by itself, `v = <-rx => …`",
        );
        return None;
    }
    let pattern = match parse_pattern.parse2(stream(tokens)) {
        Ok((pattern, rest)) if rest.is_empty() => pattern,
        Ok((_, rest)) => {
            report_rest(tokens, &rest, mistakes);
            return None;
        }
        Err(mistake) => {
            mistakes.add(mistake);
            return None;
        }
    };
    whole(pattern, mistakes)
}

fn parse_pattern(input: ParseStream<'_>) -> syn::Result<(Pat, Vec<TokenTree>)> {
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    let mut rest = Vec::new();
    while !input.is_empty() {
        rest.push(input.parse()?);
    }
    Ok((pattern, rest))
}

fn report_rest(tokens: &[TokenTree], rest: &[TokenTree], mistakes: &mut Mistakes) {
    if is_punct(rest, 0, ',') && find_punct(tokens, '(').is_none() {
        mistakes.at(
            stream(tokens),
            format!(
                "the two-value form has parentheses: `({}) = <-rx`",
                stream(tokens)
            ),
        );
    } else if is_punct(rest, 0, ':') {
        mistakes.at(
            stream(rest),
            "an arm's pattern has no type; give it to the channel, or to a `let` in the body",
        );
    } else if rest.len() == 1 && rest[0].to_string().len() == 1 {
        mistakes.at(
            &rest[0],
            "a receive is written with a plain `=`: `v = <-rx`; combine values in the body",
        );
    } else {
        mistakes.at(
            stream(rest),
            "the pattern ends before this: a receive is written `v = <-rx`",
        );
    }
}

/// The pattern as a whole: it decides which of the forms this is.
fn whole(pattern: Pat, mistakes: &mut Mistakes) -> Option<Binding> {
    match pattern {
        Pat::Wild(_) => Some(Binding::Nothing),
        Pat::Paren(paren) => whole(*paren.pat, mistakes),
        Pat::Ident(_) => takes_all(&pattern, mistakes).then_some(Binding::Plain(pattern)),
        Pat::Tuple(tuple) => two_values(tuple, mistakes),
        Pat::TupleStruct(PatTupleStruct { ref path, .. }) if is_named(path, "Some") => {
            let Pat::TupleStruct(some) = pattern else {
                return None;
            };
            inside_some(some, mistakes)
        }
        Pat::TupleStruct(PatTupleStruct { ref path, .. })
            if is_named(path, "Ok") || is_named(path, "Err") =>
        {
            let say = "a receive gives an `Option`, not a `Result`: write `Some(v) = <-rx => …` (the arm drops out once \
                       the channel is closed) or `v = <-rx => match v { … }`";
            mistakes.at(&pattern, say);
            None
        }
        Pat::Struct(_) | Pat::TupleStruct(_) | Pat::Reference(_) | Pat::Slice(_) => {
            let text = pattern.to_token_stream();
            let say = format!(
                "a receive gives an `Option`: write `Some({text}) = <-rx` (the arm drops out once the channel is closed) or \
                 `({text}, ok) = <-rx`"
            );
            mistakes.at(&pattern, say);
            None
        }
        other => {
            takes_all(&other, mistakes);
            None
        }
    }
}

fn two_values(tuple: PatTuple, mistakes: &mut Mistakes) -> Option<Binding> {
    if tuple.elems.len() != 2 || tuple.elems.iter().any(|element| matches!(element, Pat::Rest(_))) {
        let say = "a tuple on the left is Go's two-value form `(v, ok) = <-rx`; to take a tuple apart write \
                   `Some((a, b, c)) = <-rx` or `((a, b, c), ok) = <-rx`";
        mistakes.at(tuple, say);
        return None;
    }
    let tuple = Pat::Tuple(tuple);
    takes_all(&tuple, mistakes).then_some(Binding::Two(tuple))
}

fn inside_some(some: PatTupleStruct, mistakes: &mut Mistakes) -> Option<Binding> {
    if some.elems.len() != 1 {
        mistakes.at(
            &some,
            "`Some(…)` holds one pattern: `Some(v) = <-rx`; for a tuple `Some((a, b)) = <-rx`",
        );
        return None;
    }
    let inner = some.elems.into_iter().next()?;
    if let Pat::Rest(rest) = &inner {
        let underscore = syn::PatWild {
            attrs: Vec::new(),
            underscore_token: Token![_](rest.dot2_token.spans[0]),
        };
        return Some(Binding::Some(Pat::Wild(underscore)));
    }
    takes_all(&inner, mistakes).then_some(Binding::Some(inner))
}

/// Whether the pattern takes every value, as far as that can be seen. Adds a mistake for each part
/// that does not.
fn takes_all(pattern: &Pat, mistakes: &mut Mistakes) -> bool {
    let before = mistakes.count();
    refuse_parts(pattern, mistakes);
    mistakes.count() == before
}

fn refuse_parts(pattern: &Pat, mistakes: &mut Mistakes) {
    match pattern {
        Pat::Wild(_) | Pat::Rest(_) => {}
        Pat::Ident(ident) if ident.ident == "None" => mistakes.at(
            pattern,
            "`None` does not take every value: write `v = <-rx => match v { Some(v) => …, None => … }`",
        ),
        Pat::Ident(ident) => {
            if let Some((_, inner)) = &ident.subpat {
                refuse_parts(inner, mistakes);
            }
        }
        Pat::Paren(paren) => refuse_parts(&paren.pat, mistakes),
        Pat::Reference(reference) => refuse_parts(&reference.pat, mistakes),
        Pat::Tuple(tuple) => refuse_each(&tuple.elems, mistakes),
        Pat::Slice(slice) => refuse_each(&slice.elems, mistakes),
        Pat::Struct(fields) => {
            for field in &fields.fields {
                refuse_parts(&field.pat, mistakes);
            }
        }
        Pat::TupleStruct(tuple) if !["Some", "Ok", "Err"].iter().any(|name| is_named(&tuple.path, name)) => {
            refuse_each(&tuple.elems, mistakes);
        }
        Pat::Or(_) => mistakes.at(
            pattern,
            "alternatives are told apart in the body: `Some(v) = <-rx => match v { A => …, B => … }`",
        ),
        _ => mistakes.at(
            pattern,
            format!(
                "`{}` does not take every value, and the others would be lost: bind the value and look at it in the \
                 body, `Some(v) = <-rx => match v {{ … }}`",
                pattern.to_token_stream()
            ),
        ),
    }
}

fn refuse_each(patterns: &Punctuated<Pat, Token![,]>, mistakes: &mut Mistakes) {
    for pattern in patterns {
        refuse_parts(pattern, mistakes);
    }
}

/// `name`, also at the end of a path such as `Option::Some`.
fn is_named(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}
