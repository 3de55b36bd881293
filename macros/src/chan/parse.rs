//! The four forms of `chan!`, told apart by where the arrow stands.

use proc_macro2::TokenTree;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Lit, Type};

use super::Chan;
use crate::arrow::{find_arrow, is_assign, is_joint, is_punct, is_word, mistyped, stream};
use crate::error::{Mistakes, missing};
use crate::operand::operand;

const FORMS: &str =
    "`chan!(T)` or `chan!(T, capacity)` makes a channel, `chan!(tx <- value)` sends, `chan!(<-rx)` receives";

/// `None` only if a mistake was added.
pub(super) fn parse(tokens: &[TokenTree], mistakes: &mut Mistakes) -> Option<Chan> {
    // A comma after the last thing is as good as none, as in a function call.
    let tokens =
        &tokens[..tokens.len() - usize::from(tokens.len() > 1 && is_punct(tokens, tokens.len() - 1, ','))];
    match find_arrow(tokens) {
        Some(0) => receive(tokens, mistakes),
        Some(at) if is_assign(tokens, at - 1) => assigned(tokens, at, mistakes),
        Some(at) => send(tokens, at, mistakes),
        None => make(tokens, mistakes),
    }
}

fn receive(tokens: &[TokenTree], mistakes: &mut Mistakes) -> Option<Chan> {
    if tokens.len() == 2 {
        mistakes.at(
            stream(tokens),
            "a channel is missing after `<-`: write `chan!(<-rx)`",
        );
        return None;
    }
    let channel = mistakes.take(operand(&tokens[2..], "the channel"))?;
    Some(Chan::Receive { channel })
}

fn send(tokens: &[TokenTree], at: usize, mistakes: &mut Mistakes) -> Option<Chan> {
    let channel = mistakes.take(operand(&tokens[..at], "the channel"));
    if tokens.len() == at + 2 {
        let arrow = stream(&tokens[at..]);
        mistakes.at(
            arrow,
            "a value is missing after `<-`: write `chan!(tx <- value)` to send, or `chan!(<-rx)` to receive",
        );
        return None;
    }
    let value = mistakes.take(operand(&tokens[at + 2..], "the value"));
    Some(Chan::Send {
        channel: channel?,
        value: value?,
    })
}

/// `chan!(v = <-rx)`, `chan!(let v = <-rx)`, `chan!(v := <-rx)`, `chan!(v, ok = <-rx)`: Go's
/// statement, but this is an expression.
fn assigned(tokens: &[TokenTree], at: usize, mistakes: &mut Mistakes) -> Option<Chan> {
    let left = &tokens[..at];
    let say = if left
        .iter()
        .any(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
    {
        "`chan!(<-rx)` is an `Option` instead of Go's `v, ok`: write `match chan!(<-rx) { Some(v) => …, None => … }`"
    } else {
        "`chan!(<-rx)` is an expression: write `let v = chan!(<-rx);` (an `Option`, `None` once the channel is closed)"
    };
    mistakes.at(stream(left), say);
    None
}

fn make(tokens: &[TokenTree], mistakes: &mut Mistakes) -> Option<Chan> {
    if tokens.is_empty() {
        mistakes.add(missing(stream(tokens), FORMS));
        return None;
    }
    if let Some(say) = gos_way(tokens) {
        mistakes.at(stream(tokens), say);
        return None;
    }
    let (element, rest) = match parse_type.parse2(stream(tokens)) {
        Ok(parsed) => parsed,
        Err(mistake) => {
            mistakes.add(not_a_type(tokens, mistake));
            return None;
        }
    };
    if rest.is_empty() {
        return Some(Chan::Make {
            element,
            capacity: None,
        });
    }
    if !is_punct(&rest, 0, ',') {
        mistakes.add(after_type(&rest));
        return None;
    }
    if rest.len() == 1 {
        return Some(Chan::Make {
            element,
            capacity: None,
        });
    }
    let capacity = mistakes.take(capacity(&rest[1..]))?;
    Some(Chan::Make {
        element,
        capacity: Some(capacity),
    })
}

fn parse_type(input: ParseStream<'_>) -> syn::Result<(Type, Vec<TokenTree>)> {
    let element = input.parse()?;
    let mut rest = Vec::new();
    while !input.is_empty() {
        rest.push(input.parse()?);
    }
    Ok((element, rest))
}

fn gos_way(tokens: &[TokenTree]) -> Option<&'static str> {
    if is_word(tokens, 0, "make") && tokens.len() == 2 && matches!(tokens[1], TokenTree::Group(_)) {
        Some("`chan!` makes the channel by itself: write `chan!(T)` or `chan!(T, capacity)`")
    } else if is_word(tokens, 0, "chan")
        && tokens.len() > 1
        && !is_punct(tokens, 1, ',')
        && !is_punct(tokens, 1, ':')
    {
        Some("write only the element type, without `chan`: `chan!(T)` or `chan!(T, capacity)`")
    } else {
        None
    }
}

fn not_a_type(tokens: &[TokenTree], mistake: syn::Error) -> syn::Error {
    if let Some((range, say)) = mistyped(tokens) {
        return syn::Error::new_spanned(stream(&tokens[range]), say);
    }
    if matches!(tokens[0], TokenTree::Literal(_)) {
        return syn::Error::new_spanned(
            &tokens[0],
            "the element type comes first: `chan!(T, capacity)`, for example `chan!(u64, 100)`",
        );
    }
    syn::Error::new(
        mistake.span(),
        format!("expected the type of the channel's elements: {FORMS}"),
    )
}

fn after_type(rest: &[TokenTree]) -> syn::Error {
    if let Some((range, say)) = mistyped(rest) {
        return syn::Error::new_spanned(stream(&rest[range]), say);
    }
    if is_punct(rest, 0, ';') {
        return syn::Error::new_spanned(&rest[0], "the capacity follows a comma: `chan!(T, capacity)`");
    }
    if is_punct(rest, 0, '.') || is_joint(rest, 0, '=', '=') {
        return syn::Error::new_spanned(
            stream(rest),
            format!("this is no form of `chan!`: {FORMS}; methods such as `tx.send(v)` need no macro"),
        );
    }
    if is_punct(rest, 0, '=') || is_punct(rest, 0, ':') {
        return syn::Error::new_spanned(stream(rest), format!("this is no form of `chan!`: {FORMS}"));
    }
    syn::Error::new_spanned(
        &rest[0],
        "a comma is missing before the capacity (`chan!(T, capacity)`), or an arrow before the value (`chan!(tx <- value)`)",
    )
}

fn capacity(tokens: &[TokenTree]) -> syn::Result<Expr> {
    let expr = operand(tokens, "the capacity")?;
    let say = match &expr {
        Expr::Assign(_) => "the capacity is a plain number: `chan!(T, 100)`",
        Expr::Unary(unary)
            if matches!(unary.op, syn::UnOp::Neg(_)) && matches!(*unary.expr, Expr::Lit(_)) =>
        {
            "a capacity cannot be negative; `chan!(T)` makes an unbuffered channel"
        }
        Expr::Lit(ExprLit {
            lit: Lit::Int(_) | Lit::Verbatim(_),
            ..
        }) => return Ok(expr),
        Expr::Lit(_) => "the capacity is a whole number of elements (`usize`): `chan!(T, 100)`",
        _ => return Ok(expr),
    };
    Err(syn::Error::new_spanned(&expr, say))
}
