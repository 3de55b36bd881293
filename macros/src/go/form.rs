//! The forms of what a goroutine runs: call, method call, block, closure.
//!
//! A macro does not see its own brackets, so `go! { f(x) }` and `go!(f(x))` are one and the same: a
//! call. Anything that is more than one expression, or no call, is the inside of a block.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::{Block, Expr};

use super::Form;
use crate::arrow::{find_arrow, find_punct, is_braces, is_joint, is_word, stream};
use crate::error::Mistakes;

/// Parses all of `tokens` (at least one). `None` only if a mistake was added.
pub(super) fn parse(tokens: &[TokenTree], mistakes: &mut Mistakes) -> Option<Form> {
    if tokens.len() == 1 && is_braces(tokens, 0) {
        return Some(Form::Block(stream(tokens)));
    }
    if let Some(say) = not_ours(tokens) {
        mistakes.at(&tokens[0], say);
        return tokens
            .iter()
            .find(|token| is_braces(std::slice::from_ref(token), 0))
            .map(|block| Form::Block(stream(std::slice::from_ref(block))));
    }
    if find_punct(tokens, ';').is_some() {
        // Statements. What is wrong inside them is rustc's to say.
        return Some(Form::Block(braced(tokens)));
    }
    if let Some(at) = find_arrow(tokens) {
        let say = "inside `go!` a channel is used through `chan!`: `go!({ chan!(tx <- value); })`";
        mistakes.at(stream(&tokens[at..at + 2]), say);
        return None;
    }
    match syn::parse2::<Expr>(stream(tokens)) {
        Ok(expr) => classify(expr, tokens, mistakes),
        Err(mistake) => {
            if Block::parse_within.parse2(stream(tokens)).is_ok() {
                return Some(Form::Block(braced(tokens)));
            }
            mistakes.add(mistake);
            None
        }
    }
}

/// Ways of other languages and libraries, seen at the first tokens.
fn not_ours(tokens: &[TokenTree]) -> Option<&'static str> {
    if is_word(tokens, 0, "move") && is_braces(tokens, 1) {
        Some("a block is moved already: write `go!({ … })`, or a closure `go!(move || { … })`")
    } else if is_word(tokens, 0, "async") {
        Some("a goroutine needs no `async`: write `go!({ … })`; it parks where async code would await")
    } else if is_word(tokens, 0, "func") || is_word(tokens, 0, "fn") && !is_joint(tokens, 1, ':', ':') {
        Some("write the body as a block, `go!({ … })`, or as a closure, `go!(move || { … })`")
    } else if is_word(tokens, 0, "go") && matches!(tokens.get(1), Some(TokenTree::Ident(_))) {
        Some("`go!` says it already: write `go!(f(a, b))`")
    } else {
        None
    }
}

fn classify(expr: Expr, tokens: &[TokenTree], mistakes: &mut Mistakes) -> Option<Form> {
    let say = match expr {
        // A `$e:expr` or `$b:block` that came through a macro of the user's.
        Expr::Group(group) => return classify(*group.expr, tokens, mistakes),
        Expr::Paren(paren) => return classify(*paren.expr, tokens, mistakes),
        Expr::Call(call) => return Some(Form::Call(call)),
        Expr::MethodCall(call) => return Some(Form::Method(call)),
        Expr::Closure(closure) => {
            if let Some(word) = &closure.asyncness {
                mistakes.at(
                    word,
                    "remove `async`: a goroutine parks where async code would await",
                );
                return None;
            }
            if !closure.inputs.is_empty() {
                let inputs = &closure.inputs;
                mistakes.at(
                    inputs,
                    "nobody passes arguments to a goroutine's closure: write `move || …`, and bind the values before \
                     `go!` or pass them to a function, `go!(f(a, b))`",
                );
                return None;
            }
            return Some(Form::Closure(Expr::Closure(closure)));
        }
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) | Expr::Reference(_) => {
            return Some(Form::Closure(expr));
        }
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
            return Some(Form::Block(block.block.to_token_stream()));
        }
        Expr::Block(_)
        | Expr::ForLoop(_)
        | Expr::If(_)
        | Expr::Loop(_)
        | Expr::Macro(_)
        | Expr::Match(_)
        | Expr::TryBlock(_)
        | Expr::Unsafe(_)
        | Expr::While(_) => return Some(Form::Block(quote!({ #expr }))),
        Expr::Async(_) => {
            "a goroutine needs no `async`: write `go!({ … })`; it parks where async code would await"
        }
        Expr::Await(_) => "a goroutine needs no `.await`: call the function itself, and let it block",
        Expr::Try(_) => {
            "the result comes later, in the goroutine: write a block, `go!({ f(x)?; … })`, and `join()` it"
        }
        Expr::Lit(_) | Expr::Tuple(_) | Expr::Array(_) | Expr::Struct(_) => {
            "this is a value, nothing to run: `go!(f(a, b))` calls a function, `go!({ … })` runs a block, \
             `go!(move || …)` runs a closure"
        }
        _ => {
            "`go!` takes a call `f(a, b)`, a block `{ … }` or a closure `move || …`; put any other expression into a \
             block: `go!({ … })`"
        }
    };
    mistakes.at(stream(tokens), say);
    None
}

fn braced(tokens: &[TokenTree]) -> TokenStream {
    let tokens = stream(tokens);
    quote!({ #tokens })
}
